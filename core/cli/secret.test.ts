import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { NoPassword } from './password-input.ts';
import { readSecret } from './secret.ts';

test.each([
  ['banana', 'banana'],
  ['banana\n', 'banana'],
  ['banana\r\n', 'banana'],
  ['banana\n\n', 'banana\n'],
  [' ba na\r', ' ba na\r'],
  ['\n', ''],
  ['', ''],
])('a file with %j holds %j', async (content, secret) => {
  const folder = mkdtempSync(path.join(tmpdir(), 'secret-'));
  try {
    const file = path.join(folder, 'secret');
    writeFileSync(file, content);
    expect(Buffer.from(await readSecret(file)).toString()).toBe(secret);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('a file that is not there', async () => {
  await expect(readSecret('/nowhere/at/all')).rejects.toThrow(NoPassword);
  await expect(readSecret('/nowhere/at/all')).rejects.toThrow(/\/nowhere\/at\/all/);
});
