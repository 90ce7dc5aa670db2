import { describe, expect, test } from 'vitest';
import { hasErrors } from './issues.ts';
import { complaints, read, router } from './test-read.ts';

describe('[api]', () => {
  test.each([
    [
      'host = "0.0.0.0"',
      'error 6: api.host = "0.0.0.0": must be address:port such as 0.0.0.0:7080 or [::]:7080',
    ],
    ['host = ""', 'error 6: api.host = "": must be address:port'],
    ['tls = 1', 'error 6: api.tls = 1: must be true or false'],
    ['tls_key = 1', 'error 6: api.tls_key = 1: must be a path'],
    ['tls_crt = ""', 'error 6: api.tls_crt: unknown directive, did you mean "tls_cert"?'],
    ['users = "x"', 'error 6: api.users: must be an array of strings'],
    ['users = [5]', 'error 6: api.users[0]: must be a string: {{ALG}}name:level:salt:hash'],
    ['secret = ""', 'error 6: api.secret: must be a long random string'],
  ])('%s', (line, complaint) => {
    expect(complaints(`${router('')}[api]\n${line}`)).toEqual([complaint]);
  });

  test('malformed users are left out, each with a warning', () => {
    const carol =
      '{{SHA256}}carol:0:4d366f21b361d47c:dc66fefa5622ac031ecdde147fc3ded68287a912db95647c825541d6de59b736';
    const dave =
      '{{SCRYPT}}dave:0::$rscrypt$0$BAgB$PVpOT7gyMRG8VCDNaw/TDA==$7tsQ0XxJsDwI+AwKiTDms6pzH5zx1f6MNTWmmzXhsw4=$';
    const bad = ['{{SHA256}}eve:10:00:0123456789abcdef', '{{SHA256}}eve:0:xy:0123456789abcdef', 'mallory'];
    const users = [carol, ...bad, dave].map((line) => JSON.stringify(line)).join(',\n');
    const { config, issues } = read(`${router('')}[api]\nusers = [${users}]`);
    expect(config.api.users).toEqual([carol, dave]);
    expect(hasErrors(issues)).toBe(false);
    expect(issues.map(({ position, value }) => [position.line, value])).toEqual([
      [7, '"{{SHA256}}eve:…"'],
      [8, '"{{SHA256}}eve:…"'],
      [9, undefined],
    ]);
  });
});

describe('[protocols]', () => {
  test.each([
    ['[protocols]', []],
    ['[protocols.x]\na = 1', ['error 5: protocols.x: must be an array of tables: [[protocols.<name>]]']],
    ['[protocols]\nx = [1]', ['error 6: protocols.x[0] = 1: must be a table']],
  ])('%s', (text, expected) => {
    expect(complaints(`${router('')}${text}`.replace('\n\n', '\n'))).toEqual(expected);
  });

  test('null', () => {
    const { config, issues } = read(
      '{"protocols":{"x":null},"vrouter":[{"group":1,"interface":"eth0","vip":"10.0.0.1"}]}',
    );
    expect(issues).toEqual([]);
    expect(config.protocols).toEqual({});
  });
});

describe('[plugins]', () => {
  test('names with ranges, and with options', () => {
    const { plugins, issues } = read(`${router('')}[plugins]
"rvrrpd-plugin-auth-hmac512" = "^1.2"
"@me/rvrrpd-plugin-x" = { version = ">=2 <4" }
"./plugins/mine" = { options = { verbose = true } }
"/opt/mine" = {}`);
    expect(issues).toEqual([]);
    expect(plugins.map(({ name, range, options }) => [name, range, options])).toEqual([
      ['rvrrpd-plugin-auth-hmac512', '^1.2', {}],
      ['@me/rvrrpd-plugin-x', '>=2 <4', {}],
      ['./plugins/mine', '*', { verbose: true }],
      ['/opt/mine', '*', {}],
    ]);
  });

  test.each([
    [
      '"left-pad" = "^1"',
      'plugins.left-pad = "^1": must be the name of a package, rvrrpd-plugin-… or @scope/rvrrpd-plugin-…, or a ' +
        'path, ./…',
    ],
    ['"rvrrpd-plugin-x" = "new"', 'plugins.rvrrpd-plugin-x = "new": must be a semver range such as "^1.2"'],
    [
      '"rvrrpd-plugin-x" = { version = "new" }',
      'plugins.rvrrpd-plugin-x.version = "new": must be a semver range such as "^1.2"',
    ],
    [
      '"rvrrpd-plugin-x" = 1',
      'plugins.rvrrpd-plugin-x = 1: must be a semver range such as "^1.2", or { version = "^1.2", options = { … } }',
    ],
    [
      '"rvrrpd-plugin-x" = { option = {} }',
      'plugins.rvrrpd-plugin-x.option: unknown directive, did you mean "options"?',
    ],
    ['"rvrrpd-plugin-x" = { options = 1 }', 'plugins.rvrrpd-plugin-x.options = 1: must be a table'],
  ])('%s', (line, complaint) => {
    expect(complaints(`${router('')}[plugins]\n${line}`)).toEqual([`error 6: ${complaint}`]);
  });
});
