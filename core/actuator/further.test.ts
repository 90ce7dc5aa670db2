import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, expect, test } from 'vitest';
import type { FurtherAddress, VirtualRouterConfig } from '../config/model.ts';
import type { KernelResource } from '../plugin/contracts/index.ts';
import { identityOf } from '../plugin/resource.ts';
import { Changes } from './changes.ts';
import { furtherResources, missingOf } from './further.ts';
import { Holdings } from './holdings.ts';
import { Journal } from './journal.ts';
import { MemoryKernel } from './test/memory-kernel.ts';
import { View } from './view.ts';

const folder = mkdtempSync(path.join(os.tmpdir(), 'rvrrpd-further-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const router = (further: readonly FurtherAddress[], over: Partial<VirtualRouterConfig> = {}) =>
  ({ interface: 'eth0', further, ...over }) as VirtualRouterConfig;
const plain = { family: 4, address: '192.0.2.5', prefixLength: 32 } as const;

test('they are where the virtual addresses are, or where it says', () => {
  const six = { family: 6, address: '2001:db8::5', prefixLength: 64, interface: 'eth1' } as const;
  expect(furtherResources(router([plain, six]))).toEqual([
    { kind: 'address', interface: 'eth0', ...plain },
    { kind: 'address', ...six },
  ]);
  expect(furtherResources(router([plain]), 'standby7')).toEqual([
    { kind: 'address', interface: 'standby7', ...plain },
  ]);
  expect(furtherResources(router([]))).toEqual([]);
});

test('scope and label; a label that is the interface’s name is none', () => {
  const scoped = { ...plain, scope: 'link', label: 'eth0:5', advertised: true } as const;
  const { advertised: _, ...kept } = scoped;
  expect(furtherResources(router([scoped]))).toEqual([{ kind: 'address', interface: 'eth0', ...kept }]);
  expect(furtherResources(router([{ ...plain, label: 'eth0' }]))[0]).not.toHaveProperty('label');
});

test('with a prefix the interface promotes secondary addresses, before any is there', () => {
  const [setting, ...rest] = furtherResources(
    router([plain, { ...plain, address: '192.0.2.6', prefixLength: 24 }]),
  );
  expect(setting).toEqual({
    ...{ kind: 'sysctl', path: ['net', 'ipv4', 'conf', 'eth0', 'promote_secondaries'], value: '1' },
    ...{ optional: true, soft: true },
  });
  expect(rest.map(({ kind }) => kind)).toEqual(['address', 'address']);
});

test('with accept = false they are guarded, unless the router is their owner', () => {
  const guarded = router([plain], { accept: false });
  expect(furtherResources(guarded).map(({ kind }) => kind)).toEqual(['guard', 'address']);
  expect(furtherResources(guarded, 'eth0', true).map(({ kind }) => kind)).toEqual(['address']);
});

test('a setting that can be done without is no obstacle where it cannot be set', async () => {
  const kernel = new MemoryKernel();
  kernel.addLink('eth0');
  const holdings = new Holdings();
  const journal = Journal.open(path.join(folder, 'journal'), (fault) => {
    throw new Error(fault);
  });
  const drivers = new Map([['memory', kernel]]);
  const changes = new Changes(holdings, drivers, journal, new View([...kernel.byName.values()]));
  // The kernel lets nobody write this one.
  const setting: KernelResource = {
    ...{ kind: 'sysctl', path: ['kernel', 'osrelease'], value: '1' },
    ...{ optional: true, soft: true },
  };
  const address: KernelResource = { kind: 'address', interface: 'eth0', ...plain };
  const wanted = [setting, address].map((resource) => ({ resource, driver: 'memory' }));
  expect(holdings.claim(0, wanted)).toBeUndefined();
  expect((await changes.install([holdings.of(0)])).size).toBe(0);
  expect(holdings.of(0).map(({ state }) => state)).toEqual(['foreign', 'ours']);
  expect(journal.list()).toHaveLength(1);
  expect((await changes.takeBack([holdings.release(0)])).size).toBe(0);
  expect(kernel.byName.get('eth0')?.addresses).toEqual([]);
});

test('what contradicts nothing can be claimed without the rest', () => {
  const holdings = new Holdings();
  const address: KernelResource = { kind: 'address', interface: 'eth0', ...plain };
  const other: KernelResource = { ...address, address: '192.0.2.6' };
  holdings.adopt({ resource: address, driver: 'memory' });
  const changed: KernelResource = { ...address, prefixLength: 24 };
  expect([changed, other, address].map((each) => holdings.contradicts(each))).toEqual([true, false, false]);
});

test('missing is what is neither ours nor was there before; what addresses need does not count', () => {
  const wanted = furtherResources(
    router([
      { ...plain, prefixLength: 24 },
      { ...plain, address: '192.0.2.6' },
    ]),
  );
  expect(wanted).toHaveLength(3);
  const held = (...states: readonly ('missing' | 'ours' | 'foreign' | 'unsure')[]) =>
    wanted.slice(1).flatMap((resource, index) => {
      const state = states[index];
      return state === undefined ? [] : [{ id: identityOf(resource), state }];
    });
  expect(missingOf(wanted, held('ours', 'foreign'))).toBe(0);
  expect(missingOf(wanted, held('unsure', 'missing'))).toBe(2);
  // One that contradicts what is held has not been claimed.
  expect(missingOf(wanted, held('ours'))).toBe(1);
});
