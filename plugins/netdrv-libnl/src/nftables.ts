/**
 * The few messages of nf_tables that guards need (linux/netfilter/nf_tables.h, nfnetlink.h): a table of its own for each,
 * made and removed whole. Pure.
 */
import type { GuardResource } from 'rvrrpd/plugin';
import {
  concatenated,
  errorIn,
  LITTLE,
  NLM_F_ACK,
  NLM_F_CREATE,
  message as netlinkMessage,
  octetsOf,
  viewOf,
} from './netlink.ts';

/** Message types: NFNL_SUBSYS_NFTABLES and its numbers, and the frame of a batch, in which all is done or nothing. */
const NFTABLES = 10;
const BATCH_BEGIN = 0x10;
const BATCH_END = 0x11;
const NEW_TABLE = (NFTABLES << 8) | 0;
const DELETE_TABLE = (NFTABLES << 8) | 2;
const NEW_CHAIN = (NFTABLES << 8) | 3;
const NEW_RULE = (NFTABLES << 8) | 6;
const GET_GENERATION = (NFTABLES << 8) | 16;

const NLM_F_EXCL = 0x200;
const NLM_F_APPEND = 0x800;
const NLA_F_NESTED = 0x8000;

const NFPROTO = { 4: 2, 6: 10 } as const;
const IPPROTO_ICMPV6 = 58;
/** Neighbour solicitation and advertisement (RFC 4861 §4.3, §4.4). */
const NEIGHBOUR = { first: 135, last: 136 } as const;
/** Where an IP header has its destination, and octets of it. */
const DESTINATION = { 4: { at: 16, size: 4 }, 6: { at: 24, size: 16 } } as const;
const META = { interfaceName: 6, protocol: 16 } as const;
const COMPARE = { equal: 0, unequal: 1, atMost: 3, atLeast: 5 } as const;
const BASE = { network: 1, transport: 2 } as const;
const VERDICT = { drop: 0, accept: 1 } as const;
/** NF_INET_LOCAL_IN, before the administrator's own filters, which see nothing of what is dropped. */
const LOCAL_IN = 1;
const PRIORITY = -10;
const REGISTER = 1;
const INTERFACE_NAME_SIZE = 16;

/** Name of the table of a guard; `nft` can show it. */
export function tableName({ interface: on, address }: GuardResource): string {
  return `rvrrpd-${on.replace(/[^A-Za-z0-9._-]/g, '_')}-${address.replaceAll(':', '.')}`;
}

/** A batch of messages for one exchange. */
export interface Batch {
  readonly messages: Uint8Array;
  /** How many answers there are: each message is acknowledged. */
  readonly answers: number;
}

/** What puts a guard in place; EEXIST if it is. */
export function addingGuard(guard: GuardResource): Batch {
  const family = NFPROTO[guard.family];
  const name = tableName(guard);
  const chain = 'input';
  const rules = guard.family === 6 ? [neighbourRule(guard), dropRule(guard)] : [dropRule(guard)];
  return batch([
    message(NEW_TABLE, NLM_F_CREATE | NLM_F_EXCL, family, [text(1, name)]),
    message(NEW_CHAIN, NLM_F_CREATE | NLM_F_EXCL, family, [
      text(1, name),
      text(3, chain),
      nested(4, [number(1, LOCAL_IN), number(2, PRIORITY)]),
      number(5, VERDICT.accept),
      text(7, 'filter'),
    ]),
    ...rules.map((expressions) =>
      message(NEW_RULE, NLM_F_CREATE | NLM_F_APPEND, family, [
        text(1, name),
        text(2, chain),
        nested(
          4,
          expressions.map((expression) => nested(1, expression)),
        ),
      ]),
    ),
  ]);
}

/** What takes a guard away; ENOENT if it is not there. */
export function removingGuard(guard: GuardResource): Batch {
  return batch([message(DELETE_TABLE, 0, NFPROTO[guard.family], [text(1, tableName(guard))])]);
}

/** Asks for the number of the ruleset, which each change of it raises. */
export function askingGeneration(): Batch {
  return { messages: message(GET_GENERATION, 0, 0, []), answers: 1 };
}

