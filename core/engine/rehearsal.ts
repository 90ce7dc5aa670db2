/**
 * A rehearsal: virtual routers that exist nowhere go through every transition, again and again, until the code of it
 * is compiled. Without it the first take-over of an engine, for which it may have waited for weeks, would be code
 * that has never run, and its advertisements would leave some ms late.
 *
 * It plays on an engine of its own, in the thread of the real one: code is compiled once for both, and nothing else is
 * shared. Its state table and its events are scratch memory, its packets come from here, its sockets do not exist.
 */
import type { VirtualRouterConfig } from '../config/model.ts';
import type { Link } from '../plugin/contracts/index.ts';
import { Cause, EventRing } from '../threads/event-ring.ts';
import {
  REHEARSED_PRIORITY as PRIORITY,
  REHEARSED_LINK,
  type RehearsedKind,
  rehearsedRouter,
} from '../threads/rehearsed.ts';
import { Int, Num, State, StateTable } from '../threads/state-table.ts';
import { addressBytes } from '../vrrp/address.ts';
import { encodeFrame, frameLength } from '../vrrp/frame.ts';
import { Attachment } from './attachment.ts';
import { Engine } from './engine.ts';
import { type EngineIo, kernelIo } from './io.ts';
import { Observer } from './observer.ts';
import { EngineRouter } from './router.ts';
import { emptyRouting, routingIndex } from './routing.ts';

/** Virtual routers of the rehearsal: as many deadlines in the heap as make it go up and down. */
const ROUTERS = 16;
/** Acts after which the code is compiled, as measured: more of them make the first take-over no faster. */
const ACTS = 60;
/** A rehearsal ends after this many ms of work, compiled or not: a slow machine shall start too. */
const BUDGET = 150;

const OURS = { 4: '192.0.2.1', 6: 'fe80::1' } as const;
const THEIRS = { 4: '192.0.2.2', 6: 'fe80::2' } as const;
/** What the virtual routers are like, in turn. */
const ALL_KINDS: readonly RehearsedKind[] = [
  { version: 2, family: 4 },
  { version: 3, family: 4 },
  { version: 3, family: 6 },
];

/** Those that a configuration has: what is not used is not rehearsed. */
export function kindsOf(routers: readonly RehearsedKind[]): readonly RehearsedKind[] {
  return ALL_KINDS.filter(({ version, family }) =>
    routers.some((router) => router.version === version && router.family === family),
  );
}

const LINK: Link = {
  ...REHEARSED_LINK,
  addresses: [
    { family: 4, address: OURS[4], prefixLength: 24, label: REHEARSED_LINK.name, secondary: false },
  ],
};

/** The other router's advertisement with this priority. */
function theirs(
  { vrid, version, family, addresses, advertisementIntervalCs }: VirtualRouterConfig,
  priority: number,
) {
  const frame = new Uint8Array(frameLength(version, family, addresses.length));
  const fields = { vrid, version, family, authType: 0, intervalCs: advertisementIntervalCs, priority };
  encodeFrame(frame, 0, addressBytes(THEIRS[family]), { ...fields, addresses: addresses.map(addressBytes) });
  return frame;
}

/** See the file's comment. */
export class Rehearsal {
  /** What came of it: the scratch state, for tests. */
  readonly table = StateTable.allocate(ROUTERS);
  private readonly engine: Engine;
  private readonly superior: Uint8Array[];
  private readonly inferior: Uint8Array[];
  private readonly resigned: Uint8Array[];
  private acts = 0;
  private spent = 0;
  /** The first ones, one of each kind. */
  private readonly few: readonly EngineRouter[];

