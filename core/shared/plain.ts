/**
 * Plain data as JSON, for another process: what `JSON.stringify` knows, and beside that undefined, bigints, numbers that
 * are none, dates, maps, sets and octets. What is more than that has to be made one of these first.
 *
 * A value that JSON has is written as it is. Any other is an object with the one member `$`, its kind, and `of`; an
 * object that has a member `$` itself is written as its entries.
 */

type Json = null | boolean | number | string | readonly Json[] | { readonly [name: string]: Json };

/** @throws TypeError if it holds a function, a symbol, or an object of another class */
export function toPlain(value: unknown): string {
  return JSON.stringify(packed(value));
}

/** Reverse of {@link toPlain}. @throws SyntaxError or TypeError if it was written by something else */
export function fromPlain(text: string): unknown {
  return unpacked(JSON.parse(text) as Json);
}

function packed(value: unknown): Json {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return value;
    case 'number':
      return Number.isFinite(value) && !Object.is(value, -0)
        ? value
        : { $: 'number', of: Object.is(value, -0) ? '-0' : String(value) };
    case 'undefined':
      return { $: 'undefined', of: null };
    case 'bigint':
      return { $: 'bigint', of: String(value) };
    case 'object':
      return value === null ? null : packedObject(value);
    default:
      throw new TypeError(`a ${typeof value} is no plain data`);
  }
}

function packedObject(value: object): Json {
  if (Array.isArray(value)) return value.map(packed);
  if (value instanceof Map)
    return { $: 'map', of: [...value].map(([key, each]) => [packed(key), packed(each)]) };
  if (value instanceof Set) return { $: 'set', of: [...value].map(packed) };
  if (value instanceof Date) return { $: 'date', of: value.getTime() };
  if (value instanceof ArrayBuffer) return { $: 'buffer', of: Buffer.from(value).toString('base64') };
  if (value instanceof Uint8Array)
    return {
      $: 'octets',
      of: Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('base64'),
    };
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null)
    throw new TypeError(`an object of class ${value.constructor?.name} is no plain data`);
  const entries = Object.entries(value).map(([name, each]) => [name, packed(each)] as const);
  return '$' in value ? { $: 'object', of: entries } : Object.fromEntries(entries);
}

function unpacked(value: Json): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (isList(value)) return value.map(unpacked);
  const { $: kind, of } = value;
  if (kind === undefined)
    return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, unpacked(each)]));
  const entries = (): [unknown, unknown][] =>
    (of as readonly (readonly [Json, Json])[]).map(([key, each]) => [unpacked(key), unpacked(each)]);
  switch (kind) {
    case 'undefined':
      return undefined;
    case 'number':
      return Number(of);
    case 'bigint':
      return BigInt(of as string);
    case 'map':
      return new Map(entries());
    case 'set':
      return new Set((of as readonly Json[]).map(unpacked));
    case 'date':
      return new Date(of as number);
    case 'octets':
      return new Uint8Array(Buffer.from(of as string, 'base64'));
    case 'buffer':
      return new Uint8Array(Buffer.from(of as string, 'base64')).buffer;
    case 'object':
      return Object.fromEntries(entries() as [string, unknown][]);
    default:
      throw new TypeError(`plain data of the kind ${JSON.stringify(kind)} is not known`);
  }
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}
