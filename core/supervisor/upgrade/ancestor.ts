/**
 * The old process as the new one sees it: the generation before the first. Should it be gone once it has made its offer,
 * its sockets and its state as of then are taken over all the same.
 */
import { closeSync, readlinkSync } from 'node:fs';
import type { MessagePort } from 'node:worker_threads';
import type { HandoverMessage, Estate as LetGo, Offer } from '../../engine/handover.ts';
import { native } from '../../native/index.ts';
import { CodedError, messageOf, reportOf } from '../../shared/errors.ts';
import { packageVersion } from '../../shared/package-root.ts';
import { AuthMemories } from '../../threads/auth-memory.ts';
import type { HandedSocket } from '../../threads/engine-messages.ts';
import type { StateTable } from '../../threads/state-table.ts';
import { decodeTable } from '../../threads/table-format.ts';
import type { Estate, Predecessor } from '../generation.ts';
import { instancePlaces } from '../instance.ts';
import type { NotifierState } from '../notify/notifier.ts';
import type { RouterSummary } from '../succession.ts';
import type { TrackerStates } from '../track/trackers.ts';
import type { WorkerHandle } from '../worker-handle.ts';
import { HEIR_MARK } from './heir.ts';
import { Line, LineCut, type Received } from './line.ts';
import {
  type EstateFields,
  type HandedDaemon,
  type HandedPlaces,
  type HandedService,
  type Hello,
  PROTOCOL,
  unpackSocket,
  type Welcome,
} from './messages.ts';
import { contentOf, essentialOf, ourReads, plainOf } from './sections.ts';
import { hurry } from './urgency.ts';

/** A new engine must run within so many ms after the old one let go. */
const GAP = 1000;
/** The old process says the next thing within so many ms, or counts as gone: it is stuck, and we run. */
const PATIENCE = 5000;
/** But for its last words: deliveries of hooks that are under way have their time, and what waits may be much. */
const LAST_WORDS = 15_000;
/** The file descriptor of standard error. */
const STANDARD_ERROR = 2;

/** What is told first. */
export interface Introduction {
  /** By slot. */
  readonly routers: readonly RouterSummary[];
  readonly trackers: TrackerStates;
}

/** What is given at the end. */
export interface Remainder {
  readonly service?: HandedService;
  readonly daemon?: HandedDaemon;
  readonly notifier?: NotifierState;
}

/** See the file's comment. */
export class Ancestor implements Predecessor {
  readonly crashed = false;
  /** Who it is; known once it has said so. */
  welcome: Welcome | undefined;
  /** What it has offered. */
  private offer: { readonly offer: Offer; readonly sockets: readonly HandedSocket[] } | undefined;
  private table: StateTable | undefined;
  private authMemories = AuthMemories.allocate(0).buffer;
  private routers: readonly RouterSummary[] = [];
  private places_: HandedPlaces | undefined;
  /** Whom we are in a hurry for: it must run soon once the old engine has let go. */
  private successor: WorkerHandle | undefined;
  private calm: () => void = () => {};

  /** @param standardError descriptor of what is to be ours later */
  constructor(
    private readonly line: Line,
    private standardError: number | undefined,
  ) {
    // Whom nobody listens to any more, nobody shall wait for.
    void line.cut.then(() => this.takeStandardError());
  }

  /** Of this process; undefined: it was not started to take over. */
  static fromEnvironment(): Ancestor | undefined {
    const mark = process.env[HEIR_MARK];
    delete process.env[HEIR_MARK];
    const [stream, rights, standardError] = (mark ?? '').split(' ').map(Number);
    if (stream === undefined || rights === undefined || standardError === undefined) return undefined;
    return new Ancestor(Line.inherited(stream, rights), standardError);
  }

  /** It is gone, and has offered nothing: there is nothing to take over. */
  get hasLeftNothing(): boolean {
    return this.line.over && this.offer === undefined;
  }

  /**
   * Says who we are, and hears what runs there.
   * @param file the configuration file
   * @throws CodedError why we are not to take over; LineCut if it is gone
   */
  async introduce(file: string): Promise<Introduction> {
    const { lock, namespaceCookie } = instancePlaces(file);
    const hello: Hello = {
      ...{ protocol: PROTOCOL, version: packageVersion(), node: process.version, pid: process.pid },
      ...{ namespace: readlinkSync('/proc/self/ns/net'), cookie: namespaceCookie, clock: clockNamespace() },
      ...{ lock, reads: ourReads() },
    };
    this.line.send('hello', { ...hello });
    const welcome = await this.line.next('welcome');
    this.welcome = welcome.fields as unknown as Welcome;
    this.routers = essentialOf(welcome, 'routers') as readonly RouterSummary[];
    return { routers: this.routers, trackers: trackersOf(welcome) };
  }

  /**
   * We are ready: has it offer what it has. Its claims are ours by then.
   * @param leaving its slots that have no successor
   * @returns what its trackers have come to
   */
  async receive(leaving: readonly number[]): Promise<TrackerStates> {
    this.line.send('prepared', { leaving });
    const message = await this.line.next('offer');
    const { descriptors } = message;
    for (const [name, index] of essentialOf(message, 'claims') as readonly (readonly [string, number])[]) {
      native.adoptClaim(name, at(descriptors, index));
    }
    const { lock, control, pidFile } = essentialOf(message, 'places') as HandedPlaces;
    this.places_ = {
      lock: at(descriptors, lock),
      ...(control !== undefined && { control: at(descriptors, control) }),
      ...(pidFile && { pidFile: { path: pidFile.path, descriptor: at(descriptors, pidFile.descriptor) } }),
    };
    this.inherit(message);
    const links = essentialOf(message, 'links') as Offer['links'];
    const states = plainOf(message, 'plugin-states') as Offer['pluginStates'] | undefined;
    this.offer = { offer: { links, pluginStates: states ?? [] }, sockets: socketsOf(message) };
    return trackersOf(message);
  }

