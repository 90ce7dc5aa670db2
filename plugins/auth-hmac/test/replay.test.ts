import { describe, expect, test } from 'vitest';
import { isAfter } from '../src/sequence.ts';
import { advertisement, authenticator, Clock, type Packet } from './stage.ts';

/** A packet as somebody has recorded it. */
const recorded = (packet: Packet): Packet => Object.assign(Object.create(packet), packet) as Packet;

const HOUR = 3_600_000;

/** Two routers, each with clocks and a memory of its own. */
function two(directives: Readonly<Record<string, unknown>> = {}) {
  const clocks = { sender: new Clock(), receiver: new Clock() };
  const memories = { sender: new Uint8Array(1024), receiver: new Uint8Array(1024) };
  const make = (who: 'sender' | 'receiver') =>
    authenticator({ clock: clocks[who], memory: memories[who], directives });
  const both = { sender: make('sender'), receiver: make('receiver') };
  return {
    ...both,
    clocks,
    memories,
    make,
    send: () => advertisement().signedBy(both.sender),
    pass: (ms: number) => {
      clocks.sender.pass(ms);
      clocks.receiver.pass(ms);
    },
  };
}

describe('serial numbers (RFC 1982)', () => {
  test.each([
    [[1, 0], [0, 0xffffffff], true],
    [[0, 0xffffffff], [1, 0], false],
    [[5, 5], [5, 5], false],
    [[5, 6], [5, 5], true],
    [[0, 0], [0xffffffff, 0xffffffff], true], // round the end
    [[0x80000000, 0], [0, 1], true],
    [[0x80000000, 1], [0, 0], false], // half-way round is the past
  ] as const)('%j after %j: %s', ([hi, lo], [lastHi, lastLo], after) => {
    expect(isAfter(hi, lo, lastHi, lastLo)).toBe(after);
  });
});

describe('sender', () => {
  test('no number twice, however often within one moment, and whatever becomes of the clock', () => {
    const { sender, clocks } = two();
    const seen = new Set<string>();
    const jumps = [0, -2000, 3000, -HOUR, HOUR + 17, 1];
    for (const jump of jumps) {
      clocks.sender.offset += jump;
      for (let i = 0; i < 100; i++) {
        seen.add(Buffer.from(advertisement().signedBy(sender).trailer.subarray(4, 12)).toString('hex'));
        if (i % 10 === 0) clocks.sender.pass(1);
      }
    }
    expect(seen.size).toBe(jumps.length * 100);
  });

  test('a clock that goes back a little: the numbers go on from the last; far back: from the clock', () => {
    const { sender, clocks } = two();
    const second = () => new DataView(advertisement().signedBy(sender).trailer.slice().buffer).getUint32(4);
    const first = second();
    clocks.sender.offset -= 3000;
    expect(second()).toBe(first);
    clocks.sender.offset -= HOUR;
    expect(second()).toBe(first - 3603);
  });
});

