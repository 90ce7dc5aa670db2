/** Which rule is meant where several have the same priority. What the kernel makes of it is the compliance kit's. */
import { endianness } from 'node:os';
import type { KernelChange, RuleResource } from 'rvrrpd/plugin';
import { expect, test } from 'vitest';
import type { LibnlAddon } from '../src/native.ts';
import { octetsOf } from '../src/netlink.ts';
import { askingRules, type ListedRule, meant, rulesIn } from '../src/rule-list.ts';
import { type RuleChange, Rules } from '../src/rules.ts';

const LITTLE = endianness() === 'LE';
const NONE = 0xffff_ffff;

/** What a rule of a made-up kernel says. */
interface Said {
  readonly priority?: number;
  readonly from?: string;
  readonly iif?: string;
  readonly mark?: readonly [number, number];
  readonly table?: number;
  readonly action?: number;
  readonly suppress?: number;
  readonly protocol?: number;
  readonly inverted?: boolean;
}

function attribute(type: number, value: Uint8Array): number[] {
  const head = new Uint8Array(4);
  const view = new DataView(head.buffer);
  view.setUint16(0, 4 + value.length, LITTLE);
  view.setUint16(2, type, LITTLE);
  return [...head, ...value, ...new Array<number>((4 - (value.length % 4)) % 4).fill(0)];
}

function number(value: number): Uint8Array {
  const octets = new Uint8Array(4);
  new DataView(octets.buffer).setUint32(0, value, LITTLE);
  return octets;
}

/** A rule as the kernel lists it, for IPv4. */
function listed(said: Said): Uint8Array {
  const { priority = 1000, from, iif, mark, table = 100, action = 1, suppress = NONE, protocol = 0 } = said;
  const [address = '', length = '0'] = from?.split('/') ?? [];
  const header = [2, 0, Number(length), 0, table, 0, 0, action, ...number(said.inverted ? 2 : 0)];
  const body = [
    ...header,
    ...attribute(15, number(table)),
    ...attribute(14, number(suppress)),
    ...attribute(21, Uint8Array.of(protocol)),
    ...attribute(6, number(priority)),
    ...(from ? attribute(2, octetsOf(address)) : []),
    ...(iif ? attribute(3, new TextEncoder().encode(`${iif}\0`)) : []),
    ...(mark ? [...attribute(10, number(mark[0])), ...attribute(16, number(mark[1]))] : []),
  ];
  return message(32, body);
}

function message(type: number, body: readonly number[], flags = 2): Uint8Array {
  const head = new Uint8Array(16);
  const view = new DataView(head.buffer);
  view.setUint32(0, 16 + body.length, LITTLE);
  view.setUint16(4, type, LITTLE);
  view.setUint16(6, flags, LITTLE);
  return Uint8Array.from([...head, ...body]);
}

const DONE = message(3, [0, 0, 0, 0]);
const answerOf = (...rules: readonly Said[]): Uint8Array =>
  Uint8Array.from([...rules.map(listed), DONE].flatMap((each) => [...each]));
const listOf = (...rules: readonly Said[]): ListedRule[] => rulesIn(answerOf(...rules))!;

const GENERAL: RuleResource = { family: 4, priority: 1000, type: 'lookup', table: 100 };

test.each<[string, Said]>([
  ['a source', { from: '10.0.0.0/8' }],
  ['an interface', { iif: 'lan' }],
  ['a mark', { mark: [5, NONE] }],
  ['a prefix length to suppress', { suppress: 0 }],
  ['a routing daemon', { protocol: 18 }],
  ['“not”', { inverted: true }],
])('with %s it is another one, which the kernel would take for it', (_, said) => {
  const list = listOf({ priority: 999 }, said, {}, { priority: 1001 });
  expect(meant(list, GENERAL)).toEqual({ rule: list[2], ahead: [list[1]] });
  expect(meant(list.toSpliced(2, 1), GENERAL)).toBeUndefined();
});