  /**
   * @param io clock and packet loop, of its own; default: the kernel's
   * @param kinds default, and where there is none: all
   * @param together the first ones, one of each kind, are a group that is Master together
   */
  constructor(
    private readonly io: EngineIo = kernelIo,
    kinds: readonly RehearsedKind[] = ALL_KINDS,
    together = false,
  ) {
    const { table } = this;
    const played = kinds.length > 0 ? kinds : ALL_KINDS;
    const configs = Array.from({ length: ROUTERS }, (_, index) => ({
      ...rehearsedRouter(index + 1, played[index % played.length]!),
      ...(together && index < played.length ? { sync: LINK.name } : {}),
    }));
    const routers = configs.map((config, slot) => new EngineRouter(slot, config, undefined, table));
    const observer = new Observer(EventRing.allocate(64), table.slots + 1);
    const onSettled = (): void => {
      observer.dirty = false;
    };
    this.few = routers.slice(0, played.length);
    this.engine = new Engine(routers, table, observer, onSettled, false, io);
    // The first one's tag is 0, the second one's 1.
    const attachments = {
      4: Attachment.imaginary(LINK, 4, emptyRouting()),
      6: Attachment.imaginary(LINK, 6, emptyRouting()),
    };
    this.engine.attach(attachments[4]);
    this.engine.attach(attachments[6]);
    for (const router of routers) {
      const { family, vrid } = router.config;
      const attachment = attachments[family];
      attachment.slotOfVrid[routingIndex(router.version, vrid)] = router.slot;
      table.setInt(router.slot, Int.Priority, PRIORITY);
      router.setPrimary(OURS[family]);
      router.attachment = attachment;
      this.engine.rebuildFrames(router, LINK);
    }
    this.superior = configs.map((config) => theirs(config, PRIORITY + 1));
    this.inferior = configs.map((config) => theirs(config, PRIORITY - 1));
    this.resigned = configs.map((config) => theirs(config, 0));
  }

  /**
   * Plays one act, less than a ms of work once the code is warm: from Initialize through all states, and back.
   * @returns whether another one should follow
   */
  act(): boolean {
    const { engine, table } = this;
    const start = this.io.now();
    for (const router of engine.routers) engine.start(router, Cause.Startup);
    engine.settle();
    this.hear(this.superior);
    this.hear(this.superior); // the same once more: what is familiar is not decoded
    this.hear(this.inferior); // preempts when its timer expires
    this.expire(); // becomes Master
    for (let slot = 0; slot < ROUTERS; slot++) {
      table.setInt(slot, Int.Applied, table.int(slot, Int.Wanted));
    }
    engine.announceApplied();
    this.expire(); // advertises
    this.hear(this.inferior); // stays
    this.hear(this.resigned); // of another Master: advertises at once
    this.hear(this.superior); // gives way
    this.hear(this.resigned); // its Master stops: after the skew time it is Master again
    this.expire();
    for (const router of engine.routers) engine.stop(router, Cause.Shutdown, State.Initialize);
    engine.settle();
    this.spent += this.io.now() - start;
    return ++this.acts < ACTS && this.spent < BUDGET;
  }

  /**
   * Plays a take-over of one virtual router of each kind, a tenth of a ms of work: what is compiled has left the
   * processor's caches all the same while an engine waited, and this brings it back.
   */
  warm(): void {
    const { engine, few } = this;
    for (const router of few) engine.start(router, Cause.Startup);
    this.expire(few); // becomes Master
    for (const router of few) engine.stop(router, Cause.Shutdown, State.Initialize);
    engine.settle();
  }

  /** Lets go of its packet loop. No act can follow. */
  close(): void {
    this.engine.close();
  }

  /** Every router hears its frame. */
  private hear(frames: readonly Uint8Array[]): void {
    for (const [index, frame] of frames.entries()) {
      this.engine.place(index, frame, this.engine.routers[index]!.config.family === 4 ? 0 : 1);
    }
    this.engine.wake(frames.length, true);
  }

  /** The routers' timers have just expired. */
  private expire(routers = this.engine.routers): void {
    const now = this.io.now();
    for (const { slot } of routers) this.table.setNum(slot, Num.Deadline, now);
    this.engine.resume();
    this.engine.wake(0, true);
  }
}

/** How often a running engine plays an act: in between it is all there for its routers. */
const PAUSE = 20;

/**
 * Rehearses whenever the engine has nothing else to do.
 * @param hurry without pauses: the engine does not run yet
 * @returns settles after the last act
 */
export async function rehearse(rehearsal: Rehearsal, hurry: () => boolean): Promise<void> {
  while (rehearsal.act()) {
    await new Promise((resolve) => (hurry() ? setImmediate(resolve) : setTimeout(resolve, PAUSE)));
  }
}
