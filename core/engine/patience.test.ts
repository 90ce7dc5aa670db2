import os from 'node:os';
import { describe, expect, it } from 'vitest';
import { Int, Num, State, StateTable } from '../threads/state-table.ts';
import { Patience, REFUSED_BOUND, retryPause, SILENT_BOUND } from './patience.ts';
import type { EngineRouter } from './router.ts';
import { KINDS } from './test/kinds.ts';
import { Station } from './test/station.ts';
import { VirtualTime } from './test/virtual-time.ts';
import { VirtualWire } from './test/virtual-wire.ts';

const { EROFS, ETIMEDOUT } = os.constants.errno;

/** Masters that have just become it, with what an engine would do to them written down. */
function stage(masters: number, priority = 200, isLeased = false) {
  const table = StateTable.allocate(masters);
  const gaveUp: number[] = [];
  const retried: number[] = [];
  const routers = Array.from({ length: masters }, (_, slot) => {
    table.setInt(slot, Int.State, State.Master);
    table.setInt(slot, Int.Wanted, 1);
    const router = {
      slot,
      priority,
      isLeased,
      get state() {
        return table.int(slot, Int.State) as State;
      },
    };
    return router as unknown as EngineRouter;
  });
  let now = 1000;
  const patience = new Patience(
    {
      routers,
      giveUp: ({ slot }, retryAt) => {
        gaveUp.push(slot);
        table.setInt(slot, Int.State, State.Down);
        table.setInt(slot, Int.Wanted, table.int(slot, Int.Wanted) + 1);
        table.setNum(slot, Num.RetryAt, retryAt);
      },
      settle: () => {},
    },
    table,
    (slots) => {
      retried.push(...slots);
      for (const slot of slots) table.setNum(slot, Num.RetryAt, 0);
    },
    () => now,
  );
  const refuse = (slot: number): void => {
    table.setInt(slot, Int.KernelErrno, EROFS);
    table.setInt(slot, Int.Refused, table.int(slot, Int.Wanted));
  };
  const apply = (slot: number): void => {
    table.setInt(slot, Int.Applied, table.int(slot, Int.Wanted));
    patience.heard();
  };
  /** Lets time pass, looked at all the while. */
  const pass = (ms: number): void => {
    for (const end = now + ms; now < end; ) {
      now += 100;
      patience.look(now);
    }
  };
  patience.watch();
  const jump = (ms: number): void => {
    now += ms;
    patience.look(now);
  };
  return { table, patience, gaveUp, retried, refuse, apply, pass, jump };
}

describe('a Master without its addresses', () => {
  it('gives up when the kernel has refused them for the bound, not before', () => {
    const { table, patience, gaveUp, refuse, pass } = stage(2);
    refuse(1);
    pass(REFUSED_BOUND);
    expect(gaveUp).toEqual([]);
    pass(200);
    expect(gaveUp).toEqual([1]);
    expect(table.int(1, Int.GiveUpErrno)).toBe(EROFS);
    patience.stop();
  });

  it('tries again after a pause that grows, until it succeeds', () => {
    const { table, patience, gaveUp, retried, refuse, apply, pass } = stage(1);
    for (const pause of [5000, 10_000, 20_000, 40_000, 60_000, 60_000]) {
      refuse(0);
      pass(REFUSED_BOUND + 200);
      const times = retried.length;
      pass(pause - 400);
      expect(retried).toHaveLength(times);
      pass(500);
      expect(retried).toHaveLength(times + 1);
      table.setInt(0, Int.State, State.Master);
      table.setInt(0, Int.Wanted, table.int(0, Int.Wanted) + 1);
    }
    expect(gaveUp).toHaveLength(6);
    apply(0);
    pass(100);
    expect([table.int(0, Int.GiveUps), table.int(0, Int.GiveUpErrno)]).toEqual([0, 0]);
    patience.stop();
  });

  it('is not blamed for a refusal of what it wanted earlier', () => {
    const { table, patience, gaveUp, refuse, pass } = stage(1);
    refuse(0);
    table.setInt(0, Int.Wanted, 3);
    pass(10 * REFUSED_BOUND);
    expect(gaveUp).toEqual([]);
    patience.stop();
  });

  it('waits for an actuator that is busy with others, not for one that hangs', () => {
    const { table, patience, gaveUp, apply, pass } = stage(61);
    for (let slot = 1; slot <= 60; slot++) {
      pass(1000);
      apply(slot);
    }
    expect(gaveUp).toEqual([]);
    pass(SILENT_BOUND + 200);
    expect(gaveUp).toEqual([0]);
    expect(table.int(0, Int.GiveUpErrno)).toBe(ETIMEDOUT);
    patience.stop();
  });

  it('is not blamed for a process that did not run', () => {
    const { patience, gaveUp, refuse, pass, jump } = stage(1);
    pass(100);
    jump(10 * SILENT_BOUND);
    refuse(0);
    pass(100);
    jump(10 * REFUSED_BOUND);
    expect(gaveUp).toEqual([]);
    patience.stop();
  });

  it('does not give up if it owns the addresses, or has them', () => {
    const owner = stage(1, 255);
    owner.refuse(0);
    owner.pass(10 * REFUSED_BOUND);
    expect(owner.gaveUp).toEqual([]);
    owner.patience.stop();

    const master = stage(1);
    master.apply(0);
    master.refuse(0); // a setting that could not be set again, say
    master.pass(10 * SILENT_BOUND);
    expect(master.gaveUp).toEqual([]);
    master.patience.stop();
  });
});

