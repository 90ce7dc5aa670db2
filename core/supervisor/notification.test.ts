import { describe, expect, test } from 'vitest';
import { notification } from './notification.ts';

describe('notification', () => {
  test('a line for each field', () => {
    expect(notification({ READY: '1', STATUS: '1 Master' })).toBe('READY=1\nSTATUS=1 Master\n');
  });

  test('a value cannot become another field', () => {
    expect(notification({ STATUS: 'reload failed\n  MAINPID=1' })).toBe('STATUS=reload failed; MAINPID=1\n');
  });

  test('a long value is cut off', () => {
    expect(notification({ STATUS: 'x'.repeat(5000) })).toHaveLength('STATUS='.length + 400 + 1);
  });
});
