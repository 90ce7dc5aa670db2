/** Addresses with a lease: who renews them, for how long, and when not. Time is made up. */
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { VirtualRouterConfig } from '../config/model.ts';
import { Int, Num, State, StateTable } from '../threads/state-table.ts';
import { Changes } from './changes.ts';
import { Holdings } from './holdings.ts';
import { Journal } from './journal.ts';
import { Leases } from './leases.ts';
import { MemoryKernel } from './test/memory-kernel.ts';
import { View } from './view.ts';

const folder = mkdtempSync(path.join(os.tmpdir(), 'rvrrpd-leases-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let files = 0;

const fail = (fault: string): never => {
  throw new Error(fault);
};
const vip = (address: string) =>
  ({ kind: 'address', interface: 'eth0', family: 4, address, prefixLength: 32, label: 'eth0:7' }) as const;

/** Masters with these leases, each with an address, the last one of them with that of the first as well. */
function stage(...leases: (number | undefined)[]) {
  const kernel = new MemoryKernel();
  kernel.addLink('eth0', '192.0.2.100');
  const holdings = new Holdings();
  const journal = Journal.open(path.join(folder, String(++files)), fail);
  const changes = new Changes(
    holdings,
    new Map([['memory', kernel]]),
    journal,
    new View([...kernel.byName.values()]),
  );
  const table = StateTable.allocate(leases.length);
  const virtualRouters = leases.map(
    (lease) => ({ advertisementIntervalCs: 100, ...(lease && { lease }) }) as VirtualRouterConfig,
  );
  let now = 10_000;
  const warnings: string[] = [];
  const parts = {
    config: { virtualRouters },
    table,
    log: (_: string, text: string) => void warnings.push(text),
  };
  const leased = new Leases(parts, holdings, changes, () => now);
  /** The engine advertises for a slot. */
  const serve = (...slots: number[]) => {
    for (const slot of slots) {
      table.setInt(slot, Int.State, State.Master);
      table.setNum(slot, Num.Deadline, now + 1000);
    }
  };
  const claim = (slot: number, ...addresses: string[]) => {
    table.setInt(slot, Int.Wanted, table.int(slot, Int.Wanted) | 1);
    const wanted = addresses.map((address) => ({ resource: vip(address), driver: 'memory' }));
    expect(holdings.claim(slot, wanted)).toBeUndefined();
  };
  const install = () => changes.install(leases.map((_, slot) => holdings.of(slot)));
  /** Lets seconds pass, in which the engine serves these. @returns what has expired */
  const pass = async (seconds: number, ...slots: number[]): Promise<string[]> => {
    const over: string[] = [];
    for (let i = 0; i < seconds * 10; i++) {
      now += 100;
      over.push(...kernel.expire(0.1));
      if (i % 10 === 9) serve(...slots);
      while (leased.wait <= 0) await leased.work();
    }
    return over;
  };
  const there = () => kernel.byName.get('eth0')!.addresses.map(({ address }) => address);
  return { kernel, holdings, changes, table, leased, warnings, serve, claim, install, pass, there };
}

test('renewed as long as the engine serves its Master, and no more often than needed', async () => {
  const { kernel, serve, claim, install, pass } = stage(10);
  serve(0);
  claim(0, '10.0.0.1');
  await install();
  expect(await pass(120, 0)).toEqual([]);
  expect(kernel.renewals).toBeGreaterThan(40);
  expect(kernel.renewals).toBeLessThan(80);
});

test.each([3, 5, 10, 60])('with a lease of %i s it is gone within that after the engine', async (lease) => {
  const { serve, claim, install, pass, there } = stage(lease);
  serve(0);
  claim(0, '10.0.0.1');
  await install();
  expect(await pass(2 * lease, 0)).toEqual([]);
  expect(await pass(lease)).toEqual(['eth0 10.0.0.1']);
  expect(there()).toEqual(['192.0.2.100']);
});

test('gone within it as well if the actuator hangs, and the engine is told when', async () => {
  const { kernel, table, serve, claim, install, pass, leased } = stage(10);
  serve(0);
  claim(0, '10.0.0.1');
  await install();
  leased.tellEnd(0);
  await pass(20, 0);
  const until = table.num(0, Num.LeaseUntil);
  expect(until).toBeGreaterThan(10_000 + 25_000);
  expect(kernel.expire(10)).toEqual(['eth0 10.0.0.1']);
  table.setInt(0, Int.Wanted, 2);
  leased.tellEnd(0);
  expect(table.num(0, Num.LeaseUntil)).toBe(0);
});

test('what hangs is stale after a lease, and serves again with the next advertisement', async () => {
  const { serve, leased, pass } = stage(5, undefined);
  serve(0);
  expect(leased.isStale(0)).toBe(false);
  await pass(5);
  expect([leased.isStale(0), leased.isStale(1)]).toEqual([true, false]);
  serve(0);
  expect(leased.isStale(0)).toBe(false);
});

test('a Backup’s deadline is no life of a Master’s', async () => {
  const { table, serve, leased, pass } = stage(5);
  serve(0);
  await pass(6);
  // The engine has gone on and given way, and has yet to say that nothing is wanted any more.
  table.setInt(0, Int.State, State.Backup);
  table.setNum(0, Num.Deadline, 10_000 + 6000 + 3600);
  expect(leased.isStale(0)).toBe(true);
});

test('what has gone by itself is told from what somebody has taken away', async () => {
  const { holdings, serve, claim, install, pass, leased } = stage(5);
  serve(0);
  claim(0, '10.0.0.1');
  await install();
  const [holding] = holdings.of(0);
  await pass(10, 0);
  expect(leased.hasExpired(holding!)).toBe(false);
  expect(await pass(5)).toHaveLength(1);
  expect(leased.hasExpired(holding!)).toBe(true);
});

test('shared with one that has no lease it stays, and ends with the other alone', async () => {
  const { kernel, holdings, changes, serve, claim, install, pass, leased } = stage(5, undefined);
  serve(0);
  claim(0, '10.0.0.1');
  claim(1, '10.0.0.1');
  await install();
  expect(await pass(30)).toEqual([]);
  expect(kernel.renewals).toBe(0);
  await changes.takeBack([holdings.release(1)]);
  serve(0);
  await leased.renewAll();
  expect(await pass(5)).toEqual(['eth0 10.0.0.1']);
});

test('a lease that is no more is taken off the address', async () => {
  const { kernel, changes, serve, claim, install, leased } = stage(undefined, 5);
  serve(1);
  claim(1, '10.0.0.1');
  await install();
  expect(kernel.byName.get('eth0')!.addresses[1]).toMatchObject({ expires: true });
  claim(0, '10.0.0.1'); // as after a reload: the same address is that of a router without
  changes.view = new View([...kernel.byName.values()]);
  await leased.renewAll();
  expect(kernel.expire(100)).toEqual([]);
  expect(kernel.byName.get('eth0')!.addresses[1]).toMatchObject({ expires: false });
});

test('many are renewed in small parts, all of them', async () => {
  const { kernel, serve, claim, install, pass } = stage(10);
  serve(0);
  claim(0, ...Array.from({ length: 200 }, (_, n) => `10.0.1.${n + 1}`));
  await install();
  kernel.batches = 0;
  expect(await pass(20, 0)).toEqual([]);
  expect(kernel.batches).toBeGreaterThanOrEqual(Math.ceil(kernel.renewals / 64));
});

test('one that is refused is tried again soon, and told', async () => {
  const { kernel, warnings, serve, claim, install, pass } = stage(10);
  serve(0);
  claim(0, '10.0.0.1');
  await install();
  let refusals = 3;
  kernel.refuse = ({ op }) => (op === 'renew-address' && refusals-- > 0 ? 'ENOBUFS' : undefined);
  expect(await pass(20, 0)).toEqual([]);
  expect(warnings[0]).toMatch(/cannot renew the lease of the address 10\.0\.0\.1\/32 on eth0: .*ENOBUFS/);
});

test('an address that was there before is left as it is', async () => {
  const { kernel, serve, claim, install, pass } = stage(5);
  serve(0);
  claim(0, '192.0.2.100');
  await install();
  await pass(10, 0);
  expect(kernel.renewals).toBe(0);
});
