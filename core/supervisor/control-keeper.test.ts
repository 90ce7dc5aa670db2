import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { Control } from './control-keeper.ts';
import type { Daemon } from './daemon.ts';

const folder = mkdtempSync(path.join(os.tmpdir(), 'rvrrpd-control-'));
afterEach(() => {
  vi.useRealTimers();
  rmSync(folder, { recursive: true, force: true });
});

const NOBODY = {
  standBy: () => Promise.reject(),
  resume: () => Promise.reject(),
  failOver: () => Promise.reject(),
};
const upgrader = { upgrade: () => Promise.reject() };

/** Not vi.waitUntil: that moves the clock. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise(setImmediate);
}

test('a control socket that cannot be opened is a trouble, and tried again until it can', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const troubles: (string | undefined)[] = [];
  const log = { error: vi.fn(), info: vi.fn() };
  const daemon = {
    trouble: (_topic: string, text: string | undefined) => troubles.push(text),
  } as unknown as Daemon;
  const socket = path.join(folder, 'run', 'x.sock');
  const control = new Control(socket, daemon, { reload: () => Promise.reject() }, upgrader, log, NOBODY);
  await control.open();
  const text = /^rvrrpd status, reload, upgrade and plugins do not work: bind.*E/;
  expect(troubles).toEqual([expect.stringMatching(text)]);

  for (const pause of [1000, 2000]) {
    vi.advanceTimersByTime(pause - 1);
    expect(vi.getTimerCount()).toBe(1);
    vi.advanceTimersByTime(1);
    const before = log.error.mock.calls.length;
    await until(() => log.error.mock.calls.length > before);
  }
  mkdirSync(path.dirname(socket));
  vi.advanceTimersByTime(5000);
  await until(() => log.info.mock.calls.length > 0);
  expect(troubles.at(-1)).toBeUndefined();
  expect(vi.getTimerCount()).toBe(0);
  const client = connect(socket);
  await new Promise((resolve, reject) => client.once('connect', resolve).once('error', reject));
  client.destroy();
  control.close();
});

test('once closed it is not tried any more', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const daemon = { trouble: () => {} } as unknown as Daemon;
  const log = { error: vi.fn(), info: vi.fn() };
  const control = new Control(
    path.join(folder, 'no', 'x.sock'),
    daemon,
    { reload: () => Promise.reject() },
    upgrader,
    log,
    NOBODY,
  );
  await control.open();
  expect(vi.getTimerCount()).toBe(1);
  control.close();
  expect(vi.getTimerCount()).toBe(0);
});