it('the pause is bounded', () => {
  expect([1, 2, 3, 4, 5, 1e6].map(retryPause)).toEqual([5000, 10_000, 20_000, 40_000, 60_000, 60_000]);
});

describe.each(KINDS)('$name: a Master whose addresses are refused', (kind) => {
  it('says so once the bound is over, a Backup takes over after its skew time, and keeps it', () => {
    const time = new VirtualTime();
    const wire = new VirtualWire(time);
    const station = (priority: number, host: number) =>
      new Station(time, wire, {
        routers: [kind.configuration({ priority })],
        links: [kind.ethernet([`192.0.2.${host}`], { mac: `02:00:00:00:00:0${host}` })],
      });
    const [first, second] = [station(200, 1), station(100, 2)];
    first.refusal = EROFS;
    for (const one of [first, second]) one.update();
    const became = time.now() + kind.down(200);
    time.until(became + REFUSED_BOUND);
    expect([first.state(), second.state()]).toEqual([State.Master, State.Backup]);
    time.until(became + REFUSED_BOUND + 300);
    expect([first.state(), first.table.int(0, Int.GiveUpErrno)]).toEqual([State.Down, EROFS]);
    const goodbye = first.advertised().at(-1)!;
    expect(goodbye.priority).toBe(0);
    time.until(goodbye.time + 1000 + kind.interval);
    expect(second.advertised()[0]?.time).toBeCloseTo(goodbye.time + 0.1 + kind.skew(100), 6);
    // It has started again by then, as a Backup that leaves a working Master alone.
    time.pass(2 * retryPause(1));
    expect([first.state(), second.state()]).toEqual([State.Backup, State.Master]);
    expect(first.advertised().at(-1)).toEqual(goodbye);
  });
});

describe('a Master whose addresses have a lease', () => {
  it('gives up when they have ended, as the actuator hangs', () => {
    const { table, gaveUp, apply, pass } = stage(2, 200, true);
    for (const slot of [0, 1]) apply(slot);
    table.setNum(0, Num.LeaseUntil, 6000);
    table.setNum(1, Num.LeaseUntil, 600_000);
    pass(5000);
    expect(gaveUp).toEqual([]);
    pass(200);
    expect(gaveUp).toEqual([0]);
    expect(table.int(0, Int.GiveUpErrno)).toBe(ETIMEDOUT);
  });

  it('does not while they are renewed, and waits a while after a stop of the whole process', () => {
    const { table, gaveUp, apply, pass, jump } = stage(1, 200, true);
    apply(0);
    table.setNum(0, Num.LeaseUntil, 6000);
    jump(60_000);
    pass(1500);
    expect(gaveUp).toEqual([]);
    table.setNum(0, Num.LeaseUntil, 200_000);
    pass(20_000);
    expect(gaveUp).toEqual([]);
  });

  it('is the address owner’s affair, whose addresses are its own', () => {
    const { table, gaveUp, apply, pass } = stage(1, 255, true);
    apply(0);
    table.setNum(0, Num.LeaseUntil, 2000);
    pass(10_000);
    expect(gaveUp).toEqual([]);
  });
});
