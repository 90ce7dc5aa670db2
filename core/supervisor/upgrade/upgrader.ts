/** Upgrades of the running daemon: another process takes its place, or nothing has changed, and it is told why. */
import { readlinkSync } from 'node:fs';
import path from 'node:path';
import { native } from '../../native/index.ts';
import { CodedError, codeOf, messageOf } from '../../shared/errors.ts';
import { packageVersion } from '../../shared/package-root.ts';
import type { Daemon } from '../daemon.ts';
import type { InstancePlaces } from '../instance.ts';
import type { Logger } from '../log.ts';
import type { PidFile } from '../pid-file.ts';
import type { PrepareOptions } from '../prepare.ts';
import type { ServiceManager } from '../service-manager.ts';
import { summariesOf } from '../succession.ts';
import type { Turn } from '../turns.ts';
import { clockNamespace } from './ancestor.ts';
import { argumentsOf, commandOf, type OwnStart, type UpgradeRequest } from './command.ts';
import { inTime } from './give.ts';
import { Heir } from './heir.ts';
import { LineCut } from './line.ts';
import { type Hello, PROTOCOL, type Prepared, type Welcome } from './messages.ts';
import { plainSection, unreadable } from './sections.ts';

/** The new process must have understood its configuration, and must have made ready, within so many ms each. */
const PATIENCE = 20_000;

/** ms in which the answer of whoever has asked is on its way. */
const LAST_WORDS = 20;

/** How an upgrade went that went well. */
export interface UpgradeOutcome {
  /** Versions of rvrrpd before and after. */
  readonly from: string;
  readonly to: string;
  /** Version of the Node.js that runs it. Absent: nobody was left who could tell. */
  readonly node?: string;
  /** Process id of the daemon by now. */
  readonly pid: number;
}

/** What of this process another one takes over, or has to know. */
export interface OwnAffairs {
  readonly places: Pick<InstancePlaces, 'lock' | 'namespaceCookie' | 'journal'>;
  readonly lockDescriptor: number;
  /** The control socket: its descriptor, if it is open; and that it is another process's, or ours again. */
  readonly control: { readonly descriptor: number | undefined; leave(): void; comeBack(): Promise<void> };
  readonly inBackground: boolean;
  readonly pidFile: PidFile | undefined;
  readonly options: PrepareOptions;
  readonly own: OwnStart;
  /** Somebody waits for a reload: it is the new process's to do. */
  readonly reloadIsAskedFor: boolean;
}

/** See the file's comment. */
export class Upgrader {
  /** The process that has taken over; undefined: none has. */
  successor: number | undefined;
  /** Resolves once one has, and whoever asked was told: this process is to end. */
  readonly over: Promise<void>;
  private end!: () => void;
  private busy = false;

  /** @param affairs asked when they are needed */
  constructor(
    private readonly daemon: Pick<Daemon, 'turns' | 'start' | 'trackerStates' | 'yieldTo' | 'stopRequested'>,
    private readonly log: Pick<Logger, 'info' | 'error'>,
    private readonly manager: Pick<ServiceManager, 'handOver'>,
    private readonly affairs: () => OwnAffairs,
  ) {
    this.over = new Promise((resolve) => {
      this.end = resolve;
    });
  }

  /** Another process may be about to take over, or has. */
  get isUnderWay(): boolean {
    return this.busy || this.successor !== undefined;
  }

  /**
   * Has another version take over.
   * @throws CodedError why it has not; then everything runs on as before, unless it is `upgrade-under-way`
   */
  async upgrade(request: UpgradeRequest = {}): Promise<UpgradeOutcome> {
    if (this.isUnderWay) throw new CodedError('upgrade-under-way', 'an upgrade is under way already');
    this.busy = true;
    try {
      const outcome = await this.daemon.turns.take((turn) => this.perform(request, turn));
      const { from, to, node, pid } = outcome;
      this.log.info(
        { version: to, node, successor: pid },
        `upgraded from ${from} to ${to}: process ${pid} has taken over`,
      );
      if (this.affairs().reloadIsAskedFor) process.kill(pid, 'SIGHUP');
      setTimeout(this.end, LAST_WORDS); // once the answer is on its way
      return outcome;
    } catch (error) {
      this.log.error(
        { code: codeOf(error) },
        `not upgraded: ${messageOf(error)}; everything runs on as before`,
      );
      throw error;
    } finally {
      this.busy = false;
    }
  }

