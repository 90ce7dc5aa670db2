import { appendFileSync, existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import type { KernelResource } from '../../plugin/types.ts';
import { here, Journal, parseJournal } from '../journal.ts';
import { identityOf } from '../resource.ts';

const fail = (fault: string): never => {
  throw new Error(fault);
};

const folder = mkdtempSync(path.join(os.tmpdir(), 'rvrrpd-journal-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const address = (text: string): KernelResource => ({
  kind: 'address',
  interface: 'eth0',
  family: 4,
  address: text,
  prefixLength: 32,
});
const mac: KernelResource = { kind: 'mac', interface: 'eth0', mac: '00:00:5e:00:01:07' };

let file: string;
let count = 0;
beforeEach(() => {
  file = path.join(folder, 'run', `journal-${++count}`);
});

describe('journal', () => {
  it('remembers what was added and not struck out, in order, with what to put back', () => {
    const journal = Journal.open(file, fail);
    journal.add({ resource: mac, driver: 'one', original: '02:00:00:00:00:01' });
    journal.add({ resource: address('192.0.2.1'), driver: 'one' });
    journal.add({ resource: address('192.0.2.2'), driver: 'two' });
    journal.strike(identityOf(address('192.0.2.1')));
    journal.flush(); // and the process dies here
    expect(Journal.open(file, fail).list()).toEqual([
      { resource: mac, driver: 'one', original: '02:00:00:00:00:01' },
      { resource: address('192.0.2.2'), driver: 'two' },
    ]);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  it('goes when nothing is ours any more, and stays otherwise', () => {
    const journal = Journal.open(file, fail);
    journal.add({ resource: mac, driver: 'one' });
    journal.close();
    expect(existsSync(file)).toBe(true);
    const next = Journal.open(file, fail);
    next.strike(identityOf(mac));
    next.close();
    expect(existsSync(file)).toBe(false);
  });

  it('bears a last line that was cut short', () => {
    const journal = Journal.open(file, fail);
    journal.add({ resource: mac, driver: 'one' });
    journal.flush();
    appendFileSync(file, '{"add":{"resource":{"kind":"addr');
    expect(Journal.open(file, fail).list()).toEqual([{ resource: mac, driver: 'one' }]);
  });

  it('is written anew before it grows without end', () => {
    const journal = Journal.open(file, fail);
    journal.add({ resource: mac, driver: 'one' });
    for (let i = 0; i < 20_000; i++) {
      journal.add({ resource: address('192.0.2.1'), driver: 'one' });
      journal.strike(identityOf(address('192.0.2.1')));
      journal.flush();
    }
    expect(readFileSync(file, 'utf8').split('\n').length).toBeLessThan(20_000);
    expect(Journal.open(file, fail).list()).toEqual([{ resource: mac, driver: 'one' }]);
  });
});

describe('a journal of another time or place', () => {
  const text = (header: object) =>
    `${JSON.stringify(header)}\n${JSON.stringify({ add: { resource: mac, driver: 'x' } })}\n`;

  it('is ignored', () => {
    const now = here();
    expect(parseJournal(text(now), now)).toHaveLength(1);
    expect(parseJournal(text({ ...now, boot: 'another' }), now)).toEqual([]);
    expect(parseJournal(text({ ...now, netns: 'net:[1]' }), now)).toEqual([]);
    expect(parseJournal(text({ ...now, journal: 2 }), now)).toEqual([]);
    expect(parseJournal('', now)).toEqual([]);
    expect(parseJournal('nonsense\n', now)).toEqual([]);
  });
});
