import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import manifest from '../package.json' with { type: 'json' };
import plugin from '../src/index.ts';

const protocol = plugin.create({ name: 'static', options: {}, log: () => {} });
const schema: unknown = JSON.parse(
  readFileSync(new URL(`../${manifest.rvrrpd.configSchema}`, import.meta.url), 'utf8'),
);
const valid = new Ajv({ strict: false }).compile(schema as object);

/** The mask of a prefix length, made in another way than the plugin reads it. */
const maskOf = (length: number): string => {
  const bits = '1'.repeat(length).padEnd(32, '0');
  return [0, 8, 16, 24].map((at) => Number.parseInt(bits.slice(at, at + 8), 2)).join('.');
};
const ipv4 = fc.ipV4();

describe('plan', () => {
  test("the guide's default route", () => {
    expect(protocol.plan([{ route: '0.0.0.0', mask: '0.0.0.0', nh: '10.240.0.254' }])).toEqual([
      { kind: 'route', family: 4, destination: '0.0.0.0', prefixLength: 0, gateway: '10.240.0.254' },
    ]);
  });

  test('metric and mtu as they are written: no metric N that becomes N-1', () => {
    const entry = { route: '192.0.2.0', mask: '255.255.255.0', nh: '10.0.0.1', metric: 100, mtu: 1400 };
    expect(protocol.plan([entry])).toEqual([
      {
        kind: 'route',
        family: 4,
        destination: '192.0.2.0',
        prefixLength: 24,
        gateway: '10.0.0.1',
        metric: 100,
        mtu: 1400,
      },
    ]);
  });

  test('every contiguous mask is its prefix length', () => {
    for (let length = 0; length <= 32; length++) {
      const [route] = protocol.plan([{ route: '0.0.0.0', mask: maskOf(length), nh: '10.0.0.1' }]);
      expect(route).toMatchObject({ prefixLength: length });
    }
  });

  test('in the order of the file', () => {
    const nh = '10.0.0.1';
    const routes = ['192.0.2.0', '198.51.100.0', '10.1.0.0'];
    const planned = protocol.plan(routes.map((route) => ({ route, mask: '255.255.255.0', nh })));
    expect(planned.map((resource) => (resource.kind === 'route' ? resource.destination : ''))).toEqual(
      routes,
    );
  });

  test('nothing for nothing', () => {
    expect(protocol.plan([])).toEqual([]);
  });

  test('a mask with a hole is refused by name', () => {
    const entry = { route: '10.0.0.0', mask: '255.0.255.0', nh: '10.0.0.1' };
    expect(() => protocol.plan([entry])).toThrow(
      '[[protocols.static]] route = "10.0.0.0", mask = "255.0.255.0": the mask must be ones, then zeros',
    );
  });

  test('a route with bits outside of its mask is refused, with the one that was meant', () => {
    const entry = { route: '192.0.2.1', mask: '255.255.255.0', nh: '10.0.0.1' };
    expect(() => protocol.plan([entry])).toThrow('it must be "192.0.2.0" or the mask longer');
  });

  test('the same place in the table twice is refused; another metric is another place', () => {
    const entry = { route: '0.0.0.0', mask: '0.0.0.0', nh: '10.0.0.1' };
    const other = { ...entry, nh: '10.0.0.2' };
    expect(() => protocol.plan([entry, other])).toThrow(
      '0.0.0.0/0 metric 0 twice, next hops 10.0.0.1 and 10.0.0.2',
    );
    expect(() => protocol.plan([entry, { ...other, metric: 0 }])).toThrow('twice');
    expect(protocol.plan([entry, { ...other, metric: 1 }])).toHaveLength(2);
  });

  test('what it accepts has no bits outside of the prefix, for any route and mask', () => {
    fc.assert(
      fc.property(ipv4, fc.integer({ min: 0, max: 32 }), (route, length) => {
        const bits = (address: string): string =>
          address
            .split('.')
            .map((octet) => Number(octet).toString(2).padStart(8, '0'))
            .join('');
        const clean = !bits(route).slice(length).includes('1');
        const plan = () => protocol.plan([{ route, mask: maskOf(length), nh: '10.0.0.1' }]);
        if (clean) expect(plan()).toMatchObject([{ destination: route, prefixLength: length }]);
        else expect(plan).toThrow('bits outside of the mask');
      }),
    );
  });
});

describe('schema', () => {
  const good = { route: '0.0.0.0', mask: '0.0.0.0', nh: '10.240.0.254' };

  test.each([
    good,
    { ...good, metric: 0 },
    { ...good, metric: 4294967295, mtu: 68 },
    { ...good, mtu: 65535 },
    { ...good, route: '255.255.255.255', mask: '255.255.255.255' },
    { ...good, nh: '223.255.255.255' },
    { ...good, nh: '1.1.1.1' },
  ])('%j is right', (entry) => {
    expect(valid(entry)).toBe(true);
  });

  test.each([
    { mask: '0.0.0.0', nh: '10.0.0.1' },
    { route: '0.0.0.0', nh: '10.0.0.1' },
    { route: '0.0.0.0', mask: '0.0.0.0' },
    { ...good, route: 'default' },
    { ...good, route: '10.0.0' },
    { ...good, route: '10.0.0.256' },
    { ...good, route: '10.0.0.01' },
    { ...good, route: '::' },
    { ...good, mask: '24' },
    { ...good, mask: '255.0.255.0' },
    { ...good, mask: '255.255.255.1' },
    { ...good, mask: '0.0.0.255' },
    { ...good, nh: '0.0.0.0' },
    { ...good, nh: '127.0.0.1' },
    { ...good, nh: '224.0.0.1' },
    { ...good, nh: '255.255.255.255' },
    { ...good, metric: -1 },
    { ...good, metric: 1.5 },
    { ...good, metric: 4294967296 },
    { ...good, metric: '1' },
    { ...good, mtu: 67 },
    { ...good, mtu: 65536 },
    { ...good, gateway: '10.0.0.1' },
  ])('%j is wrong', (entry) => {
    expect(valid(entry)).toBe(false);
  });

  test('of all masks, those that are contiguous', () => {
    for (let length = 0; length <= 32; length++) expect(valid({ ...good, mask: maskOf(length) })).toBe(true);
    fc.assert(
      fc.property(ipv4, (mask) => {
        const contiguous = Array.from({ length: 33 }, (_, length) => maskOf(length)).includes(mask);
        expect(valid({ ...good, mask })).toBe(contiguous);
      }),
    );
  });

  test('every directive says what is expected', () => {
    const { properties } = schema as {
      properties: Record<string, { expected?: string; description?: string }>;
    };
    expect(Object.keys(properties)).toEqual(['route', 'mask', 'nh', 'metric', 'mtu']);
    for (const property of Object.values(properties)) {
      expect(property.expected).toBeTruthy();
      expect(property.description).toBeTruthy();
    }
  });
});
