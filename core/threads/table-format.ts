/**
 * The state table for another process, which may be another version of rvrrpd: each field by its name. A field that the
 * reader does not know is left out, one that the writer did not know is 0, as in a table that has just been made. So a
 * field that comes to mean something else must be given another name.
 *
 * One line of JSON ({@link Head}), filled up with spaces to a multiple of eight octets, then all rows of the Int32 fields,
 * then all rows of the Float64 fields, in the machine's byte order. The last row belongs to no router.
 */
import { DROP_REASONS } from '../vrrp/drop-reasons.ts';
import { Int, Num, StateTable } from './state-table.ts';
import type { TableReader } from './table-views.ts';

/** Version of this format; fields that come and go are no reason for another. */
export const TABLE_FORMAT = 1;

/** What is in front of the rows. */
interface Head {
  /** How many, that for no router not counted. */
  readonly slots: number;
  /** Names of the Int32 fields, in their order. */
  readonly ints: readonly string[];
  /** Names of the Float64 fields. */
  readonly nums: readonly string[];
}

/** Octets of a line are a multiple of this, so that what follows is aligned. */
const ALIGNMENT = 8;

const INTS = namesOf(Int);
const NUMS = [...namesOf(Num).slice(0, Num.Dropped), ...DROP_REASONS.map((reason) => `Dropped ${reason}`)];

/** Names by number. */
function namesOf(fields: Readonly<Record<string, number>>): string[] {
  const names: string[] = [];
  for (const [name, at] of Object.entries(fields)) if (name !== 'Count') names[at] = name;
  return names;
}

/** A copy of a table as it is now. */
export function encodeTable(table: TableReader): Uint8Array {
  const rows = table.slots + 1;
  const head = JSON.stringify({ slots: table.slots, ints: INTS, nums: NUMS } satisfies Head);
  const length = Math.ceil((head.length + 1) / ALIGNMENT) * ALIGNMENT;
  // An odd number of Int32 is filled up as well.
  const intLength = Math.ceil((rows * INTS.length * 4) / ALIGNMENT) * ALIGNMENT;
  const buffer = new ArrayBuffer(length + intLength + rows * NUMS.length * 8);
  new Uint8Array(buffer, 0, length).set(Buffer.from(`${head.padEnd(length - 1)}\n`, 'latin1'));
  const ints = new Int32Array(buffer, length, rows * INTS.length);
  const nums = new Float64Array(buffer, length + intLength, rows * NUMS.length);
  for (let slot = 0; slot < rows; slot++) {
    for (let field = 0; field < INTS.length; field++)
      if (INTS[field] !== undefined) ints[slot * INTS.length + field] = table.int(slot, field);
    for (let field = 0; field < NUMS.length; field++)
      nums[slot * NUMS.length + field] = table.num(slot, field);
  }
  return new Uint8Array(buffer);
}

/**
 * Reads a copy into a table of ours.
 * @param into absent: a new one
 * @throws Error if it is no copy of a table, or `into` is one of another size
 */
export function decodeTable(bytes: Uint8Array, into?: StateTable): StateTable {
  const end = bytes.indexOf(10);
  const head =
    end < 0 ? undefined : (JSON.parse(Buffer.from(bytes.subarray(0, end)).toString('latin1')) as Head);
  const { slots = -1, ints = [], nums = [] } = head ?? {};
  const rows = slots + 1;
  const intsAt = end + 1;
  const numsAt = intsAt + Math.ceil((rows * ints.length * 4) / ALIGNMENT) * ALIGNMENT;
  if (rows < 1 || bytes.byteLength !== numsAt + rows * nums.length * 8)
    throw new Error(`state table: ${bytes.byteLength} octets are no copy of ${slots} slots`);
  const table = into ?? StateTable.allocate(slots);
  if (table.slots !== slots) throw new Error(`state table: ${slots} slots, where there were ${table.slots}`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const isLittle = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;
  for (const [from, name] of ints.entries()) {
    const field = INTS.indexOf(name);
    if (field < 0) continue;
    for (let slot = 0; slot < rows; slot++)
      table.setInt(slot, field, view.getInt32(intsAt + (slot * ints.length + from) * 4, isLittle));
  }
  for (const [from, name] of nums.entries()) {
    const field = NUMS.indexOf(name);
    if (field < 0) continue;
    for (let slot = 0; slot < rows; slot++)
      table.setNum(slot, field, view.getFloat64(numsAt + (slot * nums.length + from) * 8, isLittle));
  }
  return table;
}
