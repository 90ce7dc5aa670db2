import { describe, expect, test } from 'vitest';
import type { KernelResource, Protocol, ProtocolPlugin } from '../contracts/index.ts';
import { type ProtocolComplianceOptions, protocolCompliance } from './protocol.ts';

type Entries = readonly Readonly<Record<string, unknown>>[];

const route = (to: string, more: object = {}): KernelResource => ({
  ...{ kind: 'route', family: 4, destination: to, prefixLength: 24, gateway: '10.0.0.1' },
  ...more,
});

/** Right: a route for each entry. */
const right: Protocol = {
  plan: (entries) =>
    entries.map(({ to }) => {
      if (to === '192.0.2.1') throw new Error(`to = "${to}" is no network`);
      return route(String(to));
    }),
};

const schema = {
  type: 'object',
  required: ['to'],
  additionalProperties: false,
  properties: { to: { type: 'string', expected: 'a network' } },
};

/** The tests of the kit that fail for a protocol, without their common beginning. */
function failures(protocol: Protocol, more: Partial<ProtocolComplianceOptions> = {}): string[] {
  const failed: string[] = [];
  const plugin: ProtocolPlugin = { kind: 'protocol', create: () => protocol };
  protocolCompliance({
    test: (name, body) => {
      try {
        body();
      } catch {
        failed.push(name.replace('protocol compliance, x: ', ''));
      }
    },
    plugin,
    name: 'x',
    schema,
    right: [
      { entries: [{ to: '192.0.2.0' }], resources: [route('192.0.2.0')] },
      {
        entries: [{ to: '198.51.100.0' }, { to: '192.0.2.0' }],
        resources: [route('198.51.100.0'), route('192.0.2.0')],
      },
    ],
    wrong: [
      { entries: [{ to: '192.0.2.1' }], contains: '192.0.2.1' },
      { entries: [{ to: 1 }], contains: 'the schema says so' },
    ],
    ...more,
  });
  return failed;
}

test('a right one passes, with a schema and without', () => {
  expect(failures(right)).toEqual([]);
  const { schema: _, ...rest } = { schema };
  expect(failures(right, { ...rest, wrong: [] })).toEqual([]);
});

describe('a broken one fails', () => {
  const planned = 'plans what a configuration says, in resources that can be installed';
  const but = (change: (resources: readonly KernelResource[], entries: Entries) => KernelResource[]) => ({
    plan: (entries: Entries) => change(right.plan(entries), entries),
  });

  test('of another kind', () => {
    const plugin = { kind: 'iftype', create: () => right } as unknown as ProtocolPlugin;
    expect(failures(right, { plugin })).toEqual(['its default export is of kind protocol']);
  });

  test('wants something for nothing', () => {
    const broken = but((resources) => (resources.length > 0 ? [...resources] : [route('192.0.2.0')]));
    expect(failures(broken)).toEqual(['wants nothing for nothing']);
  });

  test('forgets one', () => {
    expect(failures(but((resources) => resources.slice(1)))).toEqual([planned]);
  });

  test.each([
    ['a route with bits outside of its prefix', route('192.0.2.7')],
    ['a metric that is none', route('192.0.2.0', { metric: -1 })],
    ['a gateway that is none', route('192.0.2.0', { gateway: 'uplink' })],
    ['a prefix that is too long', route('192.0.2.0', { prefixLength: 33 })],
    ['a kind that is none', { kind: 'nonsense' } as unknown as KernelResource],
    ['a setting outside of its folder', { kind: 'sysctl', path: ['net', '..'], value: '1' } as const],
  ])('plans %s', (_, resource) => {
    // Even if its author takes that for right.
    const more = { right: [{ entries: [{ to: '192.0.2.0' }], resources: [resource] }] };
    expect(
      failures(
        but((resources) => resources.map(() => resource)),
        more,
      ),
    ).toEqual([planned]);
  });

  test('plans the same twice', () => {
    const more = {
      right: [{ entries: [{ to: '192.0.2.0' }], resources: [route('192.0.2.0'), route('192.0.2.0')] }],
    };
    expect(
      failures(
        but((resources) => [...resources, ...resources]),
        more,
      ),
    ).toEqual([planned]);
  });

  test('remembers', () => {
    const seen: KernelResource[] = [];
    const broken = but((resources) => {
      seen.push(...resources);
      return [...seen];
    });
    expect(failures(broken)).toContain('is pure: the same for the same, whoever asked before');
  });

  test('changes what it is given', () => {
    const broken: Protocol = { plan: (entries) => right.plan((entries as unknown[]).reverse() as Entries) };
    expect(failures(broken)).toContain(planned);
  });

  test('takes what is wrong', () => {
    const broken: Protocol = { plan: (entries) => entries.map(({ to }) => route(String(to))) };
    expect(failures(broken)).toEqual(['refuses what is wrong, and names it']);
  });

  test('does not say what is wrong', () => {
    const broken: Protocol = {
      plan: (entries) => {
        try {
          return right.plan(entries);
        } catch {
          throw new Error('something is wrong');
        }
      },
    };
    expect(failures(broken)).toEqual(['refuses what is wrong, and names it']);
  });

  const schemaTest = 'has a schema that refuses what it does not know, and says what is expected';

  test('has a schema that takes anything', () => {
    expect(failures(right, { schema: { type: 'object' } })).toContain(schemaTest);
  });

  test('has a schema that does not say what is expected', () => {
    const silent = { ...schema, properties: { to: { type: 'string' } } };
    expect(failures(right, { schema: silent })).toEqual([schemaTest]);
  });
});
