/**
 * Rules as the kernel lists them (linux/fib_rules.h), and which of them a request means. To remove one, the kernel takes the
 * first that has all that the request names: `priority 1000 lookup 100` would take `priority 1000 from 10.0.0.0/8 lookup
 * 100` away, where that comes first. Pure.
 */
import { isIP } from 'node:net';
import type { RuleResource } from 'rvrrpd/plugin';
import {
  concatenated,
  HEADER,
  LITTLE,
  message,
  NLM_F_ACK,
  NLM_F_CREATE,
  NLMSG_ERROR,
  octetsOf,
  viewOf,
} from './netlink.ts';

const RTM = { new: 32, delete: 33, get: 34 } as const;
const NLM_F_DUMP = 0x300;
/** What was listed has changed meanwhile (NLM_F_DUMP_INTR). */
const INTERRUPTED = 0x10;
const RULE_HEADER = 12;
const AF = { 4: 2, 6: 10 } as const;
const ACTIONS = { lookup: 1, blackhole: 6, unreachable: 7, prohibit: 8 } as const;
const FIB_RULE_INVERT = 2;
const Attribute = {
  to: 1,
  from: 2,
  iif: 3,
  priority: 6,
  fwmark: 10,
  table: 15,
  mask: 16,
  oif: 17,
  protocol: 21,
};
/** FRA_SUPPRESS_IFGROUP and FRA_SUPPRESS_PREFIXLEN, where −1 stands for none. */
const SUPPRESSING: ReadonlySet<number> = new Set([13, 14]);
const COMPARED: ReadonlySet<number> = new Set(Object.values(Attribute));

/** What the kernel compares of a rule. */
interface Words {
  readonly priority: number;
  readonly action: number;
  readonly table: number;
  /** Octets and prefix length; empty: any. */
  readonly from: string;
  readonly to: string;
  readonly iif: string;
  readonly oif: string;
  /** Mark and mask; empty: any. */
  readonly mark: string;
}

/** A rule of a list. */
export interface ListedRule extends Words {
  /** It says nothing else: no other attributes, not inverted, of no routing daemon. */
  readonly isPlain: boolean;
  /** Its header and its attributes, as they are. */
  readonly body: Uint8Array;
}

/** Asks for all rules of a family. */
export function askingRules(family: 4 | 6): Uint8Array {
  const body = new Uint8Array(RULE_HEADER);
  body[0] = AF[family];
  return message(RTM.get, NLM_F_DUMP, body);
}

/** The rules of an answer, in their order; undefined: it is not whole, ask again. */
export function rulesIn(answer: Uint8Array): ListedRule[] | undefined {
  const view = viewOf(answer);
  const rules: ListedRule[] = [];
  for (let at = 0; at + HEADER <= answer.length; ) {
    const length = view.getUint32(at, LITTLE);
    const type = view.getUint16(at + 4, LITTLE);
    if (type === NLMSG_ERROR || (view.getUint16(at + 6, LITTLE) & INTERRUPTED) !== 0) return undefined;
    if (type === RTM.new) rules.push(ruleOf(answer.slice(at + HEADER, at + length)));
    at += Math.max(HEADER, (length + 3) & ~3);
  }
  return rules;
}

/** Removes a listed rule and adds it again, behind the others of its priority: an acknowledgement for each of both. */
export function movingBack({ body }: ListedRule): Uint8Array {
  const fresh = body.slice();
  fresh[8]! &= FIB_RULE_INVERT; // the kernel's own flags are its affair
  return concatenated([
    message(RTM.delete, NLM_F_ACK, fresh),
    message(RTM.new, NLM_F_ACK | NLM_F_CREATE, fresh),
  ]);
}

/** What a request means. */
export interface Meant {
  readonly rule: ListedRule;
  /** Those that the kernel would take for it, in their order. */
  readonly ahead: readonly ListedRule[];
}