describe('receiver', () => {
  test('none twice: at once, out of order, through another sender’s packets', () => {
    const { send, receiver, pass } = two();
    const packets = Array.from({ length: 5 }, () => {
      pass(400);
      return send();
    });
    for (const packet of packets) expect(packet.verdictOf(receiver)).toBe('genuine');
    for (const packet of packets) expect(packet.verdictOf(receiver)).toBe('replayed');
    for (const packet of [...packets].reverse()) expect(packet.verdictOf(receiver)).toBe('replayed');
  });

  test('each sender has a mark of its own, 16 of them at least', () => {
    const { sender, receiver, pass } = two();
    const all = Array.from({ length: 16 }, (_, host) => advertisement(host + 1).signedBy(sender));
    for (const packet of all) expect(packet.verdictOf(receiver)).toBe('genuine');
    pass(100);
    for (const packet of all) expect(packet.verdictOf(receiver)).toBe('replayed');
    // One more takes the place of the one that was heard longest ago.
    expect(advertisement(99).signedBy(sender).verdictOf(receiver)).toBe('genuine');
    for (const packet of all.slice(1)) expect(packet.verdictOf(receiver)).toBe('replayed');
  });

  test('only what is genuine moves a mark', () => {
    const { send, receiver, pass } = two();
    const first = send();
    pass(500);
    const forged = send();
    forged.bytes[forged.end + 20]! ^= 1;
    expect(forged.verdictOf(receiver)).toBe('invalid');
    expect(first.verdictOf(receiver)).toBe('genuine');
  });

  test('a clock that differs by more than half the window is told', () => {
    const { send, receiver, clocks } = two();
    clocks.sender.offset += 2400;
    expect(send().verdictOf(receiver)).toBe('genuine');
    clocks.sender.offset += 200;
    expect(send().verdictOf(receiver)).toBe('skewed');
    expect(receiver.skew).toBeCloseTo(2600, 0);
    clocks.sender.offset -= 5400;
    clocks.sender.pass(4000); // its numbers may not go back
    clocks.receiver.pass(4000);
    expect(send().verdictOf(receiver)).toMatch(/skewed|genuine/);
  });

  test('the window is five seconds, or three intervals', () => {
    for (const [advertisementInterval, window] of [
      [1000, 5],
      [10, 5],
      [2000, 6],
      [2100, 7],
      [100_000, 300],
    ] as const) {
      const clock = new Clock();
      const packet = advertisement().signedBy(authenticator({ clock }));
      clock.offset += window * 1000;
      const one = () => authenticator({ clock, router: { advertisementInterval } });
      expect(packet.verdictOf(one())).toBe('skewed');
      clock.offset += 1000;
      expect(packet.verdictOf(one())).toBe('stale');
    }
  });
});

describe('all clocks are set by an hour, and set right again', () => {
  const set = ({ clocks }: ReturnType<typeof two>, ms: number): void => {
    clocks.sender.offset += ms;
    clocks.receiver.offset += ms;
  };

  test.each([
    [[-HOUR, HOUR]],
    [[HOUR, -HOUR]],
    [[-HOUR, HOUR, -HOUR, HOUR]],
    [[HOUR, -HOUR, HOUR, -HOUR]],
    [[-2 * HOUR, HOUR, HOUR]],
  ])('by %j ms: nothing genuine is dropped, and nothing of before is accepted', (jumps) => {
    const net = two({ time_window: 300 });
    const all: Packet[] = [];
    const some = (): void => {
      for (let i = 0; i < 5; i++) {
        net.pass(1000);
        const packet = net.send();
        all.push(recorded(packet));
        expect(packet.verdictOf(net.receiver)).toBe('genuine');
      }
    };
    some();
    for (const jump of jumps) {
      set(net, jump);
      // Before anything genuine has come, also in the other order, and after that.
      for (const packet of [...all, ...[...all].reverse()])
        expect(packet.verdictOf(net.receiver)).toMatch(/^(replayed|stale)$/);
      some();
      for (const packet of all) expect(packet.verdictOf(net.receiver)).toMatch(/^(replayed|stale)$/);
    }
  });

  test('set back for good: nothing is dropped when the time of before comes again', () => {
    const net = two();
    net.pass(10_000);
    expect(net.send().verdictOf(net.receiver)).toBe('genuine');
    set(net, -HOUR);
    for (let time = 0; time < HOUR + 20_000; time += 2000) {
      net.pass(2000);
      expect(net.send().verdictOf(net.receiver)).toBe('genuine');
    }
  });

  test('a reload in between forgets nothing', () => {
    const net = two({ time_window: 300 });
    const before = net.send();
    expect(recorded(before).verdictOf(net.receiver)).toBe('genuine');
    set(net, -HOUR);
    net.pass(1000);
    expect(net.send().verdictOf(net.receiver)).toBe('genuine');
    const next = net.make('receiver');
    next.adopt!('reload');
    set(net, HOUR);
    expect(before.verdictOf(next)).toBe('replayed');
  });
});

