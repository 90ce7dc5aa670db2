/** `vrrp_instance`: what is said in it, understood. What it becomes is `routers.ts`'s affair. */
import { isIP } from 'node:net';
import { hostAddress } from '../config/address.ts';
import { interfaceNameFault } from '../config/names.ts';
import { type ImportedAddress, readAddress } from './addresses.ts';
import type { TrackKind } from './definitions.ts';
import type { Garp } from './garp.ts';
import { HOOKS } from './hooks.ts';
import { INSTANCE_NOTES, UNKNOWN } from './no-counterpart.ts';
import type { Note } from './report.ts';
import type { Statement } from './statements.ts';
import type { Values } from './values.ts';

/** An instance as it is written. Statements are kept where more is to be said about them. */
export interface Instance {
  readonly name: string;
  readonly statement: Statement;
  state?: Statement;
  interface?: string | undefined;
  vrid?: number | undefined;
  priority: number;
  prioritySaid?: Statement;
  advert?: number | undefined;
  advertSaid?: Statement;
  version?: 2 | 3 | undefined;
  nopreempt?: Statement;
  preemptDelay?: { readonly seconds: number; readonly statement: Statement };
  auth?: { readonly type: string; readonly secret: string; readonly statement: Statement };
  readonly addresses: ImportedAddress[];
  readonly excluded: ImportedAddress[];
  readonly routes: Statement[];
  readonly rules: Statement[];
  source?: { readonly address: string; readonly statement: Statement };
  readonly peers: { readonly address: string; readonly minTtl?: number; readonly statement: Statement }[];
  vmac?: { readonly name?: string; readonly statement: Statement };
  accept?: boolean;
  strict?: boolean | undefined;
  garp: Garp;
  downTimerAdverts?: number | undefined;
  isPrimaryTracked: boolean;
  readonly tracks: { readonly kind: TrackKind; readonly statement: Statement }[];
  /** `notify` and its like. */
  readonly hooks: Statement[];
  readonly notes: Note[];
}

/** Reads a block; what is wrong in it has been told. */
export function readInstance(statement: Statement, values: Values): Instance {
  const instance: Instance = {
    ...{ name: statement.words[1] ?? '', statement, priority: 100, garp: {}, isPrimaryTracked: true },
    ...{ addresses: [], excluded: [], routes: [], rules: [], peers: [], tracks: [], hooks: [], notes: [] },
  };
  if (instance.name === '') values.report.fault(statement, 'must have a name');
  for (const each of values.entries(statement)) readDirective(each, instance, values);
  return instance;
}

/** The blocks that say what is tracked. */
export const TRACK_BLOCKS: Readonly<Record<string, TrackKind>> = {
  track_interface: 'interface',
  track_script: 'script',
  track_file: 'file',
  vrrp_track_file: 'file',
  track_process: 'process',
};

/** What stands behind the name of what is tracked. */
const TRACK_OPTIONS: readonly string[] = ['weight', 'reverse', 'noreverse', 'no_reverse'];

/** The entries of such a block; several may stand on a line. */
export function trackEntries(statement: Statement, values: Values): Statement[] {
  return values.entries(statement).flatMap((entry) => {
    const starts = entry.words.flatMap((word, at) =>
      at === 0 || !(TRACK_OPTIONS.includes(word) || entry.words[at - 1] === 'weight') ? [at] : [],
    );
    return starts.map((from, at) => ({ ...entry, words: entry.words.slice(from, starts[at + 1]) }));
  });
}

/** keepalived tells capital letters from small ones. */
function authType(statement: Statement, { notes }: Instance): string {
  const [, type = ''] = statement.words;
  if (['PASS', 'AH', 'NONE'].includes(type)) return type;
  notes.push({ statement, why: 'must be PASS or AH: keepalived does without authentication then' });
  return 'NONE';
}

type Reader = (statement: Statement, instance: Instance, values: Values) => void;

