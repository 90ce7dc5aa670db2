import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { ServiceManager } from './service-manager.ts';
import { recordedLog } from './test/stage.ts';

const socket = vi.hoisted(() => ({ sent: [] as string[], gone: false }));

vi.mock('../native/index.ts', () => ({
  native: {
    sendDatagram: (address: string, text: string | Uint8Array) => {
      if (socket.gone) throw new Error('ECONNREFUSED');
      socket.sent.push(`${address} ${Buffer.from(text).toString().trim().replaceAll('\n', ' ')}`);
    },
  },
}));

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  socket.sent.length = 0;
  socket.gone = false;
});
afterEach(() => void vi.useRealTimers());

test('it is told of start, reload and stop, and of what changes', () => {
  const manager = new ServiceManager(recordedLog().log, '/run/notify');
  let status = '1 Backup';
  manager.started(() => status);
  vi.advanceTimersByTime(10_000);
  expect(socket.sent).toEqual(['/run/notify READY=1 STATUS=1 Backup']);
  status = '1 Master';
  vi.advanceTimersByTime(10_000);
  expect(socket.sent.at(-1)).toBe('/run/notify STATUS=1 Master');
  manager.reloading();
  expect(socket.sent.at(-1)).toMatch(/^\/run\/notify RELOADING=1 MONOTONIC_USEC=\d+ STATUS=reloading$/);
  manager.reloaded('reload failed; 1 Master');
  expect(socket.sent.at(-1)).toBe('/run/notify READY=1 STATUS=reload failed; 1 Master');
  manager.stopping();
  expect(socket.sent.at(-1)).toBe('/run/notify STOPPING=1 STATUS=stopping');
  status = '1 Init';
  vi.advanceTimersByTime(60_000);
  expect(socket.sent).toHaveLength(5);
});

test('its watchdog is fed as long as the engine is not late', () => {
  const manager = new ServiceManager(recordedLog().log, '/run/notify', 3000);
  let late = 0;
  manager.started(
    () => '1 Master',
    () => late,
  );
  const fed = (): number => socket.sent.filter((message) => message === '/run/notify WATCHDOG=1').length;
  vi.advanceTimersByTime(3000);
  expect(fed()).toBe(3);
  late = 3000;
  vi.advanceTimersByTime(3000);
  expect(fed()).toBe(3);
  late = 2;
  vi.advanceTimersByTime(1000);
  expect(fed()).toBe(4);
});

test('without one nothing happens', () => {
  const manager = new ServiceManager(recordedLog().log, '');
  manager.started(() => 'x');
  manager.reloading();
  manager.reloaded('x');
  manager.stopping();
  vi.advanceTimersByTime(60_000);
  expect(socket.sent).toEqual([]);
});

test('one that cannot be told is complained of once', () => {
  const { log, lines } = recordedLog();
  socket.gone = true;
  const manager = new ServiceManager(log, '/run/notify');
  manager.started(() => 'x');
  manager.reloading();
  expect(lines).toEqual(['warn: cannot tell the service manager: Error: ECONNREFUSED']);
});