describe('reload: the next one has the memory', () => {
  test.each(['reload', 'restart'] as const)('%s: no number twice, and nothing accepted again', (from) => {
    const { send, receiver, make, pass } = two();
    const packets = Array.from({ length: 5 }, () => {
      pass(400);
      return send();
    });
    for (const packet of packets) expect(packet.verdictOf(receiver)).toBe('genuine');
    if (from === 'restart') pass(150);
    const next = { sender: make('sender'), receiver: make('receiver') };
    next.sender.adopt!(from);
    next.receiver.adopt!(from);
    for (const packet of packets) expect(packet.verdictOf(next.receiver)).toBe('replayed');
    pass(1);
    const fresh = advertisement().signedBy(next.sender);
    expect(isLater(fresh, packets.at(-1)!)).toBe(true);
    expect(fresh.verdictOf(next.receiver)).toBe('genuine');
  });

  test('memory of a layout that is not known is none', () => {
    const memory = new Uint8Array(1024).fill(0xff);
    const clock = new Clock();
    const one = authenticator({ memory, clock });
    const packet = advertisement().signedBy(authenticator({ clock }));
    expect(packet.verdictOf(one)).toBe('genuine');
    expect(packet.verdictOf(one)).toBe('replayed');
  });
});

describe('restart: the copy may be old', () => {
  /** A sender and a receiver that saves now and then, and is killed. */
  function running() {
    const stage = two();
    let copy = new Uint8Array(1024);
    let saves = 0;
    const memory = new Uint8Array(1024);
    const receiver = authenticator({
      clock: stage.clocks.receiver,
      memory,
      onSave: () => {
        saves++;
      },
    });
    return {
      ...stage,
      receiver,
      saves: () => saves,
      save: () => {
        copy = memory.slice();
      },
      restarted: () => {
        const next = authenticator({ clock: stage.clocks.receiver, memory: copy.slice() });
        next.adopt!('restart');
        return next;
      },
    };
  }

  test('what was accepted after it is not accepted again, what comes now is', () => {
    const { send, receiver, pass, save, restarted } = running();
    expect(send().verdictOf(receiver)).toBe('genuine');
    save();
    const since = Array.from({ length: 500 }, () => {
      pass(1000);
      const packet = send();
      expect(packet.verdictOf(receiver)).toBe('genuine');
      return packet;
    });
    pass(100); // as long as no restart is short
    const next = restarted();
    for (const packet of since.slice(-5)) expect(recorded(packet).verdictOf(next)).toBe('replayed');
    pass(10);
    expect(send().verdictOf(next)).toBe('genuine');
  });

  test.each([1, 400, 15_000])(
    'an upgrade is given up %i ms after the last packet: what the new process accepted is not accepted again',
    (ms) => {
      const directives = { time_window: 300 };
      const { send, receiver, pass, memories, clocks } = two(directives);
      for (let i = 0; i < 5; i++) {
        pass(997);
        expect(send().verdictOf(receiver)).toBe('genuine');
      }
      const heir = authenticator({ clock: clocks.receiver, memory: memories.receiver.slice(), directives });
      heir.adopt!('reload');
      const packets = Array.from({ length: 5 }, () => {
        pass(997);
        return send();
      });
      for (const packet of packets) expect(recorded(packet).verdictOf(heir)).toBe('genuine');
      pass(ms);
      receiver.adopt!('restart');
      for (const packet of packets) expect(packet.verdictOf(receiver)).toBe('replayed');
      pass(1);
      expect(send().verdictOf(receiver)).toBe('genuine');
    },
  );

  test('a sender whose clock is behind or ahead is heard at once after it', () => {
    for (const skew of [-4000, 4000]) {
      const { send, receiver, pass, save, restarted, clocks } = running();
      clocks.sender.offset += skew;
      expect(send().verdictOf(receiver)).toBe('skewed');
      save();
      pass(60_000);
      const last = send();
      expect(last.verdictOf(receiver)).toBe('skewed');
      pass(100);
      const next = restarted();
      expect(last.verdictOf(next)).toBe('replayed');
      pass(1);
      expect(send().verdictOf(next)).toBe('skewed');
    }
  });

  test('a copy is asked for when a sender is new or its clock is set, not for each packet', () => {
    const { send, receiver, pass, saves, clocks } = running();
    for (let i = 0; i < 1000; i++) {
      clocks.receiver.monotonic += i % 7; // some are late
      send().verdictOf(receiver);
      clocks.receiver.monotonic -= i % 7;
      pass(1000);
    }
    expect(saves()).toBe(1);
    clocks.sender.offset += 1000;
    send().verdictOf(receiver);
    expect(saves()).toBe(2);
  });

  test('the own numbers do not go back although the clock was set back meanwhile', () => {
    const { sender, memories, clocks, make, pass } = two();
    advertisement().signedBy(sender);
    const copy = memories.sender.slice();
    pass(60_000);
    const last = advertisement().signedBy(sender);
    pass(100);
    clocks.sender.offset -= 2000;
    memories.sender.set(copy);
    const next = make('sender');
    next.adopt!('restart');
    expect(isLater(advertisement().signedBy(next), last)).toBe(true);
  });
});

