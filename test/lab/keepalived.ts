/** keepalived, the peer that deployed networks have. */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Host } from './host.ts';
import type { Lab } from './lab.ts';
import type { Exit, Running } from './running.ts';
import { eventually } from './wait.ts';

/** One `vrrp_instance`. */
export interface KeepalivedInstance {
  readonly interface: string;
  readonly vrid: number;
  /** Default 100. */
  readonly priority?: number;
  /** With prefix length: `10.0.0.1/24`. All of one family; the first one of IPv6 is link-local. */
  readonly vips: readonly string[];
  /** Default 2. */
  readonly version?: 2 | 3;
  /** Seconds; hundredths for version 3. Default 1. */
  readonly interval?: number;
  /** `auth_type PASS`; keepalived uses its first 8 characters. */
  readonly secret?: string;
  readonly nopreempt?: boolean;
  /** `preempt_delay` in s. */
  readonly preemptDelay?: number;
  /** `use_vmac`: the addresses are on an interface of this name with the virtual MAC; it speaks from its own interface. */
  readonly vmac?: string;
  /** `unicast_peer`: whom it speaks to without multicast. */
  readonly peers?: readonly string[];
  /** `unicast_src_ip`. */
  readonly source?: string;
  /** Further lines, such as `track_interface { … }`. */
  readonly more?: readonly string[];
}

/** The text of a configuration file (man 5 keepalived.conf). */
export function keepalivedConfiguration(
  instances: readonly KeepalivedInstance[],
  globals = '',
  other = '',
): string {
  const blocks = instances.map((instance, index) => {
    const { secret, peers, source } = instance;
    const more = [
      ...(instance.more ?? []),
      ...(instance.preemptDelay === undefined ? [] : [`  preempt_delay ${instance.preemptDelay}`]),
      ...(source === undefined ? [] : [`  unicast_src_ip ${source}`]),
      ...(peers === undefined ? [] : ['  unicast_peer {', ...peers.map((peer) => `    ${peer}`), '  }']),
    ];
    return `vrrp_instance i${index} {
  state ${instance.priority === 255 ? 'MASTER' : 'BACKUP'}
  interface ${instance.interface}
  virtual_router_id ${instance.vrid}
  priority ${instance.priority ?? 100}
  advert_int ${instance.interval ?? 1}
${more.map((line) => `${line}\n`).join('')}${instance.version === undefined ? '' : `  version ${instance.version}\n`}${instance.nopreempt ? '  nopreempt\n' : ''}${
  instance.vmac === undefined ? '' : `  use_vmac ${instance.vmac}\n  vmac_xmit_base\n`
}${
  secret === undefined ? '' : `  authentication {\n    auth_type PASS\n    auth_pass ${secret}\n  }\n`
}  virtual_ipaddress {
${instance.vips.map((vip) => `    ${vip}`).join('\n')}
  }
}
`;
  });
  return `global_defs {\n  vrrp_version 2\n${globals}}\n${other}${blocks.join('')}`;
}

let started = 0;

/** How to start it. */
export interface KeepalivedOptions {
  /** Lines for `global_defs`. */
  readonly globals?: string;
  /** Has all instances in one `vrrp_sync_group`. Default false. */
  readonly sync?: boolean;
  /** Further blocks in front of the instances, such as `vrrp_script x { … }`. */
  readonly blocks?: string;
  /** `discard` for thousands of instances, whose every transition is a line. Default `capture`. */
  readonly output?: 'capture' | 'discard';
  /** Runs it on a terminal of its own. Default false. */
  readonly terminal?: boolean;
  /** `--log-detail`: each transition is a line. Default true. */
  readonly detail?: boolean;
}

function fileText(instances: readonly KeepalivedInstance[], options: KeepalivedOptions): string {
  const { globals = '', blocks = '' } = options;
  const names = instances.map((_, index) => `    i${index}\n`).join('');
  const group = options.sync ? `vrrp_sync_group all {\n  group {\n${names}  }\n}\n` : '';
  return `${keepalivedConfiguration(instances, globals, blocks)}${group}`;
}

/** A running keepalived: a parent, and the child that speaks VRRP. */
export class Keepalived {
  private constructor(
    readonly running: Running,
    private readonly base: string,
  ) {}

  /** Starts it; it may not speak VRRP yet when this returns. */
  static start(
    lab: Lab,
    host: Host,
    instances: readonly KeepalivedInstance[],
    options: KeepalivedOptions = {},
  ): Keepalived {
    return Keepalived.startWith(lab, host, fileText(instances, options), options);
  }

  /** Starts it with the text of a configuration file; of the options only those of how it runs count. */
  static startWith(lab: Lab, host: Host, text: string, options: KeepalivedOptions = {}): Keepalived {
    const base = path.join(lab.folder, `keepalived-${host.name}-${++started}`);
    writeFileSync(`${base}.conf`, text);
    const args = [
      ...['--dont-fork', '--vrrp', '--log-console', '--no-syslog'],
      ...(options.detail === false ? [] : ['--log-detail']),
      ...['-f', `${base}.conf`, '-p', `${base}.pid`, '-r', `${base}-vrrp.pid`],
    ];
    const start = options.output ? { output: options.output } : {};
    const running = options.terminal
      ? host.startOnTerminal('keepalived', args, `${base}-terminal.pid`, start)
      : host.start('keepalived', args, start);
    return new Keepalived(running, base);
  }

  /** Process ids: the parent's and its VRRP child's. */
  async pids(): Promise<number[]> {
    return eventually('the processes of keepalived', 30_000, () =>
      ['.pid', '-vrrp.pid'].map((suffix) => {
        const pid = Number(readFileSync(`${this.base}${suffix}`, 'utf8').trim());
        if (!(pid > 0)) throw new Error(`no process id in ${this.base}${suffix}`);
        return pid;
      }),
    );
  }

  /** Another configuration, by SIGHUP; resolves when it has begun to read it. */
  async reload(instances: readonly KeepalivedInstance[], options: KeepalivedOptions = {}): Promise<void> {
    writeFileSync(`${this.base}.conf`, fileText(instances, options));
    const before = this.running.output.length;
    process.kill((await this.pids())[0]!, 'SIGHUP');
    await eventually('the reload of keepalived', 20_000, () =>
      /Reloading/.test(this.running.output.slice(before)),
    );
  }

  /** Ends it in an orderly way: it advertises priority 0 and takes its addresses back. */
  async stop(): Promise<Exit> {
    process.kill((await this.pids())[0]!, 'SIGTERM');
    return eventually('the end of keepalived', 60_000, () => this.running.exit);
  }

  /**
   * SIGKILL to both processes. The parent is stopped first: it would start another child, and on its own end
   * the child would get SIGTERM and say good-bye.
   * @returns when, in ms since the epoch
   */
  async kill(): Promise<number> {
    const [parent, child] = await this.pids();
    process.kill(parent!, 'SIGSTOP');
    process.kill(child!, 'SIGKILL');
    const time = Date.now();
    process.kill(parent!, 'SIGKILL');
    await this.running.exited;
    return time;
  }
}
