import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import type { KernelResource } from '../plugin/contracts/index.ts';
import { identityOf } from '../plugin/resource.ts';
import { here, Journal, parseJournal } from './journal.ts';

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

  it('is told by the cookie of the namespace, not by its inode number alone', () => {
    const now = here('17');
    const earlier = { ...now, process: '1 1' };
    expect(parseJournal(text(earlier), now)).toEqual([{ resource: mac, driver: 'x' }]);
    expect(parseJournal(text({ ...earlier, cookie: '16' }), now)).toEqual([]);
    expect(parseJournal(text({ ...earlier, netns: 'net:[1]' }), now)).toEqual([]);
  });

  const { journal, boot, netns } = here();
  it.each([
    ['of a release that knew no cookies', { journal, boot, netns }, here('17')],
    ['of such a kernel', { ...here(null), process: '1 1' }, here(null)],
    ['that has a cookie nobody can compare', { ...here('17'), process: '1 1' }, here(null)],
  ])('is doubted, %s', (_, header, now) => {
    expect(parseJournal(text(header), now)).toEqual([{ resource: mac, driver: 'x', doubtful: true }]);
    writeFileSync(file, text(header));
    Journal.open(file, fail, now); // and the process dies here: the doubt outlives it
    const next = { ...now, process: '2 2' };
    expect(Journal.open(file, fail, next).list()).toEqual([{ resource: mac, driver: 'x', doubtful: true }]);
  });

  it('is not, if this process has written it', () => {
    expect(parseJournal(text(here(null)), here(null))).toEqual([{ resource: mac, driver: 'x' }]);
    expect(here().process).toMatch(new RegExp(`^${process.pid} \\d+$`));
  });
});
