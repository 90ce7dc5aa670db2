import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { CodedError, coded, codeOf, ERROR_CODES, errorOf, messageOf, reportOf } from './errors.ts';

test('every code is in docs/operating.md with its meaning, and no other', () => {
  const text = readFileSync(new URL('../../docs/operating.md', import.meta.url), 'utf8');
  const section = /^### Codes of errors$[\s\S]*?(?=^##)/m.exec(text)![0];
  const rows = [...section.matchAll(/^\| `([\w-]+)` \| (.*) \|$/gm)].map(([, code, meaning]) => [
    code,
    meaning,
  ]);
  expect(rows).toEqual(Object.entries(ERROR_CODES));
});

test('an error keeps its code and words between threads', () => {
  const error = new CodedError('router-taken', 'group 7 is taken');
  const there = errorOf(structuredClone(reportOf(error)));
  expect(there).toBeInstanceOf(CodedError);
  expect(there).toMatchObject({ code: 'router-taken', message: 'group 7 is taken' });
});

test('what has no code of ours gets one', () => {
  const system = Object.assign(new Error('no space'), { code: 'ENOSPC' });
  expect(codeOf(system)).toBe('failed');
  expect(reportOf(system, 'worker-failed')).toEqual({ code: 'worker-failed', message: 'no space' });
  expect(coded(system, 'file-unusable')).toMatchObject({ code: 'file-unusable', message: 'no space' });
  expect(coded(new CodedError('stopping', 'x'), 'file-unusable').code).toBe('stopping');
  expect(codeOf('text', 'timed-out')).toBe('timed-out');
  expect(messageOf('text')).toBe('text');
});
