/** `global_defs` and what else holds for all virtual routers. */
import type { Garp } from './garp.ts';
import { GLOBAL_NOTES, UNKNOWN } from './no-counterpart.ts';
import type { Note } from './report.ts';
import type { Statement } from './statements.ts';
import type { Values } from './values.ts';

/** What instances inherit. */
export interface Globals {
  version: 2 | 3;
  isStrict: boolean;
  startDelay?: number | undefined;
  downTimerAdverts?: number | undefined;
  garp: Garp;
  /** User and group of scripts. */
  scriptUser?: readonly string[];
  defaultInterface: string;
  vmacPrefix: string;
  /** By interface: seconds from a change of the carrier until it counts. */
  readonly delays: Map<string, { readonly down: number; readonly up: number }>;
  /** By interface, seconds between announcements: `garp_group`. */
  readonly garpIntervals: Map<string, number>;
  /** `notify_fifo` and its like. */
  readonly fifos: Statement[];
  readonly notes: Note[];
}

/** What holds without a word. */
export function defaultGlobals(): Globals {
  return {
    ...{ version: 2, isStrict: false, garp: {}, defaultInterface: 'eth0', vmacPrefix: 'vrrp', notes: [] },
    ...{ delays: new Map(), garpIntervals: new Map(), fifos: [] },
  };
}

/** Takes in what is in a block `global_defs`, a directive of it. */
export function readGlobal(statement: Statement, globals: Globals, values: Values): void {
  const [name = ''] = statement.words;
  const note = (why: string): void => void globals.notes.push({ statement, why });
  const garp = (key: keyof Garp, value: number | undefined): void => {
    if (value !== undefined) globals.garp = { ...globals.garp, [key]: value };
  };
  switch (name) {
    case 'vrrp_version': {
      const version = values.integer(statement, 2, 3);
      if (version !== undefined) globals.version = version as 2 | 3;
      return;
    }
    case 'vrrp_strict':
      globals.isStrict = true;
      return;
    case 'vrrp_startup_delay':
      globals.startDelay = values.number(statement, 0, 3600);
      return;
    case 'vrrp_down_timer_adverts':
      globals.downTimerAdverts = values.integer(statement, 1, 100);
      return;
    case 'vrrp_garp_master_delay':
      garp('delay', values.number(statement, 0, 3600));
      return;
    case 'vrrp_garp_master_repeat':
      garp('repeat', values.integer(statement, 1, 1_000_000));
      return;
    case 'vrrp_garp_master_refresh':
      garp('refresh', values.integer(statement, 0, 86_400));
      return;
    case 'vrrp_garp_interval':
    case 'vrrp_gna_interval': {
      const seconds = values.number(statement, 0, 3600);
      if (seconds !== undefined) garp('interval', Math.max(seconds, globals.garp.interval ?? 0));
      return;
    }
    case 'vrrp_min_garp':
      if (values.flag(statement)) globals.garp = { ...globals.garp, repeat: 1, delay: 0 };
      return;
    case 'script_user':
      globals.scriptUser = statement.words.slice(1);
      return;
    case 'notify_fifo':
    case 'vrrp_notify_fifo':
      globals.fifos.push(statement);
      return;
    case 'default_interface':
      globals.defaultInterface = values.word(statement) ?? globals.defaultInterface;
      return;
    case 'vmac_prefix':
      globals.vmacPrefix = values.word(statement) ?? globals.vmacPrefix;
      return;
    case 'vrrp_mcast_group4':
    case 'vrrp_mcast_group6': {
      const usual = name.endsWith('4') ? '224.0.0.18' : 'ff02::12';
      // The RFCs' own group needs no word.
      if (statement.words[1]?.toLowerCase() !== usual)
        note(`advertisements go to ${usual}, and others are not heard: give the other routers the same`);
      return;
    }
    default:
      note(GLOBAL_NOTES[name] ?? UNKNOWN);
  }
}

/** `interface_up_down_delays`: entries of interface, and seconds of down and up. */
export function readDelays(statement: Statement, globals: Globals, values: Values): void {
  for (const entry of values.entries(statement)) {
    const down = values.number(entry, 0, 255, 1);
    const up = entry.words.length > 2 ? values.number(entry, 0, 255, 2) : down;
    if (down !== undefined && up !== undefined) globals.delays.set(entry.words[0]!, { down, up });
  }
}

/** `garp_group`: how fast announcements go out of some interfaces. */
export function readGarpGroup(statement: Statement, globals: Globals, values: Values): void {
  let seconds = 0;
  const interfaces: string[] = [];
  for (const each of values.entries(statement)) {
    const [name] = each.words;
    if (name === 'garp_interval' || name === 'gna_interval')
      seconds = Math.max(seconds, values.number(each, 0, 3600) ?? 0);
    else if (name === 'interface') interfaces.push(values.word(each) ?? '');
    else if (name === 'interfaces') {
      interfaces.push(...values.entries(each).flatMap(({ words }) => words));
      globals.notes.push({
        statement: each,
        why: 'each of them has the rate for itself: there is none for several together',
      });
    } else globals.notes.push({ statement: each, why: UNKNOWN });
  }
  if (seconds > 0) for (const name of interfaces) globals.garpIntervals.set(name, seconds);
}
