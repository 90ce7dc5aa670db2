import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import path from 'node:path';
import { expect, it } from 'vitest';
import { residentMb } from '../bench/usage.ts';
import type { NotifyEvent } from '../core/plugin/contracts/index.ts';
import { HookStage } from './lab/hook-stage.ts';
import { playStorm } from './lab/hook-storm.ts';
import { invoke } from './lab/invocation.ts';
import { withLab } from './lab/lab.ts';
import { verdict } from './lab/reloading.ts';
import { describeSystem } from './lab/requirements.ts';
import { Rvrrpd, writeConfiguration } from './lab/rvrrpd.ts';
import { R1, twoRouters } from './lab/two-routers.ts';
import { onlyDaemonOn, statusOf, upgrade } from './lab/upgrading.ts';
import { eventually } from './lab/wait.ts';

// Hooks: programs, HTTP and named pipes are told of each transition, in order, none twice, none lost.

const VRID = 7;
const PATIENCE = 120_000;

/** What the daemon's host is called in one of the tests: it has hooks of its own. */
const HOST = 'gw1';

const vrouters = (vrids: readonly number[] = [VRID]) =>
  vrids.map((group) => ({
    ...{ group, interface: 'lan', vip: `10.0.0.${group}`, version: 3 as const, iftype: 'ether' },
    timers: { advert: 0.1 },
  }));

const stateOf = ({ name, state }: NotifyEvent): string => `${name} ${state}`;

/** No event is missing, and none was told twice. */
function expectWhole(events: readonly NotifyEvent[]): void {
  expect(events.map(({ sequence }) => sequence)).toEqual(events.map((_, index) => index + 1));
  expect(events.every(({ missed, joined, attempt }) => missed === 0 && joined === 0 && attempt === 1)).toBe(
    true,
  );
  // Each goes on from where the one before was.
  for (const name of new Set(events.map((event) => event.name))) {
    const own = events.filter((event) => event.name === name);
    for (const [index, event] of own.entries())
      if (index > 0) expect(event.previous).toBe(own[index - 1]!.state);
  }
}