test.each<[string, Said]>([
  ['priority', { priority: 999 }],
  ['table', { table: 101 }],
  ['action', { action: 6, table: 0 }],
])('one of another %s is not in the way', (_, said) => {
  const list = listOf(said, {});
  expect(meant(list, GENERAL)).toEqual({ rule: list[1], ahead: [] });
});

test('each word is compared', () => {
  const list = listOf({ from: '10.0.0.0/8', iif: 'lan', mark: [5, NONE] });
  const same: RuleResource = { ...GENERAL, from: '10.0.0.0/8', iif: 'lan', fwmark: 5 };
  expect(meant(list, same)?.rule).toBe(list[0]);
  for (const over of [{ from: '10.0.0.0/9' }, { iif: 'wan' }, { fwmark: 6 }, { to: '10.0.0.0/8' }])
    expect(meant(list, { ...same, ...over })).toBeUndefined();
  expect(meant(list, { ...same, from: 'nonsense' })).toBeUndefined();
  expect(meant(listOf({}), { ...GENERAL, from: '0.0.0.0/0', fwmark: 0 })).toBeDefined();
});

test('a list that has changed while it was told is none', () => {
  expect(rulesIn(message(32, [], 0x12))).toBeUndefined();
  expect(askingRules(6)[16]).toBe(10);
});

/** A kernel with these rules of IPv4, which does as Linux does. */
function kernel(...initial: readonly Said[]) {
  let rules = [...initial];
  const done: string[] = [];
  const text = (said: Said): string => Object.entries(said).flat().join(' ');
  class Socket {
    exchange(messages: Uint8Array, answers: number): Uint8Array {
      if (answers === 0) return answerOf(...rules);
      const moved = rules.find((said) => Buffer.from(messages).includes(Buffer.from(listed(said).slice(28))));
      done.push(`moves ${text(moved!)}`);
      rules = [...rules.filter((said) => said !== moved), moved!];
      return message(2, new Array<number>(20).fill(0));
    }
    close(): void {}
  }
  const addon = { NetlinkSocket: Socket } as unknown as LibnlAddon;
  const send = (changes: readonly KernelChange[]) =>
    changes.map((change) => {
      const { rule, op } = change as RuleChange;
      const isBeside = 'beside' in rule;
      done.push(`${op}${isBeside ? ' beside' : ''}`);
      if (op === 'add-rule' && rules.length > 0 && !isBeside) return { errno: 'EEXIST', message: '' };
      if (op === 'remove-rule') rules.shift();
      return null;
    });
  return { rules: new Rules(addon, send), done, left: () => rules };
}

test('one that the kernel would take first gets out of the way', () => {
  const { rules, done, left } = kernel({ from: '10.0.0.0/8' }, { iif: 'lan' }, {});
  expect(rules.apply([{ op: 'remove-rule', rule: GENERAL }])).toEqual([null]);
  expect(done).toEqual(['moves from 10.0.0.0/8', 'moves iif lan', 'remove-rule']);
  expect(left()).toEqual([{ from: '10.0.0.0/8' }, { iif: 'lan' }]);
});

test('what is not there is not removed, and many go at once', () => {
  const { rules, done } = kernel({ from: '10.0.0.0/8' }, {});
  const specific = { ...GENERAL, from: '10.0.0.0/8' };
  const other = { ...GENERAL, from: '10.0.0.0/9' };
  const answers = rules.apply([specific, other, GENERAL].map((rule) => ({ op: 'remove-rule', rule })));
  expect(answers.map((answer) => answer?.errno)).toEqual([undefined, 'ENOENT', undefined]);
  expect(done).toEqual(['remove-rule', 'remove-rule']);
});

test('one that counts as there for another’s sake is added beside it; one that is there, is', () => {
  const beside = kernel({ from: '10.0.0.0/8' });
  expect(beside.rules.apply([{ op: 'add-rule', rule: GENERAL }])).toEqual([null]);
  expect(beside.done).toEqual(['add-rule', 'add-rule beside']);
  const there = kernel({ from: '10.0.0.0/8' }, {});
  expect(there.rules.apply([{ op: 'add-rule', rule: GENERAL }])[0]?.errno).toBe('EEXIST');
});
