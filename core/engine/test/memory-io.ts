/** A world in memory for tests of the engine: its time stands still until it is told to go on. */
import { Meta, type PacketLoop, Queue } from '../../native/index.ts';
import type { EngineIo } from '../io.ts';

/** errno of a frame for a socket that does not exist. */
const EBADF = 9;

/** A frame that was sent. */
export interface SentFrame {
  readonly time: number;
  readonly descriptor: number;
  readonly bytes: Uint8Array;
}

/** What a loop was told of its timer. */
export interface Armed {
  /** Monotonic ms, 0: none. */
  readonly deadline: number;
  readonly awake: boolean;
}

type Memory = Parameters<EngineIo['loop']>;

/** A packet loop whose sockets are numbers. */
class MemoryLoop implements PacketLoop {
  /** Tags by descriptor. */
  readonly sockets = new Map<number, number>();
  armed: Armed = { deadline: 0, awake: false };
  closed = false;

  constructor(
    private readonly world: MemoryIo,
    readonly memory: Memory,
  ) {}

  add(descriptor: number, tag: number): void {
    this.sockets.set(descriptor, tag);
  }
  remove(descriptor: number): void {
    this.sockets.delete(descriptor);
  }
  setTimer(deadline: number, awake = false): void {
    this.armed = { deadline, awake };
    this.world.timers.push(this.armed);
  }
  flush(count: number): number {
    const [, , , send, queue] = this.memory;
    let failed = 0;
    for (let at = 0; at < count * Queue.Count; at += Queue.Count) {
      const descriptor = queue[at + Queue.Descriptor]!;
      const from = queue[at + Queue.Offset]!;
      if (this.sockets.has(descriptor)) {
        const bytes = send.slice(from, from + queue[at + Queue.Length]!);
        this.world.sent.push({ time: this.world.time, descriptor, bytes });
      } else {
        queue[at + Queue.Descriptor] = -EBADF;
        failed++;
      }
    }
    return failed;
  }
  close(): void {
    this.closed = true;
    this.armed = { deadline: 0, awake: false };
  }
}

/** See the file's comment. */
export class MemoryIo implements EngineIo {
  /** Monotonic ms. */
  time = 1000;
  readonly sent: SentFrame[] = [];
  /** Every setting of a timer, in order. */
  readonly timers: Armed[] = [];
  readonly loops: MemoryLoop[] = [];
  /** How often a timer has fired, by whether the thread had slept before. */
  readonly fired = { asleep: 0, awake: 0 };

  readonly now = (): number => this.time;
  readonly loop = (...memory: Memory): PacketLoop => {
    const loop = new MemoryLoop(this, memory);
    this.loops.push(loop);
    return loop;
  };

  /**
   * Frames come in on a socket, all in one wake-up.
   * @param waited ms between the arrival of each, or of all, and the wake-up, which is now
   * @param timers whether the loop has handed over everything by that, as it tells after the last packets
   */
  deliver(
    descriptor: number,
    frames: readonly Uint8Array[],
    waited: number | readonly number[] = 0,
    timers = true,
  ): void {
    const { memory, sockets } = this.loops.find((loop) => !loop.closed && loop.sockets.has(descriptor))!;
    const [receive, slotSize, meta, , , onWake] = memory;
    for (const [slot, frame] of frames.entries()) {
      receive.set(frame, slot * slotSize);
      meta.fill(0, slot * Meta.Count, (slot + 1) * Meta.Count);
      meta[slot * Meta.Count + Meta.Tag] = sockets.get(descriptor)!;
      meta[slot * Meta.Count + Meta.Length] = frame.length;
      meta[slot * Meta.Count + Meta.Age] = (typeof waited === 'number' ? waited : waited[slot]!) * 1000;
    }
    onWake(frames.length, timers);
  }

  /** Lets the time come to `until`; timers fire on the way, each exactly when it is set to. */
  pass(until: number): void {
    for (;;) {
      const due = this.loops
        .filter(({ armed, closed }) => !closed && armed.deadline > 0 && armed.deadline <= until)
        .sort((a, b) => a.armed.deadline - b.armed.deadline)[0];
      if (!due) break;
      this.time = Math.max(this.time, due.armed.deadline);
      this.fired[due.armed.awake ? 'awake' : 'asleep']++;
      due.armed = { deadline: 0, awake: false };
      due.memory[5](0, true);
    }
    this.time = until;
  }
}
