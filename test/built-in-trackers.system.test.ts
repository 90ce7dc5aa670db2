import { existsSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { packageRoot } from '../core/shared/package-root.ts';
import type { DaemonStatus } from '../core/supervisor/status.ts';
import type { Host } from './lab/host.ts';
import { invoke } from './lab/invocation.ts';
import { withLab } from './lab/lab.ts';
import { expectUndisturbed } from './lab/reloading.ts';
import { describeSystem } from './lab/requirements.ts';
import { Rvrrpd, type VrouterTable, writeConfiguration } from './lab/rvrrpd.ts';
import { CLIENT, R1, twoRouters } from './lab/two-routers.ts';
import { eventually } from './lab/wait.ts';

// The trackers that rvrrpd brings along, in the daemon. What each of them finds is tested in tracker-plugins.system.test.ts.

/** Number of the virtual router that the first tracker counts for. */
const FIRST = 11;
const UNTRACKED = 9;

function router(
  group: number,
  track?: VrouterTable['track'],
  more: Partial<VrouterTable> = {},
): VrouterTable {
  const common = { interface: 'lan', vip: `10.0.1.${group}`, iftype: 'ether', priority: 200 };
  return { group, ...common, ...(track && { track }), ...more };
}

/** `[[track]]` tables. */
function tables(trackers: Readonly<Record<string, string>>): string {
  return Object.entries(trackers)
    .map(
      ([name, directives]) =>
        `\n[[track]]\nname = "${name}"\ninterval = 0.3\nfall = 1\ntimeout = 2\n${directives}\n`,
    )
    .join('');
}

/** What the log says of transitions and verdicts. */
function story(daemon: Rvrrpd): string[] {
  return daemon.log().flatMap(({ msg = '' }) => (/ -> /.test(msg) ? [msg] : []));
}

async function logged(daemon: Rvrrpd, pattern: RegExp, since: number): Promise<void> {
  await eventually(`${pattern} in the log`, 40_000, () => {
    const lines = story(daemon).slice(since);
    if (lines.some((line) => pattern.test(line))) return true;
    throw new Error(lines.slice(-10).join('\n'));
  });
}

/** Processes with this number in their command line: with all, or those that are `sleep` alone. */
async function count(host: Host, mark: string, which: 'all' | 'sleep' = 'all'): Promise<number> {
  const [first, ...rest] = mark;
  const pattern = `${which === 'sleep' ? '^sleep ' : ''}[${first}]${rest.join('')}`; // not the shell that looks
  return Number(await host.run('sh', '-c', `pgrep -c -f '${pattern}' || true`));
}

describeSystem('built-in trackers in the daemon', () => {
  it.concurrent(
    'each fails and recovers: its virtual router is in Fault and starts again, the others do not notice',
    () =>
      withLab(async (lab) => {
        const { r1, client, wire } = await twoRouters(lab);
        const run = (command: string) => r1.run('sh', '-ec', command);
        const flag = path.join(lab.folder, 'flag');
        const process = path.join(lab.folder, `daemon-${lab.folder.slice(-6)}`);
        const far = () =>
          client.start(globalThis.process.execPath, [
            path.join(packageRoot(), 'scripts/run-ts.mjs'),
            path.join(packageRoot(), 'test/track/far-main.ts'),
          ]);
        let server = far();
        const serve = async () => {
          server = far();
          await server.waitForOutput(/^ready$/m, 30_000);
        };
        await server.waitForOutput(/^ready$/m, 30_000);
        const runProcess = () => void r1.start(process, ['600']);
        await run(`cp /bin/sleep ${process}; ip link add up0 type veth peer name up1; ip link set up1 up; ip link set up0 up
          ip addr add 10.8.0.1/24 dev up0; ip route add 203.0.113.0/24 via 10.8.0.2`);
        writeFileSync(flag, '');
        runProcess();
        const nobody = `ip neigh replace ${CLIENT} lladdr 02:00:00:00:00:99 nud permanent dev lan`;
        const somebody = `ip neigh del ${CLIENT} dev lan`;
        /** What makes each fail, and what mends it, in words. */
        const all: Readonly<Record<string, readonly [string, () => unknown, () => unknown, RegExp]>> = {
          cable: [
            'type = "link"\ninterface = "up0"',
            () => run('ip link set up1 down'),
            () => run('ip link set up1 up; ip route replace 203.0.113.0/24 via 10.8.0.2'),
            /up0 has no carrier$/,
          ],
          way: [
            'type = "route"\ndestination = "203.0.113.0/24"\ngateway = "10.8.0.2"',
            () => run('ip route del 203.0.113.0/24'),
            () => run('ip route add 203.0.113.0/24 via 10.8.0.2'),
            /a route to 203\.0\.113\.0\/24 via 10\.8\.0\.2 is not there$/,
          ],
          own: [
            'type = "address"\naddress = "10.8.0.3"\ninterface = "up0"',
            () => run('ip addr del 10.8.0.3/32 dev up0'),
            () => run('ip addr add 10.8.0.3/32 dev up0'),
            /up0 does not have 10\.8\.0\.3$/,
          ],
          gateway: [
            `type = "ping"\nhost = "${CLIENT}"\ninterface = "lan"`,
            () => run(nobody),
            () => run(somebody),
            /no answer from /,
          ],
          port: [
            `type = "tcp"\nhost = "${CLIENT}"\nport = 8080\nsource = "${R1}"`,
            () => server.stop('SIGKILL'),
            serve,
            /connection refused$/,
          ],
          page: [
            `type = "http"\nurl = "http://${CLIENT}:8080/"\ntext = "far"`,
            () => server.stop('SIGKILL'),
            serve,
            /connection (refused|reset)$/, // an answer may be under way
          ],
          daemon: [
            `type = "process"\nprocess = "${path.basename(process)}"`,
            () => run(`pkill -KILL -x ${path.basename(process)}`),
            runProcess,
            /no process of daemon-/,
          ],
          flag: [
            `type = "file"\npath = "${flag}"`,
            () => rmSync(flag),
            () => writeFileSync(flag, ''),
            /flag is not there$/,
          ],
          check: [
            `type = "exec"\ncommand = ["/bin/sh", "-c", "echo looked; test -e ${flag}"]\nuser = "nobody"`,
            () => rmSync(flag),
            () => writeFileSync(flag, ''),
            /looked$/,
          ],
        };
        await run(`ip addr add 10.8.0.3/32 dev up0; chmod 755 ${lab.folder}`);
        const names = Object.keys(all);
        // Short intervals: each of them becomes Master several times.
        const quick = { version: 3, timers: { advert: 0.2 } } as const;
        const routers = [
          router(UNTRACKED),
          ...names.map((name, index) => router(FIRST + index, [name], quick)),
        ];
        const trackers = tables(Object.fromEntries(names.map((name) => [name, all[name]![0]])));
        const daemon = Rvrrpd.start(lab, r1, routers, { tables: trackers });
        for (const { group } of routers) await wire.soleMaster(group, R1);
        const since = Date.now();
        const file = writeConfiguration(lab, r1, routers, { tables: trackers });
        /** What one spoils others may look at, too: they recover when their next checks say so. */
        const allRight = () =>
          eventually('all trackers up and all routers Master', 40_000, async () => {
            const { stdout } = await invoke(r1, ['status', '-c', file, '--json']);
            const status = JSON.parse(stdout) as DaemonStatus;
            expect(status.trackers?.map(({ name, verdict }) => [name, verdict])).toEqual(
              names.map((name) => [name, 'up']),
            );
            return status.routers.every(({ state }) => state === 'Master');
          });
        for (const [index, name] of names.entries()) {
          const [, spoil, mend, words] = all[name]!;
          const group = FIRST + index;
          await allRight();
          const before = story(daemon).length;
          await spoil();
          await logged(daemon, new RegExp(`^tracker ${name}: up -> down: .*${words.source}`), before);
          const fault = new RegExp(`^lan group ${group}: (Master|Backup) -> Fault: tracker ${name} is down`);
          await logged(daemon, fault, before);
          await mend();
          await logged(daemon, new RegExp(`^lan group ${group}: Backup -> Master`), before);
        }
        await allRight();
        expectUndisturbed(wire, since - 1200, [UNTRACKED]);
      }),
    240_000,
  );

  it.concurrent(
    'a program that hangs: it fails, its processes are gone after each time-out, a reload, and the end',
    () =>
      withLab(async (lab) => {
        const { r1, wire } = await twoRouters(lab);
        const mark = `${200_000 + process.pid}.5`;
        const number = path.join(lab.folder, 'number');
        writeFileSync(number, '-30\n');
        const routers = [
          router(FIRST, [
            { name: 'hangs', weight: -50 },
            { name: 'number', weight: -1 },
          ]),
        ];
        const trackers = (timeout: number) =>
          `${tables({ number: `type = "file"\npath = "${number}"\nread = "weight"` })}
[[track]]
name = "hangs"
type = "exec"
interval = 0.5
timeout = ${timeout}
command = ["/bin/sh", "-c", "trap '' TERM; sleep ${mark} & (sleep ${mark}) & sleep ${mark}"]
`;
        const daemon = Rvrrpd.start(lab, r1, routers, { tables: trackers(0.4) });
        await wire.soleMaster(FIRST, R1);
        const since = Date.now();
        await logged(daemon, /^tracker hangs: waiting -> down: no answer within 0\.4 s/, 0);
        await eventually('the priority', 20_000, () => wire.adverts(FIRST).at(-1)?.priority === 120);
        await eventually(
          'a moment without its processes',
          20_000,
          async () => (await count(r1, mark)) === 0,
          5,
        );
        // Now a check takes as long as it likes; a reload ends it, the thread it runs in being another then.
        writeConfiguration(lab, r1, routers, { tables: trackers(1000) });
        await daemon.reload();
        await eventually('its processes', 20_000, async () => (await count(r1, mark, 'sleep')) === 3);
        writeConfiguration(lab, r1, routers, { tables: trackers(1001) });
        await daemon.reload();
        await eventually(
          'those of the new one alone',
          20_000,
          async () => (await count(r1, mark, 'sleep')) === 3,
        );
        await eventually('some advertisements', 20_000, () => wire.adverts(FIRST, since).length >= 3);
        expectUndisturbed(wire, since - 1200, [FIRST]);
        const zombies = await r1.run(
          'sh',
          '-c',
          `ps --ppid ${daemon.running.pid} -o stat= | grep -c Z || true`,
        );
        expect(zombies.trim()).toBe('0');
        await daemon.stop();
        await eventually('nobody', 20_000, async () => (await count(r1, mark)) === 0);
        expect(existsSync(number)).toBe(true);
      }),
    240_000,
  );

  it.concurrent('what can never be right is refused, with its line', () =>
    withLab(async (lab) => {
      const { r1 } = await twoRouters(lab);
      const wrong = [
        ['type = "link"\ninterface = "a/b"', /interface = "a\/b".*must be the name of a network interface/],
        ['type = "route"\ndestination = "10.0.0.1/8"', /10\.0\.0\.1\/8/],
        ['type = "tcp"\nhost = "10.0.0.1"\nport = 70000', /port = 70000.*must be 1 to 65535/],
        ['type = "exec"\ncommand = ["/bin/true"]\nuser = "no-such-user"', /no-such-user/],
        ['type = "file"\npath = "/x"\nwait = 1', /wait/],
        ['type = "lnk"\ninterface = "eth0"', /lnk/],
      ] as const;
      for (const [directives, complaint] of wrong) {
        const options = { tables: tables({ bad: directives }) };
        const file = writeConfiguration(lab, r1, [router(FIRST, ['bad'])], options);
        const running = Rvrrpd.startWith(r1, file).running;
        const { code } = await running.exited;
        expect(code).not.toBe(0);
        expect(running.output).toMatch(complaint);
      }
    }));
});
