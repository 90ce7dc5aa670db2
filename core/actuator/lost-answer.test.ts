/** A change whose answer was lost may have been made: it is known for ours then, never for somebody else's. */
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { KernelChange, KernelResource } from '../plugin/contracts/index.ts';
import { Changes } from './changes.ts';
import { Holdings } from './holdings.ts';
import { Journal } from './journal.ts';
import { MemoryKernel } from './test/memory-kernel.ts';
import { View } from './view.ts';

const RESOURCES: Readonly<Record<string, KernelResource>> = {
  address: { kind: 'address', interface: 'eth0', family: 4, address: '192.0.2.1', prefixLength: 32 },
  route: {
    ...{ kind: 'route', family: 4, destination: '198.51.100.0', prefixLength: 24, gateway: '192.0.2.254' },
  },
  link: { kind: 'link', type: 'macvlan', interface: 'standby1', parent: 'eth0', mac: '00:00:5e:00:01:01' },
  mac: { kind: 'mac', interface: 'eth0', mac: '00:00:5e:00:01:01' },
  guard: { kind: 'guard', interface: 'eth0', family: 4, address: '192.0.2.1' },
};

let folder: string;
let kernel: MemoryKernel;
let before: string;
let journal: Journal;
let holdings: Holdings;
let changes: Changes;
beforeEach(async () => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'rvrrpd-lost-answer-'));
  kernel = new MemoryKernel();
  kernel.addLink('eth0', '192.0.2.9');
  before = kernel.state();
  journal = Journal.open(path.join(folder, 'journal'), (fault) => expect.fail(fault));
  holdings = new Holdings();
  changes = new Changes(holdings, new Map([['memory', kernel]]), journal, new View(await kernel.links()));
});
afterEach(() => {
  journal.close();
  rmSync(folder, { recursive: true, force: true });
});

/** Loses the answer to the next change alone. */
function loseOne(): void {
  let lost = false;
  kernel.loseAnswer = (_change: KernelChange) => {
    const lose = !lost;
    lost = true;
    return lose;
  };
}

describe.each(Object.keys(RESOURCES))('the answer to the installation of a %s is lost', (kind) => {
  const resource = RESOURCES[kind]!;

  test.each(['read again', 'not read again'])(
    '%s: it is ours after the next attempt, and taken back',
    async (how) => {
      holdings.claim(0, [{ resource, driver: 'memory' }]);
      loseOne();
      expect((await changes.install([holdings.of(0)])).size).toBe(1);
      expect(journal.list()).toHaveLength(1);
      if (how === 'read again' || kind === 'link') changes.view = new View(await kernel.links());
      expect((await changes.install([holdings.of(0)])).size).toBe(0);
      expect(holdings.of(0)[0]!.state).toBe('ours');
      expect(journal.list()).toHaveLength(1);
      await changes.takeBack([holdings.release(0)]);
      expect(kernel.state()).toBe(before);
      expect(journal.list()).toEqual([]);
    },
  );

  test('nobody wants it any more before the next attempt: it is taken back', async () => {
    holdings.claim(0, [{ resource, driver: 'memory' }]);
    loseOne();
    await changes.install([holdings.of(0)]);
    changes.view = new View(await kernel.links());
    await changes.takeBack([holdings.release(0)]);
    expect(kernel.state()).toBe(before);
    expect(journal.list()).toEqual([]);
  });

  test('it was not made: the next attempt makes it', async () => {
    holdings.claim(0, [{ resource, driver: 'memory' }]);
    kernel.refuse = () => 'EIO';
    await changes.install([holdings.of(0)]);
    kernel.refuse = () => undefined;
    expect((await changes.install([holdings.of(0)])).size).toBe(0);
    await changes.takeBack([holdings.release(0)]);
    expect(kernel.state()).toBe(before);
  });
});

test.each(['route', 'guard'])(
  'a lost answer about a %s of ours does not make it somebody else’s',
  async (kind) => {
    holdings.claim(0, [{ resource: RESOURCES[kind]!, driver: 'memory' }]);
    await changes.install([holdings.of(0)]);
    kernel.refuse = () => 'EIO';
    expect(await changes.refreshUnlisted()).toEqual({ restored: [], gone: [] });
    kernel.refuse = () => undefined;
    await changes.takeBack([holdings.release(0)]);
    expect(kernel.state()).toBe(before);
  },
);
