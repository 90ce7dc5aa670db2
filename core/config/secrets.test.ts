import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { complaints, read, router } from './test-read.ts';

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
  ])('are in no message: %#', (content) => {
    const all = complaints(content);
    expect(all.length).toBeGreaterThan(0);
    expect(all.join('\n')).not.toContain('geheim');
    expect(JSON.stringify(read(content).issues)).not.toContain('geheim');
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
