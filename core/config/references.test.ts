import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, describe, expect, test, vi } from 'vitest';
import { loadConfig } from './index.ts';
import { formatIssue } from './issues.ts';
import { readReferences } from './read-references.ts';
import { router } from './test-read.ts';

const folder = mkdtempSync(path.join(os.tmpdir(), 'rvrrpd-references-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
afterEach(() => vi.unstubAllEnvs());

/** Writes a file of the folder, for root alone. */
function put(name: string, content: string | Uint8Array, mode = 0o600): string {
  const file = path.join(folder, name);
  writeFileSync(file, content);
  chmodSync(file, mode);
  return file;
}

/** Loads a configuration of the folder. */
async function load(content: string, name = 'rvrrpd.toml') {
  const { config, issues } = await loadConfig(put(name, content));
  const text = issues.map((issue) => `${issue.severity} ${formatIssue(issue).slice(folder.length + 1)}`);
  return { config, issues, text };
}

const secret = (value: string): string => router(`auth_type = "x"\nauth_secret = ${value}`);

describe('what references stand for', () => {
  test.each([
    ['an environment variable', '{ env = "RVRRPD_TEST" }'],
    ['a file beside the configuration', '{ file = "key" }'],
    ['a file in a folder beside it', '{ file = "./keys/key" }'],
    ['a file by its absolute path', `{ file = "${folder}/key" }`],
    ['a file behind a symbolic link', '{ file = "link" }'],
    ['a credential', '{ credential = "vrrp" }'],
  ])('%s', async (_, reference) => {
    vi.stubEnv('RVRRPD_TEST', 'gehe im\t');
    vi.stubEnv('CREDENTIALS_DIRECTORY', path.join(folder, 'keys'));
    mkdirSync(path.join(folder, 'keys'), { recursive: true });
    put('key', 'gehe im\t\n');
    put('keys/key', 'gehe im\t');
    put('keys/vrrp', 'gehe im\t\r\n');
    rmSync(path.join(folder, 'link'), { force: true });
    symlinkSync('key', path.join(folder, 'link'));
    const { config, text } = await load(`${secret(reference)}[api]\nsecret = ${reference}\n`);
    expect(text).toEqual([]);
    expect(config).toMatchObject({ virtualRouters: [{ authSecret: 'gehe im\t' }] });
    expect(config?.api.secret).toBe('gehe im\t');
  });

  test('one newline at the end does not count, a second one does', async () => {
    put('key', 'a\n\n');
    const { config } = await load(secret('{ file = "key" }'));
    expect(config?.virtualRouters[0]?.authSecret).toBe('a\n');
  });

  test('in JSON, and with headers and dotted keys in TOML', async () => {
    put('key', 'geheim\n');
    const table = { group: 1, interface: 'eth0', vip: '10.0.0.1', auth_type: 'x' };
    const json = JSON.stringify({ vrouter: [{ ...table, auth_secret: { file: 'key' } }] });
    const toml = router('auth_type = "x"');
    for (const [content, name] of [
      [json, 'a.json'],
      [`${toml}auth_secret.file = "key"\n`, 'a.toml'],
      [`${toml}[vrouter.auth_secret]\nfile = "key"\n`, 'b.toml'],
    ] as const) {
      const { config, text } = await load(content, name);
      expect(text).toEqual([]);
      expect(config?.virtualRouters[0]?.authSecret).toBe('geheim');
    }
  });

  test('users are secrets as well', async () => {
    const line = `{{SHA256}}admin:1:4d366f21b361d47c:${'0'.repeat(64)}`;
    put('user', `${line}\n`);
    const { config, text } = await load(`${router('')}[api]\nusers = [{ file = "user" }]\n`);
    expect([text, config?.api.users]).toEqual([[], [line]]);
  });
});

describe('what is wrong with one', () => {
  test.each([
    [
      '{ env = "RVRRPD_NONE" }',
      'the environment variable is not set: the daemon must be started with a value in RVRRPD_NONE',
    ],
    [
      '{ env = "RVRRPD_EMPTY" }',
      'the environment variable is empty: the daemon must be started with a value in RVRRPD_EMPTY',
    ],
    ['{ env = "" }', 'is no name: it is empty or has a NUL character'],
    ['{ file = "none" }', `there is no such file (${folder}/none)`],
    ['{ file = "key/none" }', `there is no such file (${folder}/key/none)`],
    ['{ file = "." }', `${folder} is a directory`],
    ['{ file = "/dev/zero" }', '/dev/zero is a device, not a regular file'],
    ['{ file = "empty" }', `${folder}/empty is empty: the value must be in it`],
    ['{ file = "latin1" }', `${folder}/latin1 is not UTF-8 text`],
    ['{ file = "large" }', `${folder}/large is larger than 64 KiB`],
    [
      '{ credential = "vrrp" }',
      'cannot be had, $CREDENTIALS_DIRECTORY is not set: credentials come from systemd, by LoadCredential= in the ' +
        'unit, to the service alone',
    ],
    ['{ credential = "../key" }', 'is no credential: it must be a name, without "/"'],
  ])('%s', async (reference, message) => {
    vi.stubEnv('RVRRPD_EMPTY', '');
    put('key', 'geheim\n');
    put('empty', '\n');
    put('latin1', Uint8Array.of(0x67, 0xe4, 0x68));
    put('large', 'x'.repeat((64 << 10) + 1));
    const { text } = await load(secret(reference));
    expect(text).toEqual([`error rvrrpd.toml:6: vrouter[0].auth_secret = ${reference}: ${message}`]);
  });

  test('a credential that the service was not given', async () => {
    vi.stubEnv('CREDENTIALS_DIRECTORY', folder);
    const { text } = await load(secret('{ credential = "none" }'));
    const message = `there is no such credential: add LoadCredential=none:PATH to the unit (${folder}/none)`;
    expect(text).toEqual([
      `error rvrrpd.toml:6: vrouter[0].auth_secret = { credential = "none" }: ${message}`,
    ]);
  });

  test.each(['{ fil = "geheim" }', '{ file = 7 }', '{ env = "geheim", file = "geheim" }', '{}'])(
    'a table that is no reference: %s',
    async (reference) => {
      const { text } = await load(secret(reference));
      expect(text).toEqual([
        'error rvrrpd.toml:6: vrouter[0].auth_secret: must be a string, or one of { env = "NAME" }, { file = "PATH" } ' +
          'or { credential = "NAME" }',
      ]);
    },
  );

  test('a file that everybody can read is warned of, for each directive that has it', async () => {
    const file = put('key', 'geheim\n', 0o644);
    const { config, text } = await load(`${secret('{ file = "key" }')}[api]\nsecret = { file = "key" }\n`);
    const message = `every user of this machine can read ${file}: chmod 600 it`;
    expect(text).toEqual([
      `warning rvrrpd.toml:6: vrouter[0].auth_secret = { file = "key" }: ${message}`,
      `warning rvrrpd.toml:8: api.secret = { file = "key" }: ${message}`,
    ]);
    expect(config?.api.secret).toBe('geheim');
  });

  test('a JSON file has its references shown as it writes them', async () => {
    const content = JSON.stringify({
      vrouter: [{ group: 1, interface: 'eth0', vip: '10.0.0.1', auth_secret: { file: 'none' } }],
    });
    const { text } = await load(content, 'rvrrpd.json');
    expect(text[0]).toMatch(
      /^error rvrrpd.json:1: vrouter\[0\]\.auth_secret = \{ "file": "none" \}: there is no/,
    );
  });

  test('no message has the value', async () => {
    vi.stubEnv('RVRRPD_TEST', 'geheim');
    put('key', 'geheim', 0o644);
    for (const reference of ['{ env = "RVRRPD_TEST" }', '{ file = "key" }']) {
      const wrong = `${secret(reference)}priority = 300\n[api]\nsecret = ${reference}\nusers = [${reference}]\n`;
      const { issues } = await load(wrong);
      expect(issues.length).toBeGreaterThan(0);
      expect(JSON.stringify(issues)).not.toMatch(/geheim|long|short/);
    }
  });
});

test('many are read, and what was not read is not known', async () => {
  const names = Array.from({ length: 50 }, (_, index) => ({ file: `none${index}` }));
  const file = path.join(folder, 'x');
  const values = await readReferences([{ file, data: { names } }], {});
  expect(values.get({ kind: 'file', name: 'none49' }, file)).toEqual({
    fault: `there is no such file (${folder}/none49)`,
  });
  expect(values.get({ kind: 'file', name: 'other' }, file)).toEqual({
    fault: expect.stringMatching(/^is not known/) as string,
  });
});
