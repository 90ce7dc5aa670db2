import { expect, test } from 'vitest';
import { droppedField } from '../engine/observer.ts';
import { Drop } from '../vrrp/drop-reasons.ts';
import { Int, Num, State, StateTable } from './state-table.ts';
import { decodeTable, encodeTable } from './table-format.ts';

/** A table with something else in every field. */
function filled(slots = 3): StateTable {
  const table = StateTable.allocate(slots);
  for (let slot = 0; slot <= slots; slot++) {
    for (let field = 0; field < Int.Count; field++) table.setInt(slot, field, slot * 100 + field - 7);
    for (let field = 0; field < Num.Count; field++) table.setNum(slot, field, slot * 1000 + field + 0.25);
  }
  return table;
}

/** The same with another line in front. */
function withHead(bytes: Uint8Array, edit: (head: { ints: string[]; nums: string[] }) => void): Uint8Array {
  const end = bytes.indexOf(10);
  const head = JSON.parse(Buffer.from(bytes.subarray(0, end)).toString()) as {
    ints: string[];
    nums: string[];
  };
  edit(head);
  const line = `${JSON.stringify(head)}\n`;
  return Buffer.concat([Buffer.from(line), bytes.subarray(end + 1)]);
}

function everything(table: StateTable): number[] {
  return [...table.ints, ...table.nums];
}

test.each([0, 1, 3])('a table of %i routers comes back as it was', (slots) => {
  const table = filled(slots);
  expect(everything(decodeTable(encodeTable(table)))).toEqual(everything(table));
});

test('it is read at any place of a buffer', () => {
  const bytes = encodeTable(filled());
  const moved = Buffer.concat([Buffer.from('xyz'), bytes]).subarray(3);
  expect(everything(decodeTable(moved))).toEqual(everything(filled()));
});

test('a field that is not known is left out, one that the writer did not know is as in a new table', () => {
  const bytes = withHead(encodeTable(filled()), ({ ints, nums }) => {
    ints[Int.State] = 'SomethingNew';
    nums[Num.Deadline] = 'SomethingElse';
  });
  const table = decodeTable(bytes);
  expect(table.int(1, Int.State)).toBe(State.Initialize);
  expect(table.num(1, Num.Deadline)).toBe(0);
  expect(table.int(1, Int.Wanted)).toBe(filled().int(1, Int.Wanted));
  expect(table.num(1, Num.Since)).toBe(filled().num(1, Num.Since));
});

test('fields in another order find their place', () => {
  const bytes = withHead(encodeTable(filled()), ({ nums }) => {
    const [a, b] = [Num.Since, Num.BecameMaster];
    [nums[a], nums[b]] = [nums[b]!, nums[a]!];
  });
  const table = decodeTable(bytes);
  expect(table.num(2, Num.Since)).toBe(filled().num(2, Num.BecameMaster));
  expect(table.num(2, Num.BecameMaster)).toBe(filled().num(2, Num.Since));
});

test('counters of dropped packets go by their reason', () => {
  const table = StateTable.allocate(1);
  table.count(0, droppedField(Drop['unknown-vrid']));
  const text = Buffer.from(encodeTable(table)).toString('latin1');
  expect(text).toContain('"Dropped unknown-vrid"');
});

test('it is read into a table of the same size alone', () => {
  const bytes = encodeTable(filled(3));
  const table = StateTable.allocate(3);
  decodeTable(bytes, table);
  expect(everything(table)).toEqual(everything(filled(3)));
  expect(() => decodeTable(bytes, StateTable.allocate(2))).toThrow('3 slots, where there were 2');
});

test.each([Buffer.from('{}\n'), Buffer.from('x'), encodeTable(filled()).subarray(0, -8)])(
  'what is no copy of a table is refused',
  (bytes) => {
    expect(() => decodeTable(bytes)).toThrow('state table');
  },
);
