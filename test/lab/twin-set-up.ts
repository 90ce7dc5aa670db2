/** One set-up of two routers, as rvrrpd and as keepalived are told it: what is compared is who is Master when. */
import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { LAN_VIP, WAN_VIP } from './gateway-pair.ts';
import type { Host } from './host.ts';
import { Keepalived } from './keepalived.ts';
import type { Lab } from './lab.ts';
import { Rvrrpd, type VrouterTable, writeConfiguration } from './rvrrpd.ts';
import type { Implementation } from './speaker.ts';
import { eventually } from './wait.ts';

/** Advertisement interval in s. */
export const INTERVAL = 0.5;

/** A router of the set-up. */
export interface SetUp {
  readonly priority: number;
  /** Default true. */
  readonly preempt?: boolean;
  /** What happens while its uplink has no carrier: a weight, or `fault`. Default: nothing. */
  readonly uplink?: number | 'fault';
  /** The same while a program says that something is wrong. */
  readonly program?: number | 'fault';
  /** A number in a file is added to its priority. */
  readonly number?: boolean;
  /** Another virtual router on the uplink, in one group with the first. */
  readonly group?: boolean;
  /** Seconds. */
  readonly preemptDelay?: number;
}

/** Files that a set-up looks at. */
interface Files {
  /** While it is there, the program says that something is wrong. */
  readonly wrong: string;
  readonly number: string;
}

/** A running daemon of a set-up. */
export interface Twin {
  /** SIGKILL. */
  kill(): Promise<unknown>;
  /** In an orderly way. */
  stop(): Promise<unknown>;
  /** SIGSTOP or SIGCONT to all its processes. */
  signal(signal: 'SIGSTOP' | 'SIGCONT'): Promise<void>;
  /** Another set-up, by SIGHUP. */
  reload(to: SetUp): Promise<void>;
}

function filesOf(lab: Lab, host: Host): Files {
  const base = path.join(lab.folder, `twin-${host.name}`);
  return { wrong: `${base}-wrong`, number: `${base}-number` };
}

/** Has the program of a host say that something is wrong, or not any more. */
export function setWrong(lab: Lab, host: Host, isWrong: boolean): void {
  const { wrong } = filesOf(lab, host);
  if (isWrong) writeFileSync(wrong, '');
  else rmSync(wrong, { force: true });
}

/** The number in a host's file. */
export function setNumber(lab: Lab, host: Host, number: number): void {
  writeFileSync(filesOf(lab, host).number, `${number}\n`);
}

function rvrrpdTables(
  set: SetUp,
  files: Files,
): { readonly vrouters: VrouterTable[]; readonly tables: string } {
  const { priority, preempt = true, uplink, program, number, group, preemptDelay } = set;
  const tracks: string[] = [];
  const track: (string | { readonly name: string; readonly weight: number })[] = [];
  const add = (name: string, weight: number | 'fault', table: string): void => {
    tracks.push(`[[track]]\nname = "${name}"\n${table}\n`);
    track.push(weight === 'fault' ? name : { name, weight });
  };
  if (uplink !== undefined) add('uplink', uplink, 'type = "link"\ninterface = "wan"');
  if (program !== undefined)
    add('program', program, `type = "exec"\ncommand = [ "/usr/bin/test", "!", "-e", "${files.wrong}" ]`);
  if (number) add('number', 1, `type = "file"\npath = "${files.number}"\nread = "weight"`);
  const common = { priority, preemption: preempt, version: 3, timers: { advert: INTERVAL } } as const;
  const delayed = preemptDelay === undefined ? {} : { preempt_delay: preemptDelay };
  const first = { group: 7, interface: 'lan', vip: LAN_VIP, ...common, ...delayed };
  const vrouters = [
    track.length === 0 ? first : { ...first, track },
    ...(group ? [{ group: 8, interface: 'wan', vip: WAN_VIP, ...common }] : []),
  ];
  const sync = group ? '[[sync]]\nname = "both"\nrouters = [ "lan/7", "wan/8" ]\n' : '';
  return { vrouters, tables: [...tracks, sync].join('\n') };
}

function keepalivedTexts(set: SetUp, files: Files) {
  const { priority, preempt = true, uplink, program, number, group, preemptDelay } = set;
  const weighed = (name: string, weight: number | 'fault'): string =>
    weight === 'fault' ? name : `${name} weight ${weight}`;
  const more = [
    ...(uplink === undefined ? [] : [`track_interface {\n ${weighed('wan', uplink)}\n}`]),
    ...(program === undefined ? [] : [`track_script {\n ${weighed('program', program)}\n}`]),
    ...(number ? ['track_file {\n number weight 1\n}'] : []),
  ];
  const script = `script "/usr/bin/test ! -e ${files.wrong}"\ninterval 1\ntimeout 2\nfall 1\nrise 1`;
  const blocks = [
    ...(program === undefined ? [] : [`vrrp_script program {\n${script}\n}\n`]),
    ...(number ? [`track_file number {\nfile "${files.number}"\n}\n`] : []),
  ].join('');
  const common = { priority, version: 3, interval: INTERVAL, nopreempt: !preempt } as const;
  const delayed = preemptDelay === undefined ? {} : { preemptDelay };
  const instances = [
    { interface: 'lan', vrid: 7, vips: [`${LAN_VIP}/24`], ...common, ...delayed, more },
    ...(group ? [{ interface: 'wan', vrid: 8, vips: [`${WAN_VIP}/24`], ...common }] : []),
  ];
  return { instances, options: { globals: '  script_user root\n', sync: group ?? false, blocks } };
}

/** Starts a daemon; it runs when this resolves. */
export async function startTwin(
  implementation: Implementation,
  lab: Lab,
  host: Host,
  set: SetUp,
): Promise<Twin> {
  const files = filesOf(lab, host);
  setWrong(lab, host, false);
  setNumber(lab, host, 0);
  if (implementation === 'rvrrpd') {
    const { vrouters, tables } = rvrrpdTables(set, files);
    const daemon = Rvrrpd.start(lab, host, vrouters, { tables });
    await daemon.ready(60_000);
    return {
      kill: () => daemon.kill(),
      stop: () => daemon.stop('SIGTERM', 20_000),
      signal: async (signal) => void process.kill(await daemon.pid(), signal),
      reload: async (to) => {
        const next = rvrrpdTables(to, files);
        writeConfiguration(lab, host, next.vrouters, { tables: next.tables });
        await daemon.reload();
      },
    };
  }
  const { instances, options } = keepalivedTexts(set, files);
  const daemon = Keepalived.start(lab, host, instances, options);
  await eventually('keepalived to run', 30_000, () => daemon.running.output.includes('Entering '));
  return {
    kill: () => daemon.kill(),
    stop: () => daemon.stop(),
    signal: async (signal) => {
      for (const pid of await daemon.pids()) process.kill(pid, signal);
    },
    reload: async (to) => {
      const next = keepalivedTexts(to, files);
      await daemon.reload(next.instances, next.options);
    },
  };
}
