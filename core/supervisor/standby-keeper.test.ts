import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import type { RouterIdentity } from '../config/identity.ts';
import { type KeeperTime, StandbyKeeper } from './standby-keeper.ts';

/** Time that a test moves, both clocks apart. */
class MadeUpTime implements KeeperTime {
  wall = 1_700_000_000_000;
  monotonic = 5000;
  private waiting: { readonly at: number; readonly then: () => void } | undefined;

  epoch = (): number => this.wall;
  now = (): number => this.monotonic;
  after = (ms: number, then: () => void): (() => void) => {
    const mine = { at: this.monotonic + ms, then };
    this.waiting = mine;
    return () => {
      if (this.waiting === mine) this.waiting = undefined;
    };
  };

  pass(ms: number): void {
    this.wall += ms;
    this.monotonic += ms;
    const { waiting } = this;
    if (!waiting || waiting.at > this.monotonic) return;
    this.waiting = undefined;
    waiting.then();
  }
}

const lan = (vrid: number, more: Partial<RouterIdentity> = {}): RouterIdentity => ({
  ...{ interface: 'lan', vrid, family: 4, version: 2, ...more },
});
const ROUTERS = [lan(1), lan(2), lan(3)];

let file: string;
let time: MadeUpTime;

beforeEach(() => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'rvrrpd-standby-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  file = path.join(folder, 'x.standby');
  time = new MadeUpTime();
});

const held = (keeper: StandbyKeeper, routers = ROUTERS): number[][] =>
  keeper.heldSlots(routers).map(({ slot, until }) => [slot, until]);

test('who stands by is known to the next daemon, and who has been resumed does not', async () => {
  const keeper = new StandbyKeeper(file, time);
  expect(held(keeper)).toEqual([]);
  await keeper.hold([lan(1), lan(3)], 0);
  await keeper.hold([lan(2)], 60_000);
  await keeper.release([lan(3)]);
  const expected = [
    [0, 0],
    [1, time.wall + 60_000],
  ];
  expect(held(keeper)).toEqual(expected);
  expect(held(new StandbyKeeper(file, time))).toEqual(expected);
});

test('the time ends by itself, whatever becomes of the wall clock meanwhile', async () => {
  const keeper = new StandbyKeeper(file, time);
  const due: number[] = [];
  keeper.onDue = (routers) => due.push(...routers.map(({ vrid }) => vrid));
  await keeper.hold([lan(2)], 60_000);
  await keeper.hold([lan(1)], 30_000);
  time.wall += 3_600_000; // set
  time.pass(29_999);
  expect(due).toEqual([]);
  time.pass(1);
  expect([due, held(keeper).map(([slot]) => slot)]).toEqual([[1], [1]]);
  time.pass(30_000);
  expect([due, held(keeper)]).toEqual([[1, 2], []]);
});

test('after a restart the rest of it, never more than was asked for; nothing if it was over meanwhile', async () => {
  await new StandbyKeeper(file, time).hold([lan(1)], 60_000);
  time.wall -= 3_600_000; // the clock was wrong
  const second = new StandbyKeeper(file, time);
  let over = 0;
  second.onDue = () => over++;
  time.pass(60_000);
  expect(over).toBe(1);

  await second.hold([lan(1)], 60_000);
  time.wall += 60_000;
  expect(held(new StandbyKeeper(file, time))).toEqual([]);
});

test('more than a month: timers do not last as long', async () => {
  const keeper = new StandbyKeeper(file, time);
  let over = 0;
  keeper.onDue = () => over++;
  await keeper.hold([lan(1)], 40 * 86_400_000);
  for (let day = 0; day < 39; day++) time.pass(86_400_000);
  expect(over).toBe(0);
  time.pass(86_400_000);
  expect(over).toBe(1);
});

test('a router that goes on with the other version stands by as before, unless both are there', async () => {
  const keeper = new StandbyKeeper(file, time);
  await keeper.hold([lan(1)], 0);
  const next = [lan(1, { version: 3 })];
  expect(held(keeper, next)).toEqual([[0, 0]]);
  expect(held(keeper, [...next, lan(1)])).toEqual([[1, 0]]);
  keeper.follow(next);
  expect(keeper.isHeld(next[0]!)).toBe(true);
  expect(held(keeper, [...next, lan(1)])).toEqual([[0, 0]]);
});

test('a damaged file is none, a damaged line is left out', async () => {
  writeFileSync(file, '{"standby":');
  expect(held(new StandbyKeeper(file, time))).toEqual([]);
  await new StandbyKeeper(file, time).hold([lan(1), lan(2)], 0);
  writeFileSync(file, readFileSync(file, 'utf8').replace('"group":1', '"group":"1"'));
  expect(held(new StandbyKeeper(file, time))).toEqual([[1, 0]]);
});

test('a file that cannot be written is told, and it holds for this daemon all the same', async () => {
  writeFileSync(file, 'no folder');
  const keeper = new StandbyKeeper(path.join(file, 'x'), time);
  const troubles: (string | undefined)[] = [];
  keeper.onTrouble = (text) => troubles.push(text);
  await keeper.hold([lan(1)], 0);
  expect(troubles).toEqual([
    expect.stringMatching(/^which routers stand by cannot be written: E(NOTDIR|EXIST)/),
  ]);
  expect([held(keeper), keeper.trouble]).toEqual([[[0, 0]], troubles[0]]);
});
