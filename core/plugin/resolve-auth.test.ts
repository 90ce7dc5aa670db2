import { describe, expect, test } from 'vitest';
import { interpret } from '../config/interpret.ts';
import { formatIssue } from '../config/issues.ts';
import { parseDocument } from '../config/parse.ts';
import type { SchemaNode } from '../config/schema.ts';
import type { AvailablePlugin } from './discover.ts';
import { resolvePlugins } from './resolve.ts';

const schema: SchemaNode = {
  type: 'object',
  required: ['keys'],
  additionalProperties: false,
  properties: {
    keys: {
      type: 'object',
      additionalProperties: { type: 'string', minLength: 4, writeOnly: true, expected: 'a key' },
      expected: 'a table of keys',
    },
    active_key: { type: 'integer', expected: 'a number' },
    mode: { enum: ['a', 'b'], default: 'a', expected: '"a" or "b"' },
  },
};

function plugin(
  kind: 'auth' | 'netdrv' | 'iftype',
  name: string,
  placement?: 'data' | 'trailer',
  configSchema?: SchemaNode,
): AvailablePlugin {
  return {
    folder: '/',
    resolved: {
      ...{
        package: `p-${name}`,
        version: '1.0.0',
        kind,
        names: [name],
        default: true,
        provides: [],
        needs: [],
      },
      ...{ entry: '/index.js', options: {} },
      ...(kind === 'netdrv' && { provides: ['ipv6'] }),
      ...(placement && { placement }),
    },
    ...(configSchema && { configSchema }),
  };
}

const all = [
  plugin('auth', 'word'),
  plugin('auth', 'seal', 'trailer', schema),
  plugin('auth', 'stamp', 'trailer'),
  plugin('netdrv', 'basic'),
  plugin('iftype', 'plain'),
];

function resolve(directives: string, available = all) {
  const { document } = parseDocument(
    'f',
    `[[vrouter]]\ngroup = 1\ninterface = "eth0"\nvip = ${directives}\n`,
  );
  const resolution = resolvePlugins(interpret(document!).config, document!, available);
  return {
    routers: resolution.config.virtualRouters,
    complaints: resolution.issues.map((issue) => `${issue.severity} ${formatIssue(issue).slice(2)}`),
  };
}

const complaints = (directives: string, available = all): string[] =>
  resolve(`"10.0.0.1"\n${directives}`, available).complaints;

describe('a type whose octets are the authentication data', () => {
  test('needs version 2', () => {
    const what =
      'error 6: vrouter[0].auth_type = "word": must not be set with version 3: VRRPv3 has no authentication (RFC 9568 §9)';
    expect(complaints('version = 3\nauth_type = "word"\nauth_secret = "x"')).toEqual([
      `${what}; "seal", "stamp" signs behind the message, and may`,
    ]);
    const without = all.filter(({ resolved }) => resolved.placement !== 'trailer');
    expect(complaints('version = 3\nauth_type = "word"\nauth_secret = "x"', without)).toEqual([what]);
  });

  test('without a secret it is one that everybody knows', () => {
    for (const secret of ['', '\nauth_secret = ""']) {
      expect(complaints(`auth_type = "word"${secret}`)).toEqual([
        'warning 5: vrouter[0].auth_type = "word": without auth_secret the secret is empty, which everybody knows',
      ]);
    }
  });

  test('takes no directives', () => {
    expect(complaints('auth_type = "word"\nauth_secret = "x"\n[vrouter.auth]\nmode = "a"')).toEqual([
      'error 7: vrouter[0].auth: must not be set: "word" takes no directives of its own',
    ]);
  });
});

describe('a type that signs behind the message', () => {
  test('any version; its directives have their defaults, and the lines that they stand in', () => {
    const text =
      '["10.0.0.1", "fe80::1"]\nversion = 3\nauth_type = "seal"\n[vrouter.auth]\nactive_key = 2\n[vrouter.auth.keys]\n2 = "abcd"';
    const { routers, complaints: found } = resolve(text);
    expect(found).toEqual([]);
    const at = (line: number) => ({ file: expect.any(String), line });
    expect(routers.map(({ family, authType, auth }) => [family, authType, auth])).toEqual(
      [4, 6].map((family) => [
        family,
        'seal',
        {
          values: { active_key: 2, keys: { 2: 'abcd' }, mode: 'a' },
          positions: { '': at(7), active_key: at(8), keys: at(9), 'keys.2': at(10), mode: at(7) },
        },
      ]),
    );
  });

  test('what is wrong is told once, with its line, and no key is shown', () => {
    const text =
      '["10.0.0.1", "fe80::1"]\nversion = 3\nauth_type = "seal"\n[vrouter.auth]\nmode = "c"\nmoed = "a"\n[vrouter.auth.keys]\n1 = "abc"';
    expect(resolve(text).complaints).toEqual([
      'error 9: vrouter[0].auth.moed: unknown directive, did you mean "mode"?',
      'error 11: vrouter[0].auth.keys.1: must be a key',
      'error 8: vrouter[0].auth.mode = "c": must be "a" or "b"',
    ]);
    expect(complaints('auth_type = "seal"')).toEqual(
      ['error 5: vrouter[0].auth.keys: is missing: must be a table of keys'].map((line) =>
        line.replace('error 5', 'error 1'),
      ),
    );
  });

  test('has no use for a secret, and for directives only if it says so', () => {
    expect(
      complaints('auth_type = "seal"\nauth_secret = "geheim"\nauth = { keys = { 1 = "abcd" } }'),
    ).toEqual(['warning 6: vrouter[0].auth_secret: is not used: "seal" has its keys in [vrouter.auth]']);
    expect(complaints('auth_type = "stamp"\nauth_secret = "x"')).toEqual([]);
    expect(complaints('auth_type = "stamp"\nauth = { a = 1 }')).toEqual([
      'error 6: vrouter[0].auth: must not be set: p-stamp takes no directives of its own',
    ]);
  });
});

test('directives without a type do nothing', () => {
  expect(complaints('auth = { mode = "a" }')).toEqual([
    'warning 5: vrouter[0].auth: is not used: without auth_type, advertisements are not authenticated',
  ]);
  expect(complaints('auth = 5')).toEqual([]); // said by the schema of the file
});