describe('a clock that jumps by an hour, forth and back', () => {
  test('the sender’s: stale until it is back, then genuine at once, and nothing twice', () => {
    const { send, receiver, clocks, pass } = two();
    const before = send();
    expect(before.verdictOf(receiver)).toBe('genuine');
    clocks.sender.offset += HOUR;
    pass(1000);
    const early = send();
    expect(early.verdictOf(receiver)).toBe('stale');
    expect(receiver.skew / HOUR).toBeCloseTo(1, 3);
    clocks.sender.offset -= HOUR;
    pass(1000);
    expect(send().verdictOf(receiver)).toBe('genuine');
    for (const packet of [before, early]) expect(packet.verdictOf(receiver)).toMatch(/replayed|stale/);
  });

  test('the receiver’s: the same', () => {
    const { send, receiver, clocks, pass } = two();
    const before = send();
    expect(before.verdictOf(receiver)).toBe('genuine');
    clocks.receiver.offset -= HOUR;
    pass(1000);
    expect(send().verdictOf(receiver)).toBe('stale');
    clocks.receiver.offset += HOUR;
    pass(1000);
    expect(before.verdictOf(receiver)).toBe('replayed');
    expect(send().verdictOf(receiver)).toBe('genuine');
  });

  test('both: genuine all the time, and what was recorded before is not accepted again', () => {
    const { send, receiver, clocks, pass } = two();
    const jump = (ms: number): void => {
      clocks.sender.offset += ms;
      clocks.receiver.offset += ms;
    };
    const before = [0, 1, 2].map(() => {
      pass(1000);
      const packet = send();
      expect(packet.verdictOf(receiver)).toBe('genuine');
      return packet;
    });
    jump(HOUR);
    pass(100);
    const during = send();
    expect(during.verdictOf(receiver)).toBe('genuine');
    jump(-HOUR);
    for (const packet of before) expect(packet.verdictOf(receiver)).toBe('replayed');
    pass(1000);
    expect(send().verdictOf(receiver)).toBe('genuine');
    for (const packet of before) expect(packet.verdictOf(receiver)).toBe('replayed');
    expect(during.verdictOf(receiver)).toBe('stale');
  });

  test('a sender that was silent for an hour has not jumped: what it sent before is no way back', () => {
    const { send, receiver, clocks, pass } = two();
    expect(send().verdictOf(receiver)).toBe('genuine');
    pass(HOUR);
    const late = [0, 1].map(() => {
      pass(1000);
      return send();
    });
    for (const packet of late) expect(packet.verdictOf(receiver)).toBe('genuine');
    clocks.receiver.offset -= 3000; // within the window: nothing is forgotten
    for (const packet of late) expect(packet.verdictOf(receiver)).toBe('replayed');
  });
});

function isLater(one: Packet, other: Packet): boolean {
  const [a, b] = [one, other].map(({ trailer }) => new DataView(trailer.slice().buffer).getBigUint64(4));
  return a! > b!;
}
