/** Values that a JSON Schema describes, and values that it does not. */
import fc from 'fast-check';
import type { Contract } from './contract.ts';
import { resolved, type Schema } from './document.ts';

/**
 * Values that mean something to the daemon of this test, by the name of a property or parameter: any string is a
 * valid name of an interface, but few interfaces exist.
 */
const MEANINGFUL: Readonly<Record<string, readonly unknown[]>> = {
  group: [1, 1, 2, 2, 3, 255],
  interface: ['lan', 'lan', 'lan', 'lo', 'standby1'],
  vip: ['10.0.1.7', ['10.0.1.8', '10.0.1.9'], [], '10.0.1.2', '::1'],
  timers: [{ advert: 1 }, { advert: 255 }, { advert: 0 }, { advert: 0.5 }],
  auth_type: ['rfc2338-simple', 'p0-t8-sha256', 'p1-t8-shake256'],
  iftype: ['ether', 'macvlan'],
  netdrv: ['libnl', 'ioctl'],
  vifname: ['standby9', 'lan'],
  peers: [['10.0.0.100'], ['10.0.0.100', '10.0.0.101'], ['10.0.0.100', '10.0.0.100'], []],
  source: ['10.0.0.2', '10.0.0.77', '::1'],
  min_ttl: [1, 254, 255],
  version: [2, 3, '^1', '*', '^99'],
  client_api: ['http', 'none'],
  route: ['192.0.2.0', '0.0.0.0'],
  mask: ['255.255.255.0', '255.0.255.0'],
  nh: ['10.0.0.100'],
  lifetime: [1, 60, 3600, 31_536_000, 31_536_001],
  type: ['transition', 'reload,rejected'],
  name: ['static', 'rvrrpd-plugin-api-http', './rvrrpd-plugin-nothing', '__proto__', 'for the backup'],
  options: [{ session_lifetime: 900 }, { session_lifetime: 1 }],
  user: ['victim', 'nobody'],
};

/** A vip, as only version 3 takes it, and such as it refuses. */
const VIPS_OF_VERSION_3: readonly unknown[] = [
  ...[
    '10.0.1.7',
    '10.0.1.7/24',
    'fe80::7',
    '2001:db8:0:1::7',
    '2001:DB8:0:1:0::7/64',
    ['fe80::7/64', '2001:db8::7'],
  ],
  ...[
    ['10.0.1.7', '2001:db8:0:1::7'],
    ['2001:db8:0:1::7', '10.0.1.7/24', '10.0.1.8', '2001:db8:0:1::8/64'],
  ],
  ...['::1', 'ff02::12', 'fe80::7%lan', '2001:db8::7/129', '::ffff:10.0.1.7', ['fe80::7', 'fe80:0::7']],
];
/** Seconds: the ends of what version 3 has and what is beyond them, and hundredths that are none in binary. */
const INTERVALS_OF_VERSION_3 = [
  0.01, 40.95, 0.29, 0.57, 16.38, 1.1, 1, 0, 0.001, 0.015, 40.951, 40.96, 255, -0.01,
];

/** The secret in every request that has one: no answer may have it. */
export const SENT_SECRET = 'gesendet-und-geheim';

/** Any text that UTF-8 can hold. */
const text = fc.oneof(
  fc.string(),
  fc.string({ unit: 'binary' }),
  fc.constantFrom('', '"', '\\', '\n', '\u0000', "'''", '***', '%s', '../../etc', '💡', 'x'.repeat(300)),
);

/**
 * Values that a schema describes.
 * @param name of the property or parameter
 * @throws Error for a keyword that this does not know
 */
export function valid(schema: Schema, contract: Contract, name = ''): fc.Arbitrary<unknown> {
  if (name === 'auth_secret') return fc.constantFrom<unknown>(SENT_SECRET, null);
  const any = anyValid(schema, contract);
  const meaningful = (MEANINGFUL[name] ?? []).filter((value) => contract.allows(schema, value));
  if (meaningful.length === 0) return any;
  return fc.oneof({ weight: 4, arbitrary: fc.constantFrom(...meaningful) }, { weight: 1, arbitrary: any });
}

/** Keywords that do not say which values there are. */
const SILENT = ['description', 'examples', 'default', 'title', 'writeOnly'];
const KNOWN: Readonly<Record<string, readonly string[]>> = {
  string: ['minLength', 'maxLength', 'pattern'],
  integer: ['minimum', 'maximum'],
  array: ['items'],
  object: ['properties', 'required', 'additionalProperties'],
  number: ['minimum', 'maximum'],
  boolean: [],
  null: [],
};

function anyValid(given: Schema, contract: Contract): fc.Arbitrary<unknown> {
  const schema = resolved(given, contract.document);
  const { type, enum: values, anyOf, const: constant } = schema;
  if (constant !== undefined) return fc.constant(constant);
  if (Array.isArray(values)) return fc.constantFrom(...values);
  if (Array.isArray(anyOf)) return fc.oneof(...anyOf.map((each: Schema) => anyValid(each, contract)));
  const types = [type].flat().map(String);
  const known = [...SILENT, 'type', ...types.flatMap((each) => KNOWN[each] ?? [])];
  const unknown = Object.keys(schema).filter((keyword) => !known.includes(keyword));
  if (unknown.length > 0) throw new Error(`no values for a schema with ${unknown.join(', ')}`);
  return fc.oneof(...types.map((each) => ofType(each, schema, contract)));
}

