/** The core's native part in workers that come and go: nothing aborts the process, no descriptor is left. */
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import { expect, test } from 'vitest';
import { packageRoot } from '../core/shared/package-root.ts';

const ENTRY = new URL('./fixtures/packet-loop-worker.mjs', import.meta.url);
const core = path.join(packageRoot(), 'core/native');

/** Runs one to its end. @param wakes see the fixture; 0: terminated in the middle of its work */
async function run(wakes: number): Promise<void> {
  const worker = new Worker(ENTRY, { workerData: { core, wakes } });
  await new Promise<void>((resolve, reject) => {
    worker.once('error', reject);
    worker.once('exit', () => resolve());
    if (wakes === 0) worker.once('message', () => void worker.terminate());
  });
}

test('workers that end by themselves and workers that are torn down leave nothing behind', async () => {
  await run(10);
  const before = readdirSync('/proc/self/fd').length;
  for (let round = 0; round < 20; round++) await Promise.all([run(10), run(0)]);
  expect(readdirSync('/proc/self/fd').length).toBeLessThanOrEqual(before);
});
