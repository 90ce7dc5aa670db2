import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { recordedLog, router } from './test/stage.ts';
import { TwinGuard } from './twin-guard.ts';

/** The kernel: who has which claim, and where interfaces are. */
const kernel = vi.hoisted(() => ({
  ours: new Set<string>(),
  theirs: new Set<string>(),
  callers: [] as { name: string; pid: number }[],
  indices: new Map<string, number>(),
  full: false,
}));

vi.mock('../native/index.ts', () => ({
  native: {
    Claims: class {
      take(name: string): boolean {
        if (kernel.full) throw new Error('EMFILE: too many open files');
        if (kernel.theirs.has(name)) return false;
        kernel.ours.add(name);
        return true;
      }
      release(name: string): void {
        kernel.ours.delete(name);
      }
      callers(): { name: string; pid: number }[] {
        return kernel.callers.splice(0);
      }
    },
    interfaceIndex: (name: string) => kernel.indices.get(name) ?? 0,
    claimant: () => 0,
  },
}));

beforeEach(() => {
  vi.useFakeTimers();
  for (const each of [kernel.ours, kernel.theirs, kernel.indices]) each.clear();
  kernel.indices.set('eth0', 2);
  kernel.full = false;
});
afterEach(() => void vi.useRealTimers());

function made() {
  const { log, lines } = recordedLog();
  return { guard: new TwinGuard(log), lines };
}

const ours = (): string[] => [...kernel.ours].sort();

test('what is to run is claimed, by index and family, as far as its interface is there', async () => {
  const { guard } = made();
  await guard.expect([router(1), router(1, { family: 6 }), router(3, { interface: 'eth9' })]);
  expect(ours()).toEqual(['rvrrpd/vr/2/1/4', 'rvrrpd/vr/2/1/6']);
});

test('if another process has one, nothing more is claimed than before', async () => {
  const { guard } = made();
  await guard.expect([router(1)]);
  guard.runs([router(1)]);
  kernel.theirs.add('rvrrpd/vr/2/3/4');
  await expect(guard.expect([router(1), router(2), router(3)])).rejects.toMatchObject({
    code: 'router-taken',
    message:
      'virtual router 3 on eth0 is run by another rvrrpd in this network namespace: only one of the two can have it',
  });
  expect(ours()).toEqual(['rvrrpd/vr/2/1/4']);
  kernel.theirs.add('rvrrpd/vr/2/4/4');
  await expect(guard.expect([router(3), router(4)])).rejects.toThrow(
    'virtual router 3 on eth0 and 1 more are run by',
  );
});

test('what runs already is not asked for again', async () => {
  const { guard } = made();
  guard.runs([router(1)]);
  kernel.theirs.add('rvrrpd/vr/2/1/4'); // the kernel’s answer would be no
  await guard.expect([router(1)]);
});

test('what does not run any more is let go, and so is what was not run after all', async () => {
  const { guard } = made();
  await guard.expect([router(1), router(2)]);
  guard.runs([router(1), router(2)]);
  await guard.expect([router(2), router(3)]);
  expect(ours()).toHaveLength(3);
  guard.runs([router(1), router(2)]);
  expect(ours()).toEqual(['rvrrpd/vr/2/1/4', 'rvrrpd/vr/2/2/4']);
  guard.runs([router(2)]);
  expect(ours()).toEqual(['rvrrpd/vr/2/2/4']);
});

test('claims follow interfaces that come, go or are renamed', async () => {
  const { guard } = made();
  guard.runs([router(1)]);
  guard.watch();
  kernel.indices.set('eth0', 7);
  vi.advanceTimersByTime(2000);
  expect(ours()).toEqual(['rvrrpd/vr/7/1/4']);
  kernel.indices.delete('eth0');
  vi.advanceTimersByTime(2000);
  expect(ours()).toEqual([]);
});

test('what another process has is tried again', () => {
  const { guard } = made();
  kernel.theirs.add('rvrrpd/vr/2/1/4');
  guard.runs([router(1)]);
  guard.watch();
  vi.advanceTimersByTime(2000);
  expect(ours()).toEqual([]);
  kernel.theirs.clear();
  vi.advanceTimersByTime(2000);
  expect(ours()).toEqual(['rvrrpd/vr/2/1/4']);
});

test('who wanted what runs here is told', () => {
  const { guard, lines } = made();
  guard.runs([router(1)]);
  guard.watch();
  kernel.callers.push({ name: 'rvrrpd/vr/2/1/4', pid: 17 }, { name: 'rvrrpd/vr/2/1/4', pid: 0 });
  vi.advanceTimersByTime(2000);
  const rest = 'wanted to run virtual router 1 on eth0 too, which this one runs: configure it once only';
  expect(lines).toEqual([`error: process 17 ${rest}`, `error: another process ${rest}`]);
});

test('where there are no descriptors left routers run without, and that is told once', async () => {
  const { guard, lines } = made();
  kernel.full = true;
  await guard.expect([router(1), router(2)]);
  expect(lines).toEqual([expect.stringMatching(/^warn: not all virtual routers are guarded .*EMFILE/)]);
});
