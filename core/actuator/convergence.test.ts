/** Whatever happens in between, the kernel ends up with what is wanted, and in the end with what it had. */
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, expect, it } from 'vitest';
import type { VirtualRouterConfig } from '../config/model.ts';
import type { InterfaceType, KernelResource } from '../plugin/contracts/index.ts';
import { Int, StateTable } from '../threads/state-table.ts';
import { Changes } from './changes.ts';
import { Holdings } from './holdings.ts';
import { Journal } from './journal.ts';
import { Masters } from './masters.ts';
import type { ActuatorParts } from './parts.ts';
import { MemoryKernel } from './test/memory-kernel.ts';
import { View } from './view.ts';
import { Watcher } from './watcher.ts';

const fail = (fault: string): never => {
  throw new Error(fault);
};

const folder = mkdtempSync(path.join(os.tmpdir(), 'rvrrpd-convergence-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const SLOTS = 6;
/** Even slots on the interface itself, odd ones on links of their own, all with a shared address on eth1. */
const iftype: InterfaceType = {
  plan: ({ vrid, addresses, interface: { name }, virtualMac, vifname }) => {
    const own = vrid % 2 === 0 ? name : vifname;
    const resources: KernelResource[] = [
      { kind: 'address', interface: 'eth1', family: 4, address: '198.51.100.1', prefixLength: 32 },
    ];
    if (own === name) resources.push({ kind: 'mac', interface: 'eth1', mac: '00:00:5e:00:01:01' });
    else {
      resources.push({ kind: 'link', type: 'macvlan', interface: own, parent: name, mac: virtualMac });
      resources.push({ kind: 'up', interface: own });
    }
    for (const address of addresses) {
      resources.push({ kind: 'address', interface: own, family: 4, address, prefixLength: 32 });
    }
    return { interface: own, announce: 'virtual-mac', resources };
  },
};
const route: KernelResource = {
  kind: 'route',
  family: 4,
  destination: '0.0.0.0',
  prefixLength: 0,
  gateway: '192.0.2.254',
};
const virtualRouters = Array.from(
  { length: SLOTS },
  (_, vrid): VirtualRouterConfig => ({
    position: { file: 'test', line: 1 },
    vrid,
    interface: 'eth0',
    family: 4,
    version: 2,
    addresses: [`192.0.2.${vrid + 1}`],
    priority: 100,
    preempt: true,
    advertisementIntervalCs: 100,
    rfc3768: true,
    authSecret: '',
    vifname: `vif${vrid}`,
    socketFilter: true,
  }),
);

/** One run of the actuator's parts on a kernel, without its loop and its clock. */
class Run {
  readonly holdings = new Holdings();
  readonly journal: Journal;
  readonly masters: Masters;
  readonly changes: Changes;
  private readonly watcher: Watcher;
  /** `<interface> <address>`: what the engine was told, and may take for the interface's own. */
  readonly told = new Set<string>();

  constructor(kernel: MemoryKernel, table: StateTable, file: string) {
    this.journal = Journal.open(file, fail);
    const parts: ActuatorParts = {
      config: { virtualRouters },
      routerPlugins: virtualRouters.map(() => ({ netdrv: 'memory', iftype: 'test' })),
      plugins: {
        drivers: new Map([['memory', kernel]]),
        iftypes: new Map([['test', iftype]]),
        protocolResources: [route],
        protocolDriver: 'memory',
      },
      table,
      journal: this.journal,
      ring: () => {},
      tellLinks: (links) => {
        for (const { name, addresses } of links) {
          for (const { address } of addresses) this.told.add(`${name} ${address}`);
        }
      },
      clock: () => performance.now(),
      log: () => {},
    };
    this.changes = new Changes(this.holdings, parts.plugins.drivers, this.journal, new View());
    this.masters = new Masters(parts, this.holdings, this.changes);
    this.watcher = new Watcher(parts, this.holdings, this.changes, this.masters, () => {});
  }

  /** As Actuator.start does. */
  async start(): Promise<void> {
    for (const entry of this.journal.list()) this.holdings.adopt(entry);
    await this.watcher.read();
    this.masters.claimPresent();
    await this.watcher.verify();
    await this.changes.takeBack([this.holdings.orphans()]);
    await this.watcher.read();
  }

  /** Some turns of the loop. */
  async turns(count: number): Promise<void> {
    for (let i = 0; i < count; i++) {
      await this.watcher.read();
      await this.watcher.verify();
      this.watcher.tellLinks();
      this.masters.noPauses();
      await this.masters.work();
    }
  }

  async stop(): Promise<void> {
    const { protocols, routers } = this.masters.releaseAll();
    await this.changes.takeBack([protocols]);
    await this.changes.takeBack(routers);
    this.journal.close();
  }
}

const slot = fc.integer({ min: 0, max: SLOTS - 1 });
const happening = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({ kind: fc.constant('flip' as const), slot, by: fc.integer({ min: 1, max: 3 }) }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('turn' as const) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('remove-address' as const), slot }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('remove-link' as const), slot }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('refuse' as const), every: fc.integer({ min: 2, max: 4 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('lose' as const), every: fc.integer({ min: 1, max: 4 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('crash' as const), after: fc.integer({ min: 0, max: 12 }) }),
  },
);

let files = 0;

it('converges, and leaves nothing behind', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(happening, { maxLength: 25 }), async (happenings) => {
      const kernel = new MemoryKernel();
      kernel.addLink('eth0', '192.0.2.100', '192.0.2.5'); // slot 4 owns its address
      kernel.addLink('eth1');
      const found = kernel.state();
      const table = StateTable.allocate(SLOTS);
      const file = path.join(folder, String(++files));
      let run = new Run(kernel, table, file);
      await run.start();
      for (const event of happenings) {
        if (event.kind === 'flip') {
          table.setInt(event.slot, Int.Wanted, table.int(event.slot, Int.Wanted) + event.by);
        } else if (event.kind === 'turn') await run.turns(1);
        else if (event.kind === 'remove-address' && event.slot !== 4) {
          kernel.removeAddress(event.slot % 2 ? `vif${event.slot}` : 'eth0', `192.0.2.${event.slot + 1}`);
        } else if (event.kind === 'remove-link') kernel.byName.delete(`vif${event.slot}`);
        else if (event.kind === 'refuse') {
          let count = 0;
          kernel.refuse = () => (++count % event.every === 0 ? 'ENOBUFS' : undefined);
          await run.turns(1);
          kernel.refuse = () => undefined;
        } else if (event.kind === 'lose') {
          let count = 0;
          kernel.loseAnswer = () => ++count % event.every === 0;
          await run.turns(1);
          kernel.loseAnswer = () => false;
        } else if (event.kind === 'crash') {
          // In the middle of whatever it does next, or after it.
          kernel.dieAfter = event.after;
          await Promise.race([run.turns(2), new Promise<void>((resolve) => (kernel.onDeath = resolve))]);
          kernel.dieAfter = Number.POSITIVE_INFINITY;
          run = new Run(kernel, table, file);
          await run.start();
        }
        for (const own of run.told) expect(own).toMatch(/^eth0 192\.0\.2\.(100|5)$/);
      }
      await run.turns(4);

      let anyone = false;
      for (let at = 0; at < SLOTS; at++) {
        const wanted = table.int(at, Int.Wanted);
        const master = (wanted & 1) === 1;
        anyone ||= master;
        expect(table.int(at, Int.Applied)).toBe(wanted);
        expect(table.int(at, Int.KernelErrno)).toBe(0);
        const link = kernel.byName.get(at % 2 ? `vif${at}` : 'eth0');
        const present = link?.addresses.some(({ address }) => address === `192.0.2.${at + 1}`) ?? false;
        expect(present).toBe(master || at === 4);
        if (at % 2) expect(link?.up ?? false).toBe(master);
      }
      expect(kernel.byName.get('eth1')!.addresses.length).toBe(anyone ? 1 : 0);
      expect(kernel.routes.size).toBe(anyone ? 1 : 0);
      await run.stop();
      expect(kernel.state()).toBe(found);
    }),
    { numRuns: 300 },
  );
});

it('installs a chunk of routers in few batches', async () => {
  const kernel = new MemoryKernel();
  kernel.addLink('eth0');
  kernel.addLink('eth1');
  const table = StateTable.allocate(SLOTS);
  const run = new Run(kernel, table, path.join(folder, String(++files)));
  await run.start();
  for (let at = 0; at < SLOTS; at++) table.setInt(at, Int.Wanted, 1);
  const before = kernel.batches;
  await run.masters.work();
  // One for the routers, one for the routes.
  expect(kernel.batches - before).toBe(2);
  await run.stop();
});
