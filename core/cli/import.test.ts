import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { runImport } from './import.ts';

const INSTANCE = `vrrp_instance I {
  interface eth0
  virtual_router_id 1
  @one priority 7
  virtual_ipaddress { 192.0.2.1 }
}
`;
let folder: string;
let said: string[];

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'import-'));
  said = [];
  vi.spyOn(console, 'error').mockImplementation((line: string) => void said.push(line));
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true });
});

/** A keepalived.conf with this text. */
function file(text: string): string {
  const name = path.join(folder, 'k.conf');
  writeFileSync(name, text);
  return name;
}

test('a new file, which only its owner can read', () => {
  const output = path.join(folder, 'r.toml');
  expect(runImport({ command: 'import', file: file(INSTANCE), output, configId: 'one' })).toBe(0);
  expect(readFileSync(output, 'utf8')).toContain('priority = 7\n');
  expect(statSync(output).mode & 0o777).toBe(0o600);
  expect(said).toEqual([`${path.join(folder, 'k.conf')}: everything has a counterpart; see rvrrpd --check`]);

  expect(runImport({ command: 'import', file: file(INSTANCE), output, configId: 'two' })).toBe(1);
  expect(said.at(-1)).toBe(`rvrrpd: --output ${output} is already there, and is not overwritten`);
  expect(readFileSync(output, 'utf8')).toContain('priority = 7\n');
});

test('standard output, and how much has no counterpart', () => {
  const written = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  expect(runImport({ command: 'import', file: file(INSTANCE), configId: 'two' })).toBe(0);
  expect(written.mock.calls.join('')).toContain('priority = 100\n');
  expect(said[0]).toContain('1 comment on what has no exact counterpart');
});

test('what is wrong is told, and nothing is written', () => {
  const output = path.join(folder, 'r.toml');
  const name = file(INSTANCE.replace('id 1', 'id 999'));
  expect(runImport({ command: 'import', file: name, output })).toBe(1);
  expect(said).toEqual([`error: ${name}:3: virtual_router_id = 999: must be a whole number, 1 to 255`]);
  expect(() => statSync(output)).toThrow('ENOENT');
});