/** The number of the ruleset in an answer; undefined if there is none. */
export function generationIn(answers: Uint8Array): number | undefined {
  if (errorIn(answers) !== 0) return undefined;
  const view = viewOf(answers);
  return answers.length >= 28 ? view.getUint32(24) : undefined; // NFTA_GEN_ID is the first attribute
}

type Expression = readonly Uint8Array[];

/** To the guarded address; a link-local one is another one on each interface. */
function isGuarded({ interface: on, family, address }: GuardResource): Expression[] {
  const isLinkLocal = family === 6 && /^fe[89ab]/i.test(address);
  const name = new Uint8Array(INTERFACE_NAME_SIZE);
  name.set(new TextEncoder().encode(isLinkLocal ? on : 'lo'));
  const { at, size } = DESTINATION[family];
  return [
    meta(META.interfaceName),
    compare(isLinkLocal ? COMPARE.equal : COMPARE.unequal, name),
    payload(BASE.network, at, size),
    compare(COMPARE.equal, octetsOf(address)),
  ];
}

function dropRule(guard: GuardResource): Expression[] {
  return [...isGuarded(guard), verdict(VERDICT.drop)];
}

/** RFC 9568 §6.1: neighbour discovery is never dropped. */
function neighbourRule(guard: GuardResource): Expression[] {
  return [
    ...isGuarded(guard),
    meta(META.protocol),
    compare(COMPARE.equal, Uint8Array.of(IPPROTO_ICMPV6)),
    payload(BASE.transport, 0, 1),
    compare(COMPARE.atLeast, Uint8Array.of(NEIGHBOUR.first)),
    compare(COMPARE.atMost, Uint8Array.of(NEIGHBOUR.last)),
    verdict(VERDICT.accept),
  ];
}

function expression(name: string, attributes: readonly Uint8Array[]): Expression {
  return [text(1, name), nested(2, attributes)];
}

function meta(key: number): Expression {
  return expression('meta', [number(1, REGISTER), number(2, key)]);
}

function payload(base: number, offset: number, length: number): Expression {
  return expression('payload', [number(1, REGISTER), number(2, base), number(3, offset), number(4, length)]);
}

function compare(operation: number, value: Uint8Array): Expression {
  return expression('cmp', [number(1, REGISTER), number(2, operation), nested(3, [attribute(1, value)])]);
}

function verdict(code: number): Expression {
  return expression('immediate', [number(1, 0), nested(2, [nested(2, [number(1, code)])])]);
}

function batch(messages: readonly Uint8Array[]): Batch {
  const frame = (type: number): Uint8Array => message(type, 0, 0, [], NFTABLES);
  const numbered = [frame(BATCH_BEGIN), ...messages, frame(BATCH_END)];
  for (const [sequence, each] of numbered.entries()) {
    viewOf(each).setUint32(8, sequence + 1, LITTLE);
    if (sequence === 0 || sequence === numbered.length - 1) continue;
    const view = viewOf(each);
    view.setUint16(6, view.getUint16(6, LITTLE) | NLM_F_ACK, LITTLE);
  }
  return { messages: concatenated(numbered), answers: messages.length };
}

/** A message with the header of nfnetlink. */
function message(
  type: number,
  flags: number,
  family: number,
  attributes: readonly Uint8Array[],
  resource = 0,
): Uint8Array {
  const header = new Uint8Array(4);
  header[0] = family;
  viewOf(header).setUint16(2, resource);
  return netlinkMessage(type, flags, concatenated([header, ...attributes]));
}

/** An attribute, padded to a multiple of four octets. */
function attribute(type: number, value: Uint8Array): Uint8Array {
  const whole = new Uint8Array((4 + value.length + 3) & ~3);
  const view = viewOf(whole);
  view.setUint16(0, 4 + value.length, LITTLE);
  view.setUint16(2, type, LITTLE);
  whole.set(value, 4);
  return whole;
}

function text(type: number, value: string): Uint8Array {
  return attribute(type, new TextEncoder().encode(`${value}\0`));
}

/** Numbers of nf_tables are big-endian. */
function number(type: number, value: number): Uint8Array {
  const octets = new Uint8Array(4);
  viewOf(octets).setInt32(0, value);
  return attribute(type, octets);
}

function nested(type: number, attributes: readonly Uint8Array[]): Uint8Array {
  return attribute(type | NLA_F_NESTED, concatenated(attributes));
}
