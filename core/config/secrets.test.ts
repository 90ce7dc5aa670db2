import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseDocument } from './parse.ts';
import { complaints, read, router } from './test-read.ts';
import { validate } from './validate.ts';

describe('secrets', () => {
  test('auth_secret without auth_type', () => {
    expect(complaints(router('auth_secret = "geheim"'))).toEqual([
      'warning 5: vrouter[0].auth_secret: is not used: without auth_type, advertisements are not authenticated',
    ]);
  });

  test.each([
    router('auth_secret = ["geheim"]'),
    router('auth_secret = { a = "geheim" }'),
    router('auth_secretz = "geheim"'),
    router('auth_type = 5\nauth_secret = "geheim"'),
    `auth_secret = "geheim"\n${router('')}`,
    `secret = "geheim"\n${router('')}`,
    `api = "geheim"\n${router('')}`,
    `api = { secret = ["geheim"] }\n${router('')}`,
    `${router('')}[api]\nsecrte = "geheim"`,
    `${router('')}[api]\nsecret = ["geheim"]`,
    `${router('')}[api]\nusers = "geheim"`,
    `${router('')}[api]\nusers = ["geheim"]`,
    `${router('')}[api]\nusers = [["geheim"]]`,
    `${router('')}[api]\nusers = ["{{SHA256}}admin:0:geheim:geheim"]`,
    `${router('')}[api]\nusers = ["{{SHA256}}geheim"]`,
    `vrouter = "geheim"`,
    `vrouter = ["geheim"]`,
    router('auth = "geheim"'),
    router('auth = ["geheim"]'),
  ])('are in no message: %#', (content) => {
    const all = complaints(content);
    expect(all.length).toBeGreaterThan(0);
    expect(all.join('\n')).not.toContain('geheim');
    expect(JSON.stringify(read(content).issues)).not.toContain('geheim');
  });

  test.each(['"geheim"', '["geheim"]', '{ 1 = ["geheim"] }', '{ 0 = "geheim" }', '{ 1 = "geheim" }'])(
    'nor keys by name, which a plugin’s schema has: %s',
    (keys) => {
      const secret = { type: 'string', writeOnly: true, minLength: 32 };
      const schema = {
        type: 'object',
        properties: {
          keys: {
            type: 'object',
            propertyNames: { pattern: '^[1-9]$', expected: 'a digit' },
            additionalProperties: secret,
          },
        },
      };
      const { document } = parseDocument('/etc/rvrrpd.conf', `keys = ${keys}\n`, 'toml');
      const violations = validate(document!, [], schema, structuredClone(document!.data));
      expect(violations).not.toHaveLength(0);
      expect(JSON.stringify(violations)).not.toContain('geheim');
    },
  );

  test('a name that no key may have is told with its line, and not shown', () => {
    const { document } = parseDocument('/etc/rvrrpd.conf', '[keys]\n1 = "x"\ngeheim = "x"\n', 'toml');
    const keys = {
      type: 'object',
      propertyNames: { pattern: '^[1-9]$', expected: 'a digit' },
      additionalProperties: { type: 'string', writeOnly: true },
    };
    const schema = { type: 'object', properties: { keys } };
    expect(validate(document!, [], schema, document!.data).map(({ issue }) => issue)).toMatchObject([
      { directive: 'keys', message: 'a name in it must be a digit', position: { line: 3 } },
    ]);
  });

  test('nor of a value that is wrong, wherever it stands', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('auth_secret', 'auth_secre', 'secret'),
        fc.jsonValue({ maxDepth: 2 }),
        fc.boolean(),
        (name, extra, nested) => {
          const secret = nested ? { geheim: ['geheim', extra] } : ['geheim', extra];
          const file = JSON.stringify({
            [name]: secret,
            api: { [name]: secret },
            vrouter: [{ group: 1, interface: 'eth0', vip: '10.0.0.1', [name]: secret }],
          });
          expect(JSON.stringify(read(file).issues)).not.toContain('geheim');
        },
      ),
    );
  });
});