/** The rule of a list that is this one; undefined: there is none, or it cannot be written down. */
export function meant(list: readonly ListedRule[], rule: RuleResource): Meant | undefined {
  const words = wordsOf(rule);
  const at = words === undefined ? -1 : list.findIndex((each) => each.isPlain && isEqual(each, words));
  if (words === undefined || at < 0) return undefined;
  return { rule: list[at]!, ahead: list.slice(0, at).filter((each) => isTakenFor(each, words)) };
}

/** The list after {@link movingBack}. */
export function movedBack(list: readonly ListedRule[], rule: ListedRule): ListedRule[] {
  const rest = list.filter((each) => each !== rule);
  const behind = rest.findIndex(({ priority }) => priority > rule.priority);
  return rest.toSpliced(behind < 0 ? rest.length : behind, 0, rule);
}

const KEYS = ['priority', 'action', 'table', 'from', 'to', 'iif', 'oif', 'mark'] as const;

function isEqual(one: Words, other: Words): boolean {
  return KEYS.every((key) => one[key] === other[key]);
}

/** What a request does not name may be anything. */
function isTakenFor(listed: Words, wanted: Words): boolean {
  return KEYS.every((key) => wanted[key] === '' || wanted[key] === 0 || listed[key] === wanted[key]);
}

function wordsOf(rule: RuleResource): Words | undefined {
  const [from, to] = [rule.from, rule.to].map((text) => prefixWords(text, rule.family));
  if (from === undefined || to === undefined) return undefined;
  const { priority, type, table = 0, iif = '', oif = '', fwmark = 0 } = rule;
  const mark = fwmark === 0 ? '' : `${fwmark}/${0xffff_ffff}`;
  return { priority, action: ACTIONS[type], table, from, to, iif, oif, mark };
}

/** @returns undefined: it is none */
function prefixWords(text: string | undefined, family: 4 | 6): string | undefined {
  if (text === undefined) return '';
  const [address = '', length = ''] = text.split('/');
  if (isIP(address) !== family || !/^\d{1,3}$/.test(length)) return undefined;
  return endWords(octetsOf(address), Number(length));
}

function endWords(octets: Uint8Array | undefined, length: number): string {
  return octets === undefined || length === 0 ? '' : `${Buffer.from(octets).toString('hex')}/${length}`;
}

function ruleOf(body: Uint8Array): ListedRule {
  const view = viewOf(body);
  const found = new Map<number, Uint8Array>();
  for (let at = RULE_HEADER; at + 4 <= body.length; ) {
    const length = view.getUint16(at, LITTLE);
    found.set(view.getUint16(at + 2, LITTLE), body.slice(at + 4, at + length));
    at += Math.max(4, (length + 3) & ~3);
  }
  const number = (type: number): number | undefined => {
    const value = found.get(type);
    return value && value.length >= 4 ? viewOf(value).getUint32(0, LITTLE) : undefined;
  };
  const name = (type: number): string => {
    const value = found.get(type);
    return value === undefined ? '' : Buffer.from(value).toString().replace(/\0.*$/s, '');
  };
  const [mark, mask] = [number(Attribute.fwmark) ?? 0, number(Attribute.mask) ?? 0];
  const isOther = [...found].some(([type, value]) => !COMPARED.has(type) && !isNeutral(type, value));
  const [, toLength = 0, fromLength = 0, service] = body;
  const isInverted = (view.getUint32(8, LITTLE) & FIB_RULE_INVERT) !== 0;
  return {
    priority: number(Attribute.priority) ?? 0,
    action: body[7]!,
    table: number(Attribute.table) ?? body[4]!,
    from: endWords(found.get(Attribute.from), fromLength),
    to: endWords(found.get(Attribute.to), toLength),
    iif: name(Attribute.iif),
    oif: name(Attribute.oif),
    mark: mark === 0 && mask === 0 ? '' : `${mark}/${mask}`,
    isPlain: !isOther && !isInverted && service === 0 && (found.get(Attribute.protocol)?.[0] ?? 0) === 0,
    body,
  };
}

/** What the kernel lists of a rule that does not say it. */
function isNeutral(type: number, value: Uint8Array): boolean {
  const none = SUPPRESSING.has(type) ? 0xff : 0;
  return value.every((octet) => octet === none);
}