describeSystem('hooks', () => {
  it.concurrent(
    'are told every transition once, over reloads, an upgrade, and the stop before it is over',
    () =>
      withLab(async (lab) => {
        const { r1, wire } = await twoRouters(lab);
        const stage = await HookStage.begin(lab, r1);
        const hooks = (comment: string, environment: string) => `${stage.program({ environment })}
${stage.webhook({ secret: 'key' })}
${stage.fifo()}
${stage.arguments()}
[[host.${HOST}.notify]]
name = "arguments"
names = { "lan/${VRID}" = "VI_1" }

[[host.elsewhere.notify]]
name = "program"
command = [ "/bin/false" ]

[[host.elsewhere.notify]]
name = "theirs"
type = "fifo"
path = "/nonexistent/fifo"

[[host.${HOST}.notify]]
name = "masters"
type = "exec"
routers = [ "lan/${VRID}" ]
states = [ "master" ]
command = [ "/bin/sh", "-c", "echo \\"$RVRRPD_STATE $RVRRPD_INTERFACE $RVRRPD_GROUP\\" >> ${lab.folder}/masters" ]
# ${comment}
`;
        const configure = (comment: string, environment = 'A') =>
          writeConfiguration(lab, r1, vrouters(), { tables: hooks(comment, environment) });
        const file = configure('first');
        const daemon = Rvrrpd.startWith(r1, file, { hostname: HOST });
        await wire.soleMaster(VRID, R1, 30_000);
        const command = (...args: readonly string[]) => invoke(r1, [...args, '-c', file], {}, 30_000);
        const masters = (): number => stage.told().filter(({ state }) => state === 'Master').length;
        const flap = async (): Promise<void> => {
          const before = masters();
          await r1.ip('link set lan down');
          await eventually('Down', 30_000, () => stage.told().at(-1)?.state === 'Down');
          await r1.ip('link set lan up');
          await eventually('Master once more', 30_000, () => masters() > before);
        };
        await eventually('Master', 30_000, () => masters() === 1);
        await flap();
        // What is under way when a reload comes, and another thread after it.
        for (const [round, environment] of ['B', 'C', 'D'].entries()) {
          configure(`${round}`, environment);
          const moving = flap();
          expect(verdict(await daemon.reload(60_000))).toMatch(/^reloaded: /);
          await moving;
        }
        await flap();
        expect(await upgrade(r1, file)).toMatchObject({ code: 0 });
        const pid = await onlyDaemonOn(r1);
        await flap();
        const status = await statusOf(r1, file);
        const text = (await command('status')).stdout;
        expect(text).toMatch(/^HOOK +TYPE +QUEUE +DELIVERED +FAILED +DROPPED +JOINED +LAST WORDS$/m);
        process.kill(pid, 'SIGTERM');
        await eventually('the end', 30_000, () => !existsSync(`/proc/${pid}`));

        const all = stage.told();
        expectWhole(all);
        expect(stateOf(all[0]!)).toBe(`lan/${VRID} Backup`);
        expect(stateOf(all.at(-1)!)).toBe(`lan/${VRID} Stop`);
        expect(all.length).toBeGreaterThanOrEqual(2 + 3 * 6 + 1);
        expect(all.find(({ state }) => state === 'Master')).toMatchObject({
          ...{ type: 'router', previous: 'Backup', cause: 'the Master_Down_Timer expired', priority: 100 },
          router: { interface: 'lan', group: VRID, family: 4, version: 3, addresses: [`10.0.0.${VRID}`] },
        });
        expect(all.every(({ host }) => host === HOST)).toBe(true);
        // All hooks that are told everything are told the same.
        for (const told of [stage.posted(), stage.read()]) {
          expect(told.map(({ hook: _, ...event }) => event)).toEqual(
            all.map(({ hook: _, ...event }) => event),
          );
        }
        expect(stage.forged).toBe(0);
        const words = (state: string) =>
          ({ Stop: 'STOP', Master: 'MASTER', Down: 'FAULT' })[state] ?? 'BACKUP';
        expect(stage.argumentLines()).toEqual(
          all.map(({ state, priority }) => `--own INSTANCE VI_1 ${words(state)} ${priority}`),
        );
        expect(readFileSync(path.join(lab.folder, 'masters'), 'utf8').split('\n').slice(0, -1)).toEqual(
          all.flatMap(({ state }) => (state === 'Master' ? `Master lan ${VRID}` : [])),
        );
        expect(status.hooks?.map(({ failed, dropped }) => failed + dropped)).toEqual([0, 0, 0, 0, 0]);
      }),
    PATIENCE,
  );

  it.concurrent(
    'that hang or fail keep nobody else, and the stop is told within a bound all the same',
    () =>
      withLab(async (lab) => {
        const { r1, wire } = await twoRouters(lab);
        const stage = await HookStage.begin(lab, r1);
        const vrids = [VRID, 8];
        const tables = `${stage.program({})}
[[notify]]
name = "hangs"
type = "exec"
command = [ "/bin/sleep", "1000" ]
timeout = 600

[[notify]]
name = "fails"
type = "exec"
command = [ "/bin/sh", "-c", "echo it is broken; exit 3" ]

[[notify]]
name = "missing"
type = "exec"
command = [ "${lab.folder}/no-such-program" ]

[[notify]]
name = "floods"
type = "exec"
command = [ "/bin/sh", "-c", "trap '' TERM INT HUP; while :; do echo flood; done" ]
timeout = 0.3

[[notify]]
name = "leaves"
type = "exec"
command = [ "/bin/sh", "-c", "setsid sleep 20 & echo gone; (sleep 0.2; echo on; echo on >&2; echo ended >> ${lab.folder}/leaves) & exit 0" ]

[[notify]]
name = "unread"
type = "fifo"
path = "${lab.folder}/unread"

[[notify]]
name = "nobody"
type = "webhook"
url = "http://127.0.0.1:9/"

[[sync]]
name = "gw"
routers = [ "lan/${VRID}", "lan/8" ]

[[notify]]
name = "group"
type = "exec"
groups = [ "gw" ]
command = [ "/bin/sh", "-c", "echo \\"$RVRRPD_TYPE $RVRRPD_NAME $RVRRPD_STATE $RVRRPD_ROUTERS\\" >> ${lab.folder}/group" ]
`;
        const file = writeConfiguration(lab, r1, vrouters(vrids), { tables });
        const daemon = Rvrrpd.startWith(r1, file);
        await wire.soleMaster(VRID, R1, 30_000);
        await eventually(
          'Masters',
          30_000,
          () => stage.told().filter(({ state }) => state === 'Master').length === 3,
        );
        const hooks = async () =>
          Object.fromEntries((await statusOf(r1, file)).hooks!.map((each) => [each.name, each]));
        const told = async (): Promise<boolean> => {
          const { fails, missing, floods, leaves } = await hooks();
          return [fails!.failed, missing!.failed, floods!.failed, leaves!.delivered].every(
            (count) => count >= 6,
          );
        };
        await eventually('failures', 60_000, told);
        const waiting = {
          hangs: { queue: 6, delivered: 0 },
          unread: { queue: 6, delivered: 0 },
          nobody: { queue: 6, failed: 0 },
        };
        expect(await hooks()).toMatchObject({
          program: { queue: 0, delivered: 6, failed: 0 },
          fails: { queue: 0, delivered: 0, words: 'exit code 3: it is broken' },
          missing: {
            queue: 0,
            delivered: 0,
            words: expect.stringMatching(/no-such-program: there is no such/),
          },
          floods: { queue: 0, delivered: 0, words: 'not over within 0.3 s' },
          leaves: { queue: 0, failed: 0 },
          ...waiting,
          nobody: { queue: 6, words: '127.0.0.1:9: connection refused' },
        });
        // What they leave behind may write, and ends by itself.
        const ended = (): string => readFileSync(path.join(lab.folder, 'leaves'), 'utf8');
        await eventually('what is left behind', 30_000, () => ended() === 'ended\n'.repeat(6));
        expect(await upgrade(r1, file)).toMatchObject({ code: 0 });
        const pid = await onlyDaemonOn(r1);
        expect(await hooks()).toMatchObject({ program: { queue: 0, delivered: 6 }, ...waiting });
        const reader = r1.start('sh', ['-c', `exec cat '${lab.folder}/unread'`]);
        const read = (): number[] =>
          reader.stdout
            .split('\n')
            .slice(0, -1)
            .map((line) => (JSON.parse(line) as NotifyEvent).sequence);
        await eventually('a reader', 30_000, () => read().length === 6);
        expect(read()).toEqual([1, 2, 3, 4, 5, 6]);
        reader.signal('SIGKILL');
        await eventually('its end', 30_000, () => reader.exit !== undefined);
        const begin = Date.now();
        process.kill(pid, 'SIGTERM');
        await eventually('the end', 30_000, () => !existsSync(`/proc/${pid}`));
        expect(Date.now() - begin).toBeLessThan(15_000); // some 3 s, unless the machine is busy
        expect(stage.told().slice(6).map(stateOf).sort()).toEqual([
          'gw Stop',
          `lan/${VRID} Stop`,
          'lan/8 Stop',
        ]);
        expect(readFileSync(path.join(lab.folder, 'group'), 'utf8').split('\n').slice(0, -1)).toEqual(
          ['Backup', 'Master', 'Stop'].map((state) => `group gw ${state} lan/${VRID} lan/8`),
        );
        const log = daemon.log().map(({ msg }) => msg);
        expect(log).toContainEqual(
          expect.stringMatching(/^hook unread: \d+ events not told: there was no time left$/),
        );
        expect(log).toContainEqual(
          expect.stringMatching(/^hook fails: number 1, .*was not delivered: exit code 3: it is broken$/),
        );
      }),
    PATIENCE,
  );

  it.concurrent(
    'that are slow, hang, or are not read get hundreds of transitions, with reloads in between',
    async () => {
      // The long one is bench/notify.ts.
      const { faults, measures } = await playStorm({
        ...{ transitions: 480, lasts: 3000, reloads: 2, answer: 300, gap: 1.5 },
        memory: (pid) => residentMb([pid]),
      });
      expect(faults).toEqual([]);
      expect(measures.transitions).toBeGreaterThanOrEqual(480);
    },
    PATIENCE,
  );

  it.concurrent(
    'that are wrong are told with file, line, value, and what would be right',
    () =>
      withLab(async (lab) => {
        const { r1 } = await twoRouters(lab);
        const check = async (table: string) => {
          const file = writeConfiguration(lab, r1, vrouters(), { tables: table });
          writeFileSync(`${file}.check`, readFileSync(file));
          const { code, stderr, stdout } = await invoke(r1, ['--check', '-c', file], {}, 60_000);
          return { code, text: stdout + stderr };
        };
        const begin = '[[notify]]\nname = "x"\ntype = "fifo"\npath = "/run/x"\n';
        for (const [table, message] of [
          [
            `${begin}states = [ "master", "primary" ]\n`,
            /:\d+: notify\[0\]\.states\[1\] = "primary": must be "master"/,
          ],
          [
            `${begin}routers = [ "lan/9" ]\n`,
            /notify\[0\]\.routers\[0\] = "lan\/9": there is no such virtual router.*lan\/7/,
          ],
          [`${begin}groups = [ "gw" ]\n`, /notify\[0\]\.groups\[0\] = "gw": .*there is no \[\[sync\]\]/],
          [
            begin.replace('[[notify]]', `[[host."${hostname()}".notify]]`).replace('"/run/x"', '"run/x"'),
            /:\d+: notify\[0\]\.path = "run\/x": must be an absolute path/,
          ],
          [
            `${begin.replace('[[notify]]', '[[host.elsewhere.notify]]')}states = [ "masters" ]\n`,
            /:\d+: host\.elsewhere\.notify\[0\]\.states\[0\] = "masters": must be "master"/,
          ],
          [`${begin}${begin}`, /notify\[1\]\.name = "x": is already the name of notify\[0\]/],
          [
            begin.replace('fifo', 'fife'),
            /notify\[0\]\.type = "fife": no plugin answers.*did you mean "fifo"/,
          ],
          [`${begin}loud = true\n`, /notify\[0\]\.loud/],
          [begin.replace('"/run/x"', '"run/x"'), /notify\[0\]\.path = "run\/x": must be an absolute path/],
        ] as const) {
          const { code, text } = await check(table);
          expect(text).toMatch(message);
          expect(code).not.toBe(0);
        }
        expect(await check(begin)).toMatchObject({ code: 0 });
      }),
    PATIENCE,
  );
});
