import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { DROP_REASONS } from '../vrrp/drop-reasons.ts';
import { Int, Num, StateTable, TABLE_VERSION } from './state-table.ts';

/** Memory of a table for two routers, with one word of its header changed. */
function spoilt(word: number, value: number): SharedArrayBuffer {
  const { buffer } = StateTable.allocate(2);
  new Int32Array(buffer)[word] = value;
  return buffer;
}

test('a table is attached to by its memory alone, and both see what is written', () => {
  const table = StateTable.allocate(2);
  const other = new StateTable(table.buffer);
  expect([other.slots, other.strangers]).toEqual([2, 2]);
  const { version } = other;
  table.setInt(1, Int.Wanted, 3);
  table.setNum(2, Num.WakeUps, 9);
  expect([other.int(1, Int.Wanted), other.num(2, Num.WakeUps)]).toEqual([3, 9]);
  expect(other.version).toBe(version + 2);
  table.setInt(1, Int.Wanted, 3); // the same
  expect(other.version).toBe(version + 2);
});

test('memory that is no table of this layout is refused, and the error says why', () => {
  const attach = (buffer: SharedArrayBuffer) => () => new StateTable(buffer);
  const { buffer } = StateTable.allocate(2);
  expect(attach(new SharedArrayBuffer(8))).toThrow('state table: 8 octets, where its header alone has 24');
  expect(attach(new SharedArrayBuffer(4096))).toThrow(
    'state table: begins with 0x0, not with 0x52565354 (RVST)',
  );
  expect(attach(spoilt(1, 8))).toThrow(
    'state table: layout version 8, and this rvrrpd knows version 7 alone',
  );
  expect(attach(spoilt(2, 3))).toThrow(`state table: ${buffer.byteLength} octets, where 3 slots take`);
  expect(attach(spoilt(2, -1))).toThrow('state table: -1 slots');
  expect(attach(spoilt(3, 12))).toThrow(`state table: 12 + ${Num.Count} fields a slot, where version 7 has`);
  expect(attach(spoilt(4, 99))).toThrow(`state table: ${Int.Count} + 99 fields a slot, where version 7 has`);
});

test('a version is one layout: whoever changes the fields gives it another version', () => {
  const layout = createHash('sha256')
    .update(JSON.stringify([Int, Num, DROP_REASONS]))
    .digest('hex');
  // If this fails, raise TABLE_VERSION and add a line: what an older version meant stays as it was.
  const layouts: Record<number, string> = {
    1: '5b72d259b3a31ecc',
    2: '042dd48c374c79cb',
    3: '4d17e50cdf14cc4a',
    4: '87a3a45aef738404',
    5: 'dbb3bb2027230685',
    6: '1fc15e274e7faa77',
    7: 'e78dd7d045877bd0',
  };
  expect(layout.slice(0, 16)).toBe(layouts[TABLE_VERSION]);
});