  private async perform(request: UpgradeRequest, turn: Turn): Promise<UpgradeOutcome> {
    const { daemon, affairs } = this;
    const { options, own, inBackground, places } = affairs();
    const { file } = daemon.start.config;
    const command = commandOf(request, own, argumentsOf(inBackground ? 2 : 1, file, options));
    this.log.info(`upgrading: starting ${command.join(' ')}`);
    const heir = Heir.start(command, inBackground, path.dirname(places.journal));
    const stop = (): void => void heir.kill();
    daemon.stopRequested.addEventListener('abort', stop);
    try {
      const receiver = await turn.aside(this.meet(heir));
      daemon.stopRequested.removeEventListener('abort', stop); // from here on it is over soon
      await this.handOver(heir, receiver);
      this.successor = heir.pid;
      const { version, node } = receiver;
      return { from: packageVersion(), to: version, node, pid: heir.pid };
    } catch (error) {
      await heir.kill();
      if (daemon.stopRequested.aborted) throw new CodedError('stopping', 'rvrrpd is stopping');
      if (error instanceof LineCut) throw await heir.epitaph();
      throw error;
    } finally {
      daemon.stopRequested.removeEventListener('abort', stop);
      heir.forget();
    }
  }

  /** Waits until the new process is ready to take over. */
  private async meet(heir: Heir): Promise<Hello & Prepared> {
    const { daemon } = this;
    const hello = (await inTime(heir.line.next('hello'), PATIENCE, 'the new process has said nothing'))
      .fields as unknown as Hello;
    if (Number.isInteger(hello.pid)) heir.pid = hello.pid;
    this.expectCompatible(hello);
    heir.line.send('welcome', { version: packageVersion(), pid: process.pid } satisfies Welcome, [
      plainSection('routers', summariesOf(daemon.start)),
      plainSection('trackers', daemon.trackerStates),
    ]);
    const { fields } = await inTime(
      heir.line.next('prepared'),
      PATIENCE,
      'the new process has not made ready',
    );
    return { ...hello, ...(fields as unknown as Prepared) };
  }

  /** @throws CodedError why it cannot take over */
  private expectCompatible({ protocol, version, namespace, cookie, clock, lock, reads }: Hello): void {
    const { places } = this.affairs();
    const refuse = (why: string): never => {
      throw new CodedError('upgrade-failed', `rvrrpd ${version} cannot take over: ${why}`);
    };
    if (protocol !== PROTOCOL)
      refuse(`it speaks version ${protocol} of this hand-over, and this one ${PROTOCOL}`);
    const foreign = cookie !== null && places.namespaceCookie !== null && cookie !== places.namespaceCookie;
    if (foreign || namespace !== readlinkSync('/proc/self/ns/net'))
      refuse('it runs in another network namespace');
    if (clock !== clockNamespace())
      refuse('it runs in another time namespace, where the clock is another one');
    if (lock !== places.lock) refuse('it runs another configuration file');
    const strange = unreadable(reads);
    if (strange.length > 0) refuse(`it cannot read state of this version: ${strange.join(', ')}`);
  }

  private async handOver(heir: Heir, { leaving, reads }: Hello & Prepared): Promise<void> {
    const { control, pidFile, lockDescriptor } = this.affairs();
    let taken = false;
    const { descriptor } = control;
    const goods = {
      claims: native.heldClaims(),
      places: {
        lock: lockDescriptor,
        ...(descriptor !== undefined && { control: descriptor }),
        ...(pidFile && { pidFile: { path: pidFile.path, descriptor: pidFile.descriptor } }),
      },
      taken: () => {
        taken = true;
        this.manager.handOver(heir.pid);
        control.leave();
      },
    };
    try {
      await this.daemon.yieldTo({ line: heir.line, reads, leaving }, goods, () => heir.kill());
      pidFile?.leave();
    } catch (error) {
      if (taken) {
        this.manager.handOver(process.pid);
        await control.comeBack();
        pidFile?.takeBack();
      }
      throw error;
    }
  }
}