  /** Descriptors of lock, control socket and PID file. */
  get places(): HandedPlaces {
    if (!this.places_) throw new Error('nothing was offered yet');
    return this.places_;
  }

  get estate(): Estate {
    if (!this.table) throw new Error('nothing was offered yet');
    const { routers, table, authMemories } = this;
    return { routers, table: table.buffer, authMemories, sockets: [] };
  }

  /** Carries what the two engines say. */
  handOver(port: MessagePort): void {
    const { offer } = this;
    if (!offer) throw new Error('nothing was offered yet');
    port.on('message', ({ type }: HandoverMessage) => {
      if (type === 'take') void this.take(port, offer.sockets);
    });
    this.calm = hurry();
    port.postMessage({ type: 'offer', offer: offer.offer } satisfies HandoverMessage);
  }

  async handedOver(successor: WorkerHandle): Promise<void> {
    this.successor = successor;
    try {
      await successor.ready;
    } finally {
      this.successor = undefined;
    }
    this.line.send('running');
    this.takeStandardError();
    this.calm();
  }

  async retire(): Promise<void> {
    await this.hear(['retired']);
  }

  tellRest(): void {}

  /** What its service has left to ours, once it has ended; and what it has told of itself. */
  async remainder(): Promise<Remainder> {
    let message = await this.hear(['retired', 'served'], LAST_WORDS);
    if (message?.type === 'retired') message = await this.hear(['served'], LAST_WORDS); // it was late
    const service = message && (plainOf(message, 'service') as HandedService | undefined);
    const daemon = message && (plainOf(message, 'daemon') as HandedDaemon | undefined);
    const notifier = message && (plainOf(message, 'notifier') as NotifierState | undefined);
    return { ...(service && { service }), ...(daemon && { daemon }), ...(notifier && { notifier }) };
  }

  /** Everything is ours: it ends. */
  async conclude(): Promise<void> {
    this.line.send('done');
    await this.line.flushed();
  }

  /** We cannot take over: it goes on. To be followed by the end of this process. */
  async fail(error: unknown): Promise<void> {
    this.line.send('failed', { ...reportOf(error) });
    await this.line.flushed();
  }

  /** The new engine takes: waits until the old one has let go. */
  private async take(port: MessagePort, offered: readonly HandedSocket[]): Promise<void> {
    this.line.send('take');
    let estate: LetGo;
    try {
      const message = await this.line.next('estate');
      this.inherit(message);
      const { since } = message.fields as unknown as EstateFields;
      const peers = (plainOf(message, 'peers') as LetGo['peers'] | undefined) ?? [];
      estate = { sockets: socketsOf(message), peers, since };
      for (const { descriptor, watch, membership } of offered) {
        for (const each of [descriptor, watch, membership]) if (each !== undefined) closeSync(each);
      }
    } catch (error) {
      if (!(error instanceof LineCut)) {
        port.close(); // the engine fails, and with it everything here
        return;
      }
      // It is gone in the middle: what it had is ours as it was a moment ago.
      estate = { sockets: offered, peers: [], since: native.monotonicMs(), died: true };
    }
    setTimeout(() => this.successor?.isLate(GAP), GAP).unref();
    port.postMessage({ type: 'estate', estate } satisfies HandoverMessage);
  }

  /** Takes in state as it is by now. */
  private inherit(message: Received): void {
    const table = contentOf(message, 'table');
    if (table) this.table = decodeTable(table, this.table);
    const memories = contentOf(message, 'auth-memories');
    if (!memories) return;
    if (memories.byteLength !== this.authMemories.byteLength)
      this.authMemories = new SharedArrayBuffer(memories.byteLength);
    new Uint8Array(this.authMemories).set(memories);
    try {
      new AuthMemories(this.authMemories);
    } catch {
      this.authMemories = AuthMemories.allocate(0).buffer; // of another layout: the file has most of it
    }
  }

  /** The next message; undefined if it is gone, or does not say it in time. */
  private async hear(types: readonly string[], patience = PATIENCE): Promise<Received | undefined> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<undefined>((resolve) => {
      timer = setTimeout(resolve, patience, undefined);
    });
    try {
      return await Promise.race([this.line.next(...types), late]);
    } catch (error) {
      if (error instanceof LineCut) return undefined;
      throw new CodedError('failed', messageOf(error));
    } finally {
      clearTimeout(timer);
    }
  }

  private takeStandardError(): void {
    if (this.standardError === undefined) return;
    native.replaceDescriptor(this.standardError, STANDARD_ERROR);
    closeSync(this.standardError);
    this.standardError = undefined;
  }
}

function trackersOf(message: Received): TrackerStates {
  return (plainOf(message, 'trackers') as TrackerStates | undefined) ?? new Map();
}

/** Time namespace of this process (man 7 time_namespaces); null where the kernel has none. */
export function clockNamespace(): string | null {
  try {
    return readlinkSync('/proc/self/ns/time');
  } catch {
    return null;
  }
}

function socketsOf(message: Received): HandedSocket[] {
  const sockets = essentialOf(message, 'sockets') as readonly HandedSocket[];
  return sockets.map((socket) => unpackSocket(socket, message.descriptors));
}

function at(descriptors: readonly number[], index: number): number {
  const descriptor = descriptors[index];
  if (descriptor === undefined) throw new Error(`descriptor ${index} has not come`);
  return descriptor;
}
