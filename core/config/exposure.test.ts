import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { exposureIssues, keyFile, type Openness, openFiles } from './exposure.ts';
import { formatIssue } from './issues.ts';
import { parseDocument } from './parse.ts';
import { router } from './test-read.ts';

const secretOption = { properties: { token: { type: 'string', writeOnly: true } } };
const schemas = {
  options: new Map([['p', secretOption]]),
  protocols: new Map([['q', secretOption]]),
  auth: new Map([
    ['signed', { properties: { keys: { additionalProperties: { type: 'string', writeOnly: true } } } }],
  ]),
};

function warnings(text: string, open: readonly string[] = ['f'], openness: Openness = 'open'): string[] {
  const { document } = parseDocument('f', text);
  const files = new Map(open.map((file) => [file, openness]));
  const { exposed, nearly } = exposureIssues(document!, schemas, files);
  expect(openness === 'open' ? nearly : exposed).toEqual([]);
  return [...exposed, ...nearly].map((issue) => {
    expect(issue.severity).toBe('warning');
    return formatIssue(issue);
  });
}

const said = 'is a secret, and every user of this machine can read f: chmod o-r it';

test.each([
  [router('auth_type = "x"\nauth_secret = "s"'), `f:6: vrouter[0].auth_secret: ${said}`],
  ['[api]\nsecret = "s"\n', `f:2: api.secret: ${said}`],
  ['[api]\nusers = ["{{SCRYPT}}a:1::x"]\n', `f:2: api.users[0]: ${said}`],
  [
    router('auth_type = "signed"\nauth = { keys = { 1 = "hex:00" } }'),
    `f:6: vrouter[0].auth.keys.1: ${said}`,
  ],
  ['[plugins]\np = { options = { token = "s" } }\n', `f:2: plugins.p.options.token: ${said}`],
  ['[[protocols.q]]\ntoken = "s"\n', `f:2: protocols.q[0].token: ${said}`],
])('a secret in a file that all can read: %j', (text, warning) => {
  expect(warnings(text)).toEqual([warning]);
  expect(warnings(text, [])).toEqual([]);
});

test('a file is told of once', () => {
  expect(warnings('[api]\nsecret = "s"\nusers = ["a", "b"]\n')).toHaveLength(1);
});

test.each([
  router(''),
  router('auth_type = "x"\nauth_secret = { file = "/s" }'),
  router('auth_type = "x"\nauth_secret = ""'),
  router('auth_type = "signed"\nauth = { keys = { 1 = "file:/s", 2 = "credential:s" } }'),
  '[plugins]\np = "^1"\nz = { options = { token = "s" } }\n',
])('what says where a secret stands is none: %j', (text) => {
  expect(warnings(text)).toEqual([]);
});

test('the private key of the client API, if it has one', () => {
  const warning = 'every user of this machine can read /k: chmod 600 it';
  const text = '[api]\ntls = true\ntls_key = "/k"\n';
  expect(warnings(text, ['/k'])).toEqual([`f:3: api.tls_key: ${warning}`]);
  expect(warnings(text, ['/other'])).toEqual([]);
  expect(warnings(text.replace('true', 'false'), ['/k'])).toEqual([]);
  const { document } = parseDocument('f', '[api]\ntls = true\n');
  expect(keyFile(document!)).toBe('/etc/rvrrpd/ssl/key.pem');
});

test('what only a folder keeps from all is told as that', () => {
  expect(warnings('[api]\nsecret = "s"\n', ['f'], 'open but for its folders')).toEqual([
    'f:2: api.secret: is a secret, and the mode of f lets every user read it, only its folders do not: chmod o-r it',
  ]);
});

test('files whose modes let all read them', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'exposure-'));
  try {
    const file = (name: string, mode: number): string => {
      writeFileSync(join(folder, name), '');
      chmodSync(join(folder, name), mode);
      return join(folder, name);
    };
    const all = [
      file('a', 0o644),
      file('b', 0o640),
      file('c', 0o600),
      file('d', 0o604),
      join(folder, 'none'),
    ];
    chmodSync(folder, 0o755);
    const [a, , , d] = all as [string, string, string, string];
    expect(await openFiles(all)).toEqual(new Map([a, d].map((each) => [each, 'open'])));
    chmodSync(folder, 0o750);
    expect(await openFiles(all)).toEqual(new Map([a, d].map((each) => [each, 'open but for its folders'])));
  } finally {
    rmSync(folder, { recursive: true });
  }
});
