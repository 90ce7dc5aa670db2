import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { notifyCompliance, notifyEvent } from 'rvrrpd/plugin';
import { afterAll, describe, expect, test } from 'vitest';
import { eventVariables } from '../src/environment.ts';
import plugin, { commandFor, failureOf } from '../src/index.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'notify-exec-'));
afterAll(() => rmSync(folder, { recursive: true }));

const file = path.join(folder, 'told');
const read = (): string[] => {
  try {
    return readFileSync(file, 'utf8').split('\n').slice(0, -1);
  } catch {
    return [];
  }
};

notifyCompliance({
  test: (name, body) => test(name, body, 60_000),
  plugin,
  manifest: new URL('../package.json', import.meta.url),
  settings: {
    command: ['/bin/sh', '-c', `printf '%s\\n' "$RVRRPD_EVENT" >> '${file}'`],
  },
  arrived: () => read().map((line) => JSON.parse(line) as unknown).length,
  failing: { command: ['/nonexistent/program'] },
  hanging: { command: ['/bin/sleep', '60'] },
  right: [
    { command: ['/bin/true'], user: 0, group: 0, arguments: 'keepalived', names: { 'eth0/7': 'VI_1' } },
  ],
  wrong: [
    { settings: { command: ['relative'] }, contains: 'relative' },
    { settings: { command: ['/bin/true'], user: 'no-such-user' }, contains: 'no-such-user' },
  ],
});

describe('the command', () => {
  const settings = { command: ['/x', 'a b'], arguments: 'keepalived' } as const;
  test.each([
    [{}, ['INSTANCE', 'eth0/7', 'MASTER', '70']],
    [{ state: 'Backup', priority: 1 } as const, ['INSTANCE', 'eth0/7', 'BACKUP', '1']],
    [{ state: 'Down' } as const, ['INSTANCE', 'eth0/7', 'FAULT', '70']],
    [{ state: 'Fault', type: 'group', name: 'gw' } as const, ['GROUP', 'gw', 'FAULT', '70']],
    [{ state: 'Stop' } as const, ['INSTANCE', 'eth0/7', 'STOP', '70']],
  ])('with keepalived’s arguments for %j', (event, expected) => {
    expect(commandFor(settings, notifyEvent(event))).toEqual(['/x', 'a b', ...expected]);
  });

  test('with another name, and without any arguments', () => {
    const named = { ...settings, names: { 'eth0/7': 'VI_1', toString: 'x' } };
    expect(commandFor(named, notifyEvent())[3]).toBe('VI_1');
    expect(commandFor(named, notifyEvent({ name: 'valueOf' }))[3]).toBe('valueOf');
    expect(commandFor({ ...settings, arguments: 'none' }, notifyEvent())).toEqual(['/x', 'a b']);
  });
});

test('the environment has all of an event', () => {
  const event = notifyEvent({ cause: 'a\0b' });
  expect(eventVariables(event)).toEqual({
    ...{ RVRRPD_HOOK: 'kit', RVRRPD_SEQUENCE: '1', RVRRPD_HOST: 'host.example' },
    ...{ RVRRPD_TIME: '2026-01-02T03:04:05.678Z', RVRRPD_TYPE: 'router', RVRRPD_NAME: 'eth0/7' },
    ...{ RVRRPD_STATE: 'Master', RVRRPD_PREVIOUS: 'Backup', RVRRPD_LASTED: '12.345', RVRRPD_CAUSE: 'a b' },
    ...{ RVRRPD_PEER: '10.0.0.2', RVRRPD_PRIORITY: '70', RVRRPD_PRIORITY_PARTS: '100 - 30 (web) = 70' },
    ...{ RVRRPD_INTERFACE: 'eth0', RVRRPD_GROUP: '7', RVRRPD_FAMILY: '4', RVRRPD_VERSION: '2' },
    ...{ RVRRPD_ADDRESSES: '10.0.0.1 10.0.0.3', RVRRPD_SYNC: 'gw', RVRRPD_ROUTERS: '' },
    ...{ RVRRPD_MISSED: '0', RVRRPD_JOINED: '0', RVRRPD_ATTEMPT: '1', RVRRPD_EVENT: JSON.stringify(event) },
  });
});

test.each([
  [{ code: 0, words: 'fine' }, undefined],
  [{ code: 3, words: '' }, 'exit code 3'],
  [{ code: 3, words: 'no' }, 'exit code 3: no'],
  [{ signal: 'SIGTERM', words: '' }, 'ended by SIGTERM'],
])('%j is %s', (outcome, expected) => {
  expect(failureOf(outcome)).toBe(expected);
});

/** Delivers an event to a script. @param more settings @param time in ms, after which it is told to end */
const deliver = async (script: string, more: object = {}, time = 60_000): Promise<void> => {
  const context = { name: 'exec', options: {}, log: () => {}, hook: 'x', timeout: time };
  const settings = { command: ['/bin/sh', '-c', script], arguments: 'none', ...more };
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), time);
  try {
    await plugin.create({ ...context, settings }).deliver(notifyEvent(), controller.signal);
  } finally {
    clearTimeout(timer);
  }
};

test('what it leaves in its process group goes on, unless it was told to end', async () => {
  const mark = path.join(folder, 'later');
  await deliver(`(sleep 0.3; : > '${mark}') >/dev/null 2>&1 &`);
  await expect.poll(() => readFileSync(mark, 'utf8'), { timeout: 20_000 }).toBe('');
});

test('what it leaves may write, more than a pipe holds, and goes on', async () => {
  const mark = path.join(folder, 'talked');
  await deliver(`(sleep 0.3; echo a; head -c 100000 /dev/zero; echo b >&2; : > '${mark}') &`);
  await expect.poll(() => existsSync(mark), { timeout: 20_000 }).toBe(true);
});

test('its output has names, for other users too', async () => {
  const script = 'set -e; echo fine > /dev/stdout; echo x > /dev/stderr; cat /proc/self/fd/0; exit 4';
  await expect(deliver(script)).rejects.toThrow('exit code 4: fine');
  await expect(deliver(script, { user: 65534, group: 65534 })).rejects.toThrow('exit code 4: fine');
});

test('it may flood its output, and ignore every signal: when its time is over it is over', async () => {
  await expect(deliver('trap "" TERM INT HUP PIPE; while :; do echo flood; done', {}, 500)).rejects.toThrow();
});

test('who has left its process group and keeps its output holds up nobody', async () => {
  await deliver('setsid sleep 5 & exit 0', {}, 4000);
});

test.each([
  ['/nonexistent', 'there is no such file'],
  ['/etc/passwd', 'not permitted'],
  ['/', 'not permitted'],
])('%s cannot be run: %s', async (program, why) => {
  await expect(deliver('', { command: [program] })).rejects.toThrow(`cannot run ${program}: ${why}`);
});