const READERS: Readonly<Record<string, Reader>> = {
  state: (statement, instance) => {
    instance.state = statement;
  },
  interface: (statement, instance, values) => {
    const name = values.word(statement);
    const fault = name === undefined ? undefined : interfaceNameFault(name);
    if (fault !== undefined) values.report.fault(statement, fault);
    else instance.interface = name;
  },
  virtual_router_id: (statement, instance, values) => {
    instance.vrid = values.integer(statement, 1, 255);
  },
  priority: (statement, instance, values) => {
    instance.priority = values.integer(statement, 1, 255) ?? 100;
    instance.prioritySaid = statement;
  },
  advert_int: (statement, instance, values) => {
    instance.advert = values.number(statement, 0.01, 255);
    instance.advertSaid = statement;
  },
  version: (statement, instance, values) => {
    instance.version = values.integer(statement, 2, 3) as 2 | 3 | undefined;
  },
  nopreempt: (statement, instance) => {
    instance.nopreempt = statement;
  },
  preempt: (_, instance) => {
    delete instance.nopreempt;
  },
  preempt_delay: (statement, instance, values) => {
    const seconds = values.number(statement, 0, 1000);
    if (seconds !== undefined) instance.preemptDelay = { seconds, statement };
  },
  authentication: (statement, instance, values) => {
    let type = 'none';
    let secret = '';
    for (const each of values.entries(statement)) {
      const [name, value = ''] = each.words;
      if (name === 'auth_type') type = authType(each, instance);
      else if (name === 'auth_pass') secret = value;
      else instance.notes.push({ statement: each, why: UNKNOWN });
    }
    instance.auth = { type, secret, statement };
  },
  virtual_ipaddress: (statement, instance, values) => addAddresses(statement, instance.addresses, values),
  virtual_ipaddress_excluded: (statement, instance, values) =>
    addAddresses(statement, instance.excluded, values),
  virtual_routes: (statement, instance, values) => void instance.routes.push(...values.entries(statement)),
  virtual_rules: (statement, instance, values) => void instance.rules.push(...values.entries(statement)),
  unicast_src_ip: (statement, instance, values) => {
    const address = hostOf(statement, 1, values);
    if (address !== undefined) instance.source = { address, statement };
  },
  unicast_peer: (statement, instance, values) => {
    for (const each of values.entries(statement)) readPeer(each, instance, values);
  },
  use_vmac: (statement, instance, values) => {
    const [, ...words] = statement.words;
    const [name] = words.filter((word) => !word.includes(':'));
    const fault = name === undefined ? undefined : interfaceNameFault(name);
    if (fault !== undefined) values.report.fault(statement, fault);
    if (words.some((word) => word.includes(':')))
      instance.notes.push({ statement, why: 'the virtual MAC address is that of the RFCs' });
    instance.vmac = { statement, ...(name === undefined || fault !== undefined ? {} : { name }) };
  },
  accept: (_, instance) => {
    instance.accept = true;
  },
  no_accept: (_, instance) => {
    instance.accept = false;
  },
  strict_mode: (statement, instance, values) => {
    instance.strict = values.flag(statement);
  },
  garp_master_delay: (statement, instance, values) =>
    addGarp(instance, 'delay', values.number(statement, 0, 3600)),
  garp_master_repeat: (statement, instance, values) =>
    addGarp(instance, 'repeat', values.integer(statement, 1, 1_000_000)),
  garp_master_refresh: (statement, instance, values) =>
    addGarp(instance, 'refresh', values.integer(statement, 0, 86_400)),
  down_timer_adverts: (statement, instance, values) => {
    instance.downTimerAdverts = values.integer(statement, 1, 100);
  },
  dont_track_primary: (_, instance) => {
    instance.isPrimaryTracked = false;
  },
};

function readDirective(statement: Statement, instance: Instance, values: Values): void {
  const name = statement.words[0]!;
  const kind = Object.hasOwn(TRACK_BLOCKS, name) ? TRACK_BLOCKS[name] : undefined;
  if (kind !== undefined) {
    instance.tracks.push(...trackEntries(statement, values).map((each) => ({ kind, statement: each })));
  } else if (Object.hasOwn(READERS, name)) READERS[name]!(statement, instance, values);
  else if (Object.hasOwn(HOOKS, name)) instance.hooks.push(statement);
  else {
    const why = Object.hasOwn(INSTANCE_NOTES, name) ? INSTANCE_NOTES[name]! : UNKNOWN;
    instance.notes.push({ statement, why });
  }
}

function addAddresses(statement: Statement, to: ImportedAddress[], values: Values): void {
  for (const each of values.entries(statement)) {
    const address = readAddress(each, values.report);
    if (address) to.push(address);
  }
}

function addGarp(instance: Instance, key: keyof Garp, value: number | undefined): void {
  if (value !== undefined) instance.garp = { ...instance.garp, [key]: value };
}

function readPeer(statement: Statement, instance: Instance, values: Values): void {
  const named = { ...statement, words: ['unicast_peer', ...statement.words] };
  const address = hostOf(named, 1, values);
  if (address === undefined) return;
  const at = statement.words.indexOf('min_ttl');
  const minTtl = at > 0 ? values.integer(statement, 0, 255, at + 1) : undefined;
  if (statement.words.includes('max_ttl'))
    instance.notes.push({
      statement,
      why: 'there is no max_ttl: a packet that has come further has a lower TTL',
    });
  const ttl = minTtl === undefined ? {} : { minTtl };
  const more = statement.words.slice(1).filter((word) => isIP(word) !== 0);
  for (const each of [address, ...more]) instance.peers.push({ address: each, statement, ...ttl });
}

function hostOf(statement: Statement, at: number, values: Values): string | undefined {
  const text = statement.words[at] ?? '';
  if (isIP(text) === 0) values.report.fault(statement, 'must be an IPv4 or IPv6 address');
  else {
    const verdict = hostAddress(text);
    if (verdict.fault === undefined) return verdict.address;
    values.report.fault(statement, verdict.fault);
  }
  return undefined;
}
