/**
 * The old process's side of a hand-over to another process, from `offer` to `done` (messages.ts). The old engine goes on
 * until the new one has taken in what it is offered, and takes everything back should the new process be gone, or too
 * late, before it is `done`.
 */

import { MessageChannel, type MessagePort } from 'node:worker_threads';
import type { HandoverMessage } from '../../engine/handover.ts';
import { CodedError, errorOf } from '../../shared/errors.ts';
import { within } from '../../shared/within.ts';
import type { HandedSocket } from '../../threads/engine-messages.ts';
import { encodeTable } from '../../threads/table-format.ts';
import type { Generation } from '../generation.ts';
import type { Section } from './frame.ts';
import type { Line } from './line.ts';
import { type HandedPlaces, packSocket } from './messages.ts';
import { octetSection, plainSection, type Reads, readableBy } from './sections.ts';
import { hurry } from './urgency.ts';

/** The new process must say the next thing within so many ms. */
const PATIENCE = 15_000;
/** A new engine must run within so many ms after the old one let go. */
const GAP = 1000;

/** What is given beside the generation. */
export interface Goods {
  /** Claims on virtual routers, and their sockets. */
  readonly claims: readonly { readonly name: string; readonly descriptor: number }[];
  /** Descriptors, where indices are wanted. */
  readonly places: HandedPlaces;
  /** See `TrackerStates`; absent: there are no trackers. */
  readonly trackers?: unknown;
  /** Called once the new engine runs: the places are the new process's by now. */
  taken(): void;
  /** Ends the client API. @returns sections for the new one */
  serve(): Promise<readonly Section[]>;
}

/** The new process, as far as it matters here. */
export interface Receiver {
  readonly line: Pick<Line, 'send' | 'next'>;
  readonly reads: Reads;
  /** Old slots that have no successor. */
  readonly leaving: readonly number[];
}

/**
 * Hands over. When this resolves, the new process has everything.
 * @param kill ends the new process; resolves once it is gone
 * @throws Error why it could not; then the engine has gone on, and the new process is gone
 */
export async function give(
  generation: Pick<Generation, 'handOver' | 'estate' | 'table' | 'retire'>,
  { line, reads, leaving }: Receiver,
  goods: Goods,
  kill: () => Promise<void>,
): Promise<void> {
  const { port1: engine, port2: ours } = new MessageChannel();
  let calm = (): void => {};
  /** What must not be known to the other side is left out. */
  const send = (type: string, fields: object, sections: readonly Section[], descriptors: number[]): void =>
    line.send(type, { ...fields }, readableBy(reads, sections), descriptors);
  const state = (): Section[] => [
    octetSection('table', encodeTable(generation.table)),
    octetSection('auth-memories', new Uint8Array(generation.estate.authMemories)),
  ];
  try {
    const offered = inTime(fromEngine(ours), PATIENCE, 'the engine has not offered to hand over');
    generation.handOver(engine, leaving, true);
    const first = await offered;
    if (first?.type === 'refuse') throw errorOf(first.error);
    if (first?.type !== 'offer')
      throw new CodedError('worker-failed', 'the engine has not offered to hand over');
    const { offer } = first;
    const descriptors: number[] = [];
    const sockets = packSockets(generation.estate.sockets, descriptors);
    const names = goods.claims.map(({ name, descriptor }) => [name, descriptors.push(descriptor) - 1]);
    const places = packPlaces(goods.places, descriptors);
    const sections = [
      ...state(),
      plainSection('sockets', sockets),
      plainSection('links', offer.links),
      plainSection('claims', names),
      plainSection('places', places),
      plainSection('trackers', goods.trackers),
    ];
    send('offer', {}, [...sections, ...exported(offer.pluginStates)], descriptors);
    await inTime(line.next('take'), PATIENCE, 'the new process has not taken in what it was offered');

    calm = hurry();
    const letGo = inTime(fromEngine(ours), GAP, 'the engine has not let go');
    ours.postMessage({ type: 'take' } satisfies HandoverMessage);
    const second = await letGo;
    if (second?.type !== 'estate') throw new CodedError('worker-failed', 'the engine has ended');
    const { estate } = second;
    const last: number[] = [];
    const left = plainSection('sockets', packSockets(estate.sockets, last));
    send('estate', { since: estate.since }, [...state(), left, plainSection('peers', estate.peers)], last);
    await inTime(line.next('running'), GAP, 'the new engine has not run in time');

    calm();
    goods.taken();
    const served = goods.serve();
    served.catch(() => {}); // it is waited for below
    await generation.retire();
    line.send('retired');
    send('served', {}, await served, []);
    await inTime(line.next('done'), PATIENCE, 'the new process has not become all that it is to be');
    ours.postMessage({ type: 'keep' } satisfies HandoverMessage);
  } catch (error) {
    // First: an engine that still runs there must not be heard beside ours.
    await kill();
    ours.close();
    throw error;
  } finally {
    calm();
  }
}

/** What plugins have exported, if it can be given to another process. */
function exported(states: readonly unknown[]): Section[] {
  try {
    return [plainSection('plugin-states', states)];
  } catch {
    return []; // an object of a class of its own: they begin anew
  }
}

function packSockets(sockets: readonly HandedSocket[], descriptors: number[]): HandedSocket[] {
  return sockets.map((socket) => packSocket(socket, descriptors));
}

function packPlaces({ lock, control, pidFile }: HandedPlaces, descriptors: number[]): HandedPlaces {
  const index = (descriptor: number): number => descriptors.push(descriptor) - 1;
  return {
    lock: index(lock),
    ...(control !== undefined && { control: index(control) }),
    ...(pidFile && { pidFile: { path: pidFile.path, descriptor: index(pidFile.descriptor) } }),
  };
}

/** The engine's next message; undefined if it has ended. */
function fromEngine(port: MessagePort): Promise<HandoverMessage | undefined> {
  return new Promise((resolve) => {
    port.once('message', (message: HandoverMessage) => resolve(message));
    port.once('close', () => resolve(undefined));
  });
}

/** @throws CodedError if it takes longer than so many ms */
export function inTime<T>(work: Promise<T>, ms: number, otherwise: string): Promise<T> {
  return within(work, ms, () => {
    throw new CodedError('timed-out', `${otherwise} within ${ms / 1000} s`);
  });
}
