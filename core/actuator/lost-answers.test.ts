/** A change whose answer was lost: what was done is ours, however the next attempt is answered. */
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { KernelChange } from '../plugin/contracts/index.ts';
import { type DriverResource, installing } from '../plugin/resource.ts';
import { Changes } from './changes.ts';
import { type Holding, Holdings } from './holdings.ts';
import { Journal } from './journal.ts';
import { MemoryKernel } from './test/memory-kernel.ts';
import { View } from './view.ts';

const fail = (fault: string): never => {
  throw new Error(fault);
};

const folder = mkdtempSync(path.join(os.tmpdir(), 'rvrrpd-lost-answers-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let files = 0;

const mac: DriverResource = { kind: 'mac', interface: 'eth0', mac: '00:00:5e:00:01:07' };
const address: DriverResource = {
  kind: 'address',
  interface: 'eth0',
  family: 4,
  address: '192.0.2.1',
  prefixLength: 32,
  label: 'eth0:7',
};
const link: DriverResource = {
  kind: 'link',
  type: 'macvlan',
  interface: 'vif7',
  parent: 'eth0',
  mac: '00:00:5e:00:01:07',
};
const up: DriverResource = { kind: 'up', interface: 'vif7' };
const route: DriverResource = {
  kind: 'route',
  family: 4,
  destination: '198.51.100.0',
  prefixLength: 24,
  gateway: '192.0.2.254',
};
const kinds: [string, DriverResource[], KernelChange['op'], KernelChange['op']][] = [
  ['an address', [address], 'add-address', 'remove-address'],
  ['a MAC address', [mac], 'set-mac', 'set-mac'],
  ['an interface', [link], 'add-link', 'remove-link'],
  ['IFF_UP', [link, up], 'set-up', 'remove-link'],
  ['a route', [route], 'add-route', 'remove-route'],
];

/** A kernel, and the part of an actuator that changes it. */
function stage() {
  const kernel = new MemoryKernel();
  kernel.addLink('eth0', '192.0.2.100');
  const holdings = new Holdings();
  const file = path.join(folder, String(++files));
  const journal = Journal.open(file, fail);
  const drivers = new Map([['memory', kernel]]);
  const changes = new Changes(holdings, drivers, journal, new View([...kernel.byName.values()]));
  const want = (resources: readonly DriverResource[]) =>
    expect(
      holdings.claim(
        0,
        resources.map((resource) => ({ resource, driver: 'memory' })),
      ),
    ).toBeUndefined();
  /** As the watcher does with news. */
  const look = () => {
    changes.view = new View([...kernel.byName.values()]);
    changes.recognise();
  };
  return { kernel, holdings, journal, changes, want, look, file };
}

const states = (holdings: readonly Holding[]) => holdings.map(({ state }) => state);

describe.each(kinds)('%s', (_, resources, install, takeBack) => {
  for (const errno of ['EIO', 'ENOBUFS', 'ETIMEDOUT', 'EWHATEVER']) {
    for (const looks of [false, true]) {
      it(`is ours after ${errno}${looks ? ', whatever was read in between' : ''}`, async () => {
        const { kernel, holdings, journal, changes, want, look } = stage();
        const found = kernel.state();
        want(resources);
        kernel.loseAnswer = ({ op }) => (op === install ? errno : false);
        expect((await changes.install([holdings.of(0)])).size).toBe(1);
        expect(journal.list().map(({ resource }) => resource)).toEqual(resources);
        kernel.loseAnswer = () => false;
        if (looks) look();
        expect((await changes.install([holdings.of(0)])).size).toBe(0);
        expect(states(holdings.of(0))).toEqual(resources.map(() => 'ours'));
        expect((await changes.takeBack([holdings.release(0)])).size).toBe(0);
        expect(kernel.state()).toBe(found);
        expect(journal.list()).toEqual([]);
      });
    }
  }

  it('goes again if nobody wants it any more, and nobody has looked', async () => {
    const { kernel, holdings, journal, changes, want } = stage();
    const found = kernel.state();
    want(resources);
    kernel.loseAnswer = ({ op }) => (op === install ? 'EIO' : false);
    await changes.install([holdings.of(0)]);
    kernel.loseAnswer = () => false;
    expect((await changes.takeBack([holdings.release(0)])).size).toBe(0);
    expect(kernel.state()).toBe(found);
    expect(journal.list()).toEqual([]);
    expect([...holdings.all()]).toEqual([]);
  });

  it('is taken back after a crash', async () => {
    const { kernel, holdings, changes, want, file } = stage();
    const found = kernel.state();
    want(resources);
    kernel.loseAnswer = ({ op }) => (op === install ? 'EIO' : false);
    await changes.install([holdings.of(0)]);
    kernel.loseAnswer = () => false;
    const next = new Holdings();
    const journal = Journal.open(file, fail);
    for (const entry of journal.list()) next.adopt(entry);
    const view = new View([...kernel.byName.values()]);
    const later = new Changes(next, new Map([['memory', kernel]]), journal, view);
    expect((await later.takeBack([next.orphans()])).size).toBe(0);
    expect(kernel.state()).toBe(found);
  });

  it('is not kept in mind after a refusal that proves that nothing was done', async () => {
    const { kernel, holdings, journal, changes, want } = stage();
    want(resources);
    kernel.refuse = ({ op }) => (op === install ? 'EPERM' : undefined);
    expect((await changes.install([holdings.of(0)])).size).toBe(1);
    expect(holdings.of(0).at(-1)?.state).toBe('missing');
    expect(journal.list().map(({ resource }) => resource)).toEqual(resources.slice(0, -1));
  });

  it('that went without an answer comes again, and is ours', async () => {
    const { kernel, holdings, changes, want } = stage();
    const found = kernel.state();
    want(resources);
    await changes.install([holdings.of(0)]);
    kernel.loseAnswer = ({ op }) => (op === takeBack ? 'EIO' : false);
    expect((await changes.takeBack([holdings.release(0)])).size).toBeGreaterThan(0);
    kernel.loseAnswer = () => false;
    const wanted = kernel.state();
    want(resources);
    expect((await changes.install([holdings.of(0)])).size).toBe(0);
    expect(kernel.state()).not.toBe(wanted);
    expect(states(holdings.of(0))).toEqual(resources.map(() => 'ours'));
    expect((await changes.takeBack([holdings.release(0)])).size).toBe(0);
    expect(kernel.state()).toBe(found);
  });
});

it('what was there before is not ours, lost answer or not', async () => {
  const { kernel, holdings, journal, changes, want, look } = stage();
  await kernel.apply([installing(route), installing(address)]);
  const found = kernel.state();
  want([address, route]);
  await changes.install([[holdings.of(0)[0]!], [holdings.of(0)[1]!]]); // EEXIST: nobody has looked
  look();
  expect(states(holdings.of(0))).toEqual(['foreign', 'foreign']);
  await changes.takeBack([holdings.release(0)]);
  expect(kernel.state()).toBe(found);
  expect(journal.list()).toEqual([]);
});

it('a route of ours stays ours when it cannot be added again', async () => {
  const { kernel, holdings, changes, want } = stage();
  const found = kernel.state();
  for (const errno of ['EIO', 'ENETUNREACH']) {
    want([route]);
    await changes.install([holdings.of(0)]);
    kernel.refuse = ({ op }) => (op === 'add-route' ? errno : undefined);
    expect((await changes.refreshUnlisted()).gone).toHaveLength(errno === 'EIO' ? 0 : 1);
    expect(states(holdings.of(0))).toEqual(['unsure']);
    expect((await changes.install([holdings.of(0)])).size).toBe(1);
    kernel.refuse = () => undefined;
    expect((await changes.install([holdings.of(0)])).size).toBe(0);
    expect(states(holdings.of(0))).toEqual(['ours']);
    await changes.takeBack([holdings.release(0)]);
    expect(kernel.state()).toBe(found);
  }
});

it('a route of somebody else is not in the journal while it is asked for again and again', async () => {
  const { kernel, holdings, journal, changes, want } = stage();
  await kernel.apply([installing(route)]);
  want([route]);
  await changes.install([holdings.of(0)]);
  const [holding] = holdings.of(0);
  holding!.state = 'missing'; // as the watcher does: it may have gone
  holding!.wasForeign = true;
  let noted = -1;
  kernel.refuse = () => {
    noted = journal.list().length;
    return undefined;
  };
  await changes.install([holdings.of(0)]);
  expect(noted).toBe(0);
  kernel.routes.clear();
  holding!.state = 'missing';
  await changes.install([holdings.of(0)]);
  expect(holding!.state).toBe('ours');
  expect(journal.list()).toHaveLength(1);
});
