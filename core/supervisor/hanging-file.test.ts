import { expect, test, vi } from 'vitest';
import type { stageFile } from '../shared/replace-file.ts';
import type { prepare } from './prepare.ts';
import { changing } from './test/changing.ts';
import { quiet } from './test/stage.ts';

// A file system that does not answer, while a configuration is read or written.

const hangs = vi.hoisted(() => ({ reading: false, writing: false, begun: false }));
const never = new Promise<never>(() => {});

vi.mock('./prepare.ts', async (original) => {
  const real = await original<{ prepare: typeof prepare }>();
  return {
    ...real,
    prepare: (...args: Parameters<typeof prepare>) => (hangs.reading ? never : real.prepare(...args)),
  };
});
vi.mock('../shared/replace-file.ts', async (original) => {
  const real = await original<{ stageFile: typeof stageFile }>();
  return {
    ...real,
    stageFile: (...args: Parameters<typeof stageFile>) => {
      hangs.begun = true;
      return hangs.writing ? never : real.stageFile(...args);
    },
  };
});

const CASES = [
  {
    what: 'a reload that reads it',
    begin: async ({ reloader, manager }: Awaited<ReturnType<typeof changing>>) => {
      hangs.reading = true;
      void reloader.reload();
      while (manager.reloading.mock.calls.length === 0) await quiet();
    },
  },
  {
    what: 'a change that is to be written to it',
    begin: async ({ changer }: Awaited<ReturnType<typeof changing>>) => {
      hangs.writing = true;
      void changer.perform({ changes: [{ op: 'set', path: ['debug'], value: 2 }] });
      while (!hangs.begun) await quiet();
    },
  },
];

test.each(CASES)('$what keeps no stop waiting', async ({ begin }) => {
  Object.assign(hangs, { reading: false, writing: false, begun: false });
  const made = await changing();
  await begin(made);
  await made.daemon.stop();
  expect(made.threads.alive).toEqual([]);
  expect(made.threads.all).toHaveLength(2);
});

test.each(CASES)('$what keeps no crashed worker from being replaced', async ({ begin }) => {
  Object.assign(hangs, { reading: false, writing: false, begun: false });
  const { daemon, threads, ...made } = await changing();
  await begin({ ...made, daemon, threads });
  threads.named('engine 1').crash();
  while (daemon.info.generation < 2) await quiet();
  await quiet();
  expect(threads.alive).toEqual(['engine 2', 'actuator 2']);
  await daemon.stop();
});
