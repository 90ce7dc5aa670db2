import { expect, test } from 'vitest';
import { formatTime } from './time.ts';

const TIME = Date.UTC(2026, 10, 3, 9, 5, 7, 42);

test('UTC in each format', () => {
  expect(formatTime(TIME, 'utc', 'disabled')).toBe('2026-11-03T09:05:07.042Z');
  expect(formatTime(TIME, 'utc', 'short')).toBe('Nov 03 09:05:07');
  expect(formatTime(TIME, 'utc', 'rfc2822')).toBe('Tue, 3 Nov 2026 09:05:07 +0000');
});

test('local time carries its offset, and is the same point in time', () => {
  const zone = process.env.TZ;
  try {
    process.env.TZ = 'Asia/Kolkata';
    expect(formatTime(TIME, 'local', 'disabled')).toBe('2026-11-03T14:35:07.042+05:30');
    expect(formatTime(TIME, 'local', 'rfc2822')).toBe('Tue, 3 Nov 2026 14:35:07 +0530');
    process.env.TZ = 'America/St_Johns';
    expect(formatTime(TIME, 'local', 'disabled')).toBe('2026-11-03T05:35:07.042-03:30');
  } finally {
    if (zone === undefined) delete process.env.TZ;
    else process.env.TZ = zone;
  }
});