function ofType(type: string, schema: Schema, contract: Contract): fc.Arbitrary<unknown> {
  switch (type) {
    case 'null':
      return fc.constant(null);
    case 'boolean':
      return fc.boolean();
    case 'integer':
      return fc.integer({
        min: typeof schema.minimum === 'number' ? schema.minimum : -(2 ** 31),
        max: typeof schema.maximum === 'number' ? schema.maximum : 2 ** 31,
      });
    case 'number':
      return numberOf(schema);
    case 'string':
      return stringOf(schema).filter((value) => contract.allows(schema, value));
    case 'array':
      return fc.array(anyValid(schema.items as Schema, contract), { maxLength: 4 });
    case 'object':
      return objectOf(schema, contract);
    default:
      throw new Error(`no values for the type ${type}`);
  }
}

/** Whole ones, hundredths, and any. */
function numberOf({ minimum = -(2 ** 31), maximum = 2 ** 31 }: Schema): fc.Arbitrary<number> {
  const [min, max] = [Number(minimum), Number(maximum)];
  return fc
    .oneof(fc.integer({ min: 0, max: 300 }), hundredths(0, 4200), fc.double({ min, max, noNaN: true }))
    .filter((value) => value >= min && value <= max);
}

/** From one number of hundredths to another. */
function hundredths(min: number, max: number): fc.Arbitrary<number> {
  return fc.integer({ min, max }).map((count) => count / 100);
}

function stringOf({
  pattern,
  minLength = 0,
  maxLength = Number.MAX_SAFE_INTEGER,
}: Schema): fc.Arbitrary<string> {
  const some = typeof pattern === 'string' ? fc.stringMatching(new RegExp(pattern, 'u')) : text;
  const fits = ({ length }: string) => length >= Number(minLength) && length <= Number(maxLength);
  return some.filter(fits);
}

function objectOf(schema: Schema, contract: Contract): fc.Arbitrary<unknown> {
  const { properties = {}, required = [], additionalProperties } = schema;
  const known = Object.entries(properties as Readonly<Record<string, Schema>>);
  if (known.length === 0 && additionalProperties !== false) return fc.dictionary(text, fc.jsonValue());
  const needed = (required as readonly string[]).map(String);
  const others = known.map(([name]) => name).filter((name) => !needed.includes(name));
  const membersOf = (names: readonly string[]): Record<string, fc.Arbitrary<unknown>> =>
    Object.fromEntries(
      known
        .filter(([name]) => names.includes(name))
        .map(([name, member]) => [name, valid(member, contract, name)]),
    );
  // A few of them: the more there are, the surer is one that the daemon refuses.
  const few = fc
    .subarray(others, { maxLength: Math.min(3, others.length) })
    .chain((some) => fc.record(membersOf([...needed, ...some])));
  if (!others.includes('checksum')) return few;
  const third = ofVersion3(membersOf(needed)).filter((value) => contract.allows(schema, value));
  return fc.oneof({ weight: 2, arbitrary: few }, { weight: 1, arbitrary: third });
}

/**
 * A virtual router with what only version 3 has. A few directives at random would hardly ever be that, as they are refused
 * one without the other, and with the authentication that the routers of this test have.
 * @param needed other members, that must be there
 */
function ofVersion3(needed: Readonly<Record<string, fc.Arbitrary<unknown>>>): fc.Arbitrary<unknown> {
  const always = {
    ...needed,
    version: fc.constant(3),
    auth_type: fc.constant(null),
    auth_secret: fc.constant(null),
  };
  const advert = fc.oneof(hundredths(1, 4095), fc.constantFrom(...INTERVALS_OF_VERSION_3));
  const all: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
    ...always,
    vip: fc.constantFrom(...VIPS_OF_VERSION_3),
    timers: fc.record({ advert }),
    accept: fc.boolean(),
    checksum: fc.constantFrom('auto', 'rfc9568', 'pseudo-header'),
  };
  return fc.record(all, { requiredKeys: Object.keys(always) });
}

/** JSON values that a schema does not describe: any, and valid ones with one fault. */
export function invalid(schema: Schema, contract: Contract): fc.Arbitrary<unknown> {
  const odd = fc.oneof(
    fc.constantFrom<unknown>(null, '', -1, 1.5, 1e300, true, [], {}, [[]], '1', 'x'.repeat(5000)),
    fc.jsonValue({ maxDepth: 2 }),
  );
  const { properties, required } = resolved(schema, contract.document);
  const needed = Array.isArray(required) ? required.map(String) : [];
  const names = [...Object.keys(properties ?? {}), 'prioritaet', '__proto__', 'constructor'];
  const faulty = fc
    .tuple(valid(schema, contract), fc.constantFrom(...names), odd)
    .map(([value, name, instead]) => withMember(value, name, instead));
  const incomplete = fc
    .tuple(valid(schema, contract), fc.constantFrom('', ...needed))
    .map(([value, name]) => withMember(value, name, undefined));
  return fc.oneof(odd, faulty, incomplete).filter((value) => !contract.allows(schema, value));
}

/** `instead` undefined: without it. Also for names such as `__proto__`. */
function withMember(value: unknown, name: string, instead: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return instead ?? null;
  const members = Object.entries(value).filter(([other]) => other !== name);
  if (instead !== undefined) members.push([name, instead]);
  return Object.fromEntries(members);
}
