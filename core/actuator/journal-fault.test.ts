import { mkdirSync, mkdtempSync, readdirSync, rmSync, type writeSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { KernelResource } from '../plugin/contracts/index.ts';
import { identityOf } from '../plugin/resource.ts';

/** The disk: what it says to a write, if anything. */
const disk = vi.hoisted(() => ({ full: false }));
vi.mock('node:fs', async (original) => {
  const fs = await original<typeof import('node:fs')>();
  const refuse = (): void => {
    if (disk.full) throw new Error('ENOSPC: no space left on device, write');
  };
  const write = ((...args: Parameters<typeof writeSync>) => {
    refuse();
    return fs.writeSync(...args);
  }) as typeof writeSync;
  const writeFileSync: typeof fs.writeFileSync = (...args) => {
    refuse();
    fs.writeFileSync(...args);
  };
  return { ...fs, writeSync: write, writeFileSync };
});
const { Journal } = await import('./journal.ts');

const folder = mkdtempSync(path.join(os.tmpdir(), 'rvrrpd-journal-'));
beforeEach(() => {
  mkdirSync(folder, { recursive: true });
});
afterEach(() => {
  disk.full = false;
  rmSync(folder, { recursive: true, force: true });
});

const mac: KernelResource = { kind: 'mac', interface: 'eth0', mac: '00:00:5e:00:01:07' };

it('that cannot be written says so once, is tried again though nothing is new, and says when it can', () => {
  const file = path.join(folder, 'journal');
  const told: (string | undefined)[] = [];
  const journal = Journal.open(file, (fault) => told.push(fault));
  journal.onRecovery = () => told.push(undefined);
  disk.full = true;
  journal.add({ resource: mac, driver: 'one' });
  journal.flush();
  journal.flush();
  expect(told).toEqual([expect.stringContaining('the journal cannot be written: ENOSPC')]);
  disk.full = false;
  journal.flush();
  journal.flush();
  expect(told).toHaveLength(2);
  expect(told[1]).toBeUndefined();
  const next = Journal.open(file, (fault) => expect.fail(fault));
  expect(next.list()).toEqual([{ resource: mac, driver: 'one' }]);
});

it('that cannot be written from the start on is opened all the same, with what is in it, and written when it can be', () => {
  const file = path.join(folder, 'journal');
  const before = Journal.open(file, (fault) => expect.fail(fault));
  before.add({ resource: mac, driver: 'one' });
  before.flush();
  disk.full = true;
  const told: (string | undefined)[] = [];
  const journal = Journal.open(file, (fault) => told.push(fault));
  journal.onRecovery = () => told.push(undefined);
  expect(told).toEqual([`the journal cannot be written: ENOSPC: no space left on device, write (${file})`]);
  expect(journal.list(), 'a Backup gives back what an earlier one has put there').toHaveLength(1);
  expect(readdirSync(folder), 'nothing half-written').toEqual(['journal']);
  journal.strike('mac eth0');
  journal.add({ resource: { ...mac, interface: 'eth1' }, driver: 'one' });
  journal.flush();
  expect(told).toHaveLength(1);
  disk.full = false;
  journal.flush();
  expect(told.slice(1)).toEqual([undefined]);
  expect(Journal.open(file, (fault) => expect.fail(fault)).list()).toEqual(journal.list());
});

it('that never could be written goes if nothing is ours at the end', () => {
  const file = path.join(folder, 'journal');
  const before = Journal.open(file, (fault) => expect.fail(fault));
  before.add({ resource: mac, driver: 'one' });
  before.flush();
  disk.full = true;
  const journal = Journal.open(file, () => {});
  for (const { resource } of journal.list()) journal.strike(identityOf(resource));
  journal.close();
  journal.close();
  expect(readdirSync(folder)).toEqual([]);
});
