import { expect, test, vi } from 'vitest';
import { notifyEvent } from '../plugin/compliance/notify.ts';
import { Deliveries } from './deliveries.ts';

/** A hook whose notifier does this. */
function made(deliver: (signal: AbortSignal) => Promise<void>) {
  const timers: (() => void)[] = [];
  const listener = { delivered: vi.fn(), failed: vi.fn(), unending: vi.fn() };
  const after = (_: number, then: () => void) => {
    timers.push(then);
    return () => timers.splice(timers.indexOf(then), 1);
  };
  const deliveries = new Deliveries({ deliver: (_, signal) => deliver(signal) }, 1000, after, listener);
  const settled = () => new Promise((resolve) => setImmediate(resolve));
  /** Lets the time pass that is waited for. */
  const pass = () => timers.at(-1)!();
  return { deliveries, listener, pass, settled };
}

test.each([
  [{}, false, undefined],
  [{ final: true }, true, undefined],
  [{ final: 'yes' }, false, undefined],
  [{ pause: 500 }, false, 500],
  [{ pause: -1 }, false, undefined],
  [{ pause: Number.NaN }, false, undefined],
  [{ pause: '500' }, false, undefined],
])('what an error with %j says of the next attempt', async (properties, final, pause) => {
  const { deliveries, listener, settled } = made(() =>
    Promise.reject(Object.assign(new Error('no'), properties)),
  );
  deliveries.deliver(notifyEvent());
  await settled();
  expect(listener.failed.mock.calls).toEqual([['no', final, pause]]);
});

test('after its time one is told to end, and has failed once it has, with the pause that its plugin wants', async () => {
  const { deliveries, listener, pass, settled } = made(
    (signal) =>
      new Promise((_, reject) => {
        signal.addEventListener('abort', () =>
          reject(Object.assign(new Error('told'), { pause: 7, final: true })),
        );
      }),
  );
  deliveries.deliver(notifyEvent());
  await settled();
  expect(listener.failed).not.toHaveBeenCalled();
  pass();
  await settled();
  expect(listener.failed.mock.calls).toEqual([['not over within 1 s', false, 7]]);
  expect(listener.unending).not.toHaveBeenCalled();
});

test('one that does not end although it was told to is unending, and nothing overtakes it', async () => {
  const { deliveries, listener, pass, settled } = made(() => new Promise(() => {}));
  deliveries.deliver(notifyEvent());
  deliveries.deliver(notifyEvent({ sequence: 2 }));
  expect(listener.failed.mock.calls).toEqual([['the delivery before has not ended yet', false]]);
  pass();
  pass();
  await settled();
  expect(listener.unending).toHaveBeenCalledOnce();
  expect(listener.delivered).not.toHaveBeenCalled();
});
