import { expect, test } from 'vitest';
import { Num, State, StateTable } from '../threads/state-table.ts';
import { masterDownInterval } from '../vrrp/timers.ts';
import { Rehearsal, rehearse } from './rehearsal.ts';
import { inherit } from './succession.ts';
import { SOCKET, stage, theirs } from './test/engine-in-memory.ts';
import { MemoryIo } from './test/memory-io.ts';

// A rehearsal warms the code up, at the start and at a hand-over: of all that it does nothing may be seen.

const START = 1000;

/** An engine at work, one router Master and one Backup, with a way to see whether anything of it has changed. */
function atWork() {
  let turns = 0;
  const built = stage([255, 100], () => turns++);
  const { io, table, ring, start } = built;
  start();
  io.time = START + 500;
  io.deliver(SOCKET, [theirs(2, 200)]);
  const look = () => ({
    table: Buffer.from(new Uint8Array(table.buffer)).toString('hex'),
    events: Buffer.from(new Uint8Array(ring)).toString('hex'),
    sent: io.sent.length,
    timers: io.timers.length,
    armed: io.loops[0]!.armed,
    turns,
  });
  return { ...built, look };
}

test('the one at the start sends nothing, arms nothing of the engine, and touches neither its table nor its events', async () => {
  const { io, look } = atWork();
  const before = look();
  expect(before.sent).toBeGreaterThan(0); // otherwise there would be nothing to see
  const other = new MemoryIo();
  const rehearsal = new Rehearsal(other);
  await rehearse(rehearsal, () => true);
  rehearsal.warm();
  expect(look()).toEqual(before);
  expect(other.sent, 'its frames go nowhere').toEqual([]);
  expect(other.loops.map(({ armed }) => armed.deadline)).toEqual([0]);
  // Whatever it left behind would fire now.
  other.pass(io.time + 3_600_000);
  expect(other.sent).toEqual([]);
  expect(other.fired).toEqual({ asleep: 0, awake: 0 });
});

test('nor does it in the middle of the engine’s own work: that goes on as if it had not been', async () => {
  /** What is sent when in 20 s, with or without acts of a rehearsal all the while. */
  const play = (rehearsal?: Rehearsal) => {
    const { io, table } = atWork();
    for (let now = START + 600; now < START + 20_000; now += 100) {
      rehearsal?.act();
      io.pass(now);
    }
    const dump = Buffer.from(new Uint8Array(table.buffer));
    return {
      sent: io.sent.map(({ time, bytes }) => [time, [...bytes]]),
      counted: counters(table),
      size: dump.length,
    };
  };
  const counters = (table: StateTable) =>
    [0, 1, table.strangers].map((slot) =>
      [Num.AdvertisementsSent, Num.BecameMaster, Num.WakeUps, Num.SendErrors, Num.Deadline].map((field) =>
        table.num(slot, field),
      ),
    );
  const alone = play();
  expect(alone.sent.length).toBeGreaterThan(30);
  expect(play(new Rehearsal(new MemoryIo()))).toEqual(alone);
});

test('decoding the own frames before a hand-over leaves everything as it was', () => {
  const { engine, look, io, state } = atWork();
  const before = look();
  engine.rehearse();
  expect(look()).toEqual(before);
  // Nor are these frames remembered as somebody’s: the Backup takes over when its Master is silent.
  io.pass(START + 500 + masterDownInterval(2, 100, 1000));
  expect(state(1)).toBe(State.Master);
});

test('a successor that has rehearsed the inheritance is as one that has not, and the predecessor never notices', () => {
  const { table: old, routers, io } = atWork();
  const configs = routers.map(({ config }) => config);
  const heritage = { slots: [0, 1], changed: [] };
  const inheritOnce = (rehearsed: boolean) => {
    const heir = stage([255, 100]);
    const before = Buffer.from(new Uint8Array(old.buffer)).toString('hex');
    if (rehearsed) {
      heir.engine.rehearse();
      // What the predecessor had some ms earlier: other deadlines, other counters.
      const earlier = StateTable.allocate(old.slots);
      new Uint8Array(earlier.buffer).set(new Uint8Array(old.buffer));
      earlier.setNum(0, Num.Deadline, old.num(0, Num.Deadline) - 300);
      earlier.setNum(1, Num.Deadline, old.num(1, Num.Deadline) - 300);
      earlier.setNum(0, Num.AdvertisementsSent, 0);
      inherit(heir.table, earlier, heritage, configs, io.time - 300);
      heir.engine.resume();
      expect(heir.io.sent).toEqual([]);
      expect(heir.io.timers, 'nothing is armed before it runs').toEqual([]);
    }
    inherit(heir.table, old, heritage, configs, io.time);
    expect(Buffer.from(new Uint8Array(old.buffer)).toString('hex')).toBe(before);
    heir.engine.resume();
    heir.io.time = io.time;
    heir.engine.settle();
    heir.io.pass(START + 10_000);
    return { sent: heir.io.sent.map(({ time, bytes }) => [time, [...bytes]]), nums: [...heir.table.nums] };
  };
  const without = inheritOnce(false);
  expect(without.sent.length).toBeGreaterThan(10);
  const withIt = inheritOnce(true);
  expect(withIt.sent).toEqual(without.sent);
  const since = new Set([0, 1].map((slot) => slot * Num.Count + Num.Since)); // the time of day
  const timeless = (nums: readonly number[]) => nums.filter((_, at) => !since.has(at));
  expect(timeless(withIt.nums)).toEqual(timeless(without.nums));
});
