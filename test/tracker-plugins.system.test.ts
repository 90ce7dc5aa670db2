import { spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { packageRoot } from '../core/shared/package-root.ts';
import type { Host } from './lab/host.ts';
import { type Lab, withLab } from './lab/lab.ts';
import { describeSystem } from './lab/requirements.ts';
import { Running } from './lab/running.ts';
import { FAR, FAR6, OWN, OWN6 } from './track/network-stages.ts';
import type { Report } from './track/stage.ts';

// Each built-in tracker in a namespace of its own: the compliance kit, and what is peculiar to it. What the daemon makes of
// them is tested elsewhere.

const file = (name: string): string => path.join(packageRoot(), 'test/track', name);
const script = path.join(packageRoot(), 'scripts/run-ts.mjs');

/** Runs the tests of one tracker in a host. @returns what has failed, and how many there were */
async function play(lab: Lab, host: Host, name: string, env: Readonly<Record<string, string>> = {}) {
  // With a descriptor that is inherited, as some daemons are started.
  const inherited = ['-c', 'exec "$@" 9</dev/null', 'sh'];
  const running = host.start('sh', [...inherited, process.execPath, script, file('stage-main.ts'), name], {
    env: { TRACK_FOLDER: lab.folder, ...env },
  });
  await running.exited;
  return resultOf(running);
}

/** Of what a program has reported. */
function resultOf(running: Running) {
  const lines = running.stdout.split('\n').filter((line) => line.startsWith('{'));
  const reports = lines.map((line) => JSON.parse(line) as Report);
  const failed = reports
    .filter(({ error }) => error !== undefined)
    .map(({ test, error }) => `${test}: ${error}`);
  return { failed, count: reports.length, trouble: running.stderr };
}

/** All passed, and none was lost. */
const passed = { failed: [], count: expect.any(Number) as number, trouble: '' };

describeSystem('built-in trackers', () => {
  it.concurrent.each(['link', 'route', 'address', 'process', 'exec'])(
    '%s',
    (name) =>
      withLab(async (lab) => {
        const host = await lab.host('probe', { ipv6: true });
        const result = await play(lab, host, name);
        expect(result).toEqual(passed);
        expect(result.count).toBeGreaterThan(12);
      }),
    240_000,
  );

  // In the machine's own network namespace, where nothing of the network is touched: elsewhere there are no such events.
  it.concurrent(
    'process, with the events of the kernel',
    () =>
      withLab(async (lab) => {
        const connector = '/proc/net/connector'; // absent in kernels without CONFIG_PROC_EVENTS
        const events = existsSync(connector) && readFileSync(connector, 'utf8').includes('cn_proc');
        const child = spawn(process.execPath, [script, file('stage-main.ts'), 'process'], {
          env: { ...process.env, TRACK_FOLDER: lab.folder, TRACK_EVENTS: events ? 'yes' : 'no' },
          stdio: ['ignore', 'pipe', 'pipe'],
        });
        const running = new Running('the stage of process', child);
        await running.exited;
        expect(resultOf(running)).toEqual(passed);
      }),
    240_000,
  );

  it.concurrent.each(['tcp', 'http', 'ping'])(
    '%s',
    (name) =>
      withLab(async (lab) => {
        const [lan, probe, far] = await Promise.all([
          lab.segment('lan'),
          lab.host('probe', { ipv6: true }),
          lab.host('far', { ipv6: true }),
        ]);
        await lab.plug(probe, lan, { interface: 'lan', address: `${OWN}/24`, address6: `${OWN6}/64` });
        await lab.plug(far, lan, { interface: 'lan', address: `${FAR}/24`, address6: `${FAR6}/64` });
        const server = far.start(process.execPath, [script, file('far-main.ts')]);
        await server.waitForOutput(/^ready$/m);
        const local = path.join(lab.folder, 'far-local');
        writeFileSync(local, await far.run('ip', '-6', 'addr', 'show', 'dev', 'lan', 'scope', 'link'));
        const result = await play(lab, probe, name, { TRACK_FAR_LOCAL: local });
        expect(result).toEqual(passed);
        expect(result.count).toBeGreaterThan(12);
      }),
    240_000,
  );
});
