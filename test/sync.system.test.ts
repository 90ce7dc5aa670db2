import { expect, it } from 'vitest';
import { type GatewayPair, gatewayPair, LAN_VIP, SERVER, WAN_VIP } from './lab/gateway-pair.ts';
import type { Host } from './lab/host.ts';
import { Keepalived } from './lab/keepalived.ts';
import { type Lab, type Segment, withLab } from './lab/lab.ts';
import { Ping } from './lab/ping.ts';
import { describeSystem } from './lab/requirements.ts';
import { executable, Rvrrpd, type VrouterTable, writeConfiguration } from './lab/rvrrpd.ts';
import { eventually, sleep } from './lab/wait.ts';

// Groups of virtual routers ([[sync]]): a LAN and an uplink that are on the same router, whatever happens to one of them.

/** Advertisement interval in s, and times in ms that follow from it for the Backup's priority. */
const INTERVAL = 0.5;
const BACKUP = 100;
const MASTER_DOWN = INTERVAL * 1000 * (3 + (256 - BACKUP) / 256);
/** What a busy machine may add to a time of the protocol. */
const LOAD = 2000;
const DEADLINE = 20_000;

/** What the members are. */
interface Members {
  readonly lan: 2 | 3;
  readonly six: boolean;
}

function routers({ lan, six }: Members): VrouterTable[] {
  const advert = (version: 2 | 3) => ({ version, timers: { advert: version === 2 ? 1 : INTERVAL } });
  return [
    { group: 7, interface: 'lan', vip: LAN_VIP, ...advert(lan) },
    { group: 8, interface: 'wan', vip: WAN_VIP, ...advert(3) },
    ...(six ? [{ group: 9, interface: 'lan', vip: ['fe80::9', '2001:db8::9'], ...advert(3) }] : []),
  ];
}

/** `[[sync]]` with all of them. */
function groupOf(members: Members, priority: number, preemption: boolean): string {
  const names = members.six ? '"lan/7", "wan/8", "lan/9"' : '"lan/7", "wan/8"';
  return `[[sync]]\nname = "gw"\nrouters = [ ${names} ]\npriority = ${priority}\npreemption = ${preemption}\n`;
}

function startRvrrpd(lab: Lab, host: Host, members: Members, priority: number, preemption: boolean): Rvrrpd {
  return Rvrrpd.start(lab, host, routers(members), { tables: groupOf(members, priority, preemption) });
}

function startKeepalived(lab: Lab, host: Host, priority: number): Keepalived {
  const common = { priority, version: 3, interval: INTERVAL } as const;
  return Keepalived.start(
    lab,
    host,
    [
      { interface: 'lan', vrid: 7, vips: [`${LAN_VIP}/24`], ...common },
      { interface: 'wan', vrid: 8, vips: [`${WAN_VIP}/24`], ...common },
    ],
    { sync: true },
  );
}

async function holds(host: Host, address: string): Promise<boolean> {
  return (await host.ip('-4 -br addr')).includes(` ${address}/`);
}

/** Waits until one has both addresses, and the other has neither. */
async function movedTo(to: Host, from: Host): Promise<void> {
  await eventually(`${to.name} to have both addresses`, DEADLINE, async () => {
    const here = await Promise.all([LAN_VIP, WAN_VIP].map((address) => holds(to, address)));
    const there = await Promise.all([LAN_VIP, WAN_VIP].map((address) => holds(from, address)));
    return here.every(Boolean) && !there.some(Boolean);
  });
}

/** `7 Master` for each transition since, in order. */
function transitions(daemon: Rvrrpd, from = 0): string[] {
  return daemon.log(from).flatMap(({ from: before, to, group }) => {
    if (typeof to !== 'string' || typeof before !== 'string' || before === 'Init') return [];
    return [`${String(group)} ${to}`];
  });
}

const position = ({ running }: Rvrrpd): number => running.output.length;

/** Longest time in ms without an answer through the routers since, once there are answers again. */
async function outage(ping: Ping, since: number): Promise<number> {
  const settled = Date.now();
  await eventually('answers through the routers', DEADLINE, () => ping.replies(settled).length > 5);
  return ping.longestGap(since).lengthMs;
}

function inLab(body: (lab: Lab, net: GatewayPair) => Promise<void>): Promise<void> {
  return withLab(async (lab) => body(lab, await gatewayPair(lab)));
}

/** r1 is Master of all; each of its cables is pulled and plugged in again. */
function cables(members: Members, preemption: boolean) {
  return () =>
    inLab(async (lab, { lan, wan, r1, r2, client }) => {
      const groups = routers(members).map(({ group }) => group);
      const all = (state: string): string[] => groups.map((group) => `${group} ${state}`).sort();
      const first = startRvrrpd(lab, r1, members, 200, preemption);
      await movedTo(r1, r2);
      const second = startRvrrpd(lab, r2, members, BACKUP, preemption);
      await second.ready();
      const ping = Ping.start(client, SERVER);
      await eventually('answers', DEADLINE, () => ping.replies().length > 5);
      const sides: readonly (readonly [Segment, number[]])[] = [
        [lan, members.six ? [7, 9] : [7]],
        [wan, [8]],
      ];
      for (const [segment, own] of preemption ? sides : sides.slice(0, 1)) {
        const [before, others] = [position(first), position(second)];
        const pulled = Date.now();
        await segment.unplug(r1);
        await movedTo(r2, r1);
        expect(await outage(ping, pulled)).toBeLessThan(MASTER_DOWN + LOAD);
        expect(transitions(second, others).sort(), 'r2 has taken all, once').toEqual(all('Master'));
        const left = groups.map((group) => `${group} ${own.includes(group) ? 'Down' : 'Backup'}`).sort();
        expect(transitions(first, before).sort(), 'r1 has left all, once').toEqual(left);
        await segment.replug(r1);
        if (preemption) {
          await movedTo(r1, r2);
          await eventually(
            'the end of it',
            DEADLINE,
            () => transitions(second, others).length === 2 * groups.length,
          );
          await sleep(2 * MASTER_DOWN);
        } else await sleep(2 * MASTER_DOWN);
        const back = preemption ? all('Backup') : [];
        expect(transitions(second, others).sort()).toEqual([...all('Master'), ...back].sort());
      }
      await ping.stop();
      if (preemption) return;
      // Nobody loses a carrier, and one of the links is whole: the Master there has both.
      const [before, others] = [position(first), position(second)];
      await lan.partition(r1, r2);
      await sleep(2 * MASTER_DOWN);
      await lan.heal(r1, r2);
      await sleep(2 * MASTER_DOWN);
      expect([transitions(first, before), transitions(second, others)]).toEqual([[], []]);
    });
}

describeSystem('groups of virtual routers', () => {
  const LIMIT = 90_000;
  const v3 = { lan: 3, six: false } as const;
  it.concurrent(
    'either cable of the Master is pulled: both sides move, once, and back',
    cables(v3, true),
    LIMIT,
  );
  it.concurrent('without preemption they stay', cables(v3, false), LIMIT);
  it.concurrent('members of both families and versions', cables({ lan: 2, six: true }, true), LIMIT);

  it.concurrent(
    'reloads change a group, take it away and bring it back: nobody moves, and the group is one again',
    () =>
      inLab(async (lab, { lan, r1, r2 }) => {
        const daemon = startRvrrpd(lab, r1, v3, 200, true);
        await movedTo(r1, r2);
        const before = position(daemon);
        const group = groupOf(v3, 200, true);
        for (const tables of [group.replace('gw', 'other'), '', groupOf(v3, 210, false), group]) {
          writeConfiguration(lab, r1, routers(v3), { tables });
          expect((await daemon.reload()).at(-1)!.msg).toMatch(/^reloaded: /);
        }
        await sleep(2 * MASTER_DOWN);
        expect(transitions(daemon, before)).toEqual([]);
        const status = await r1.run(
          process.execPath,
          executable(),
          'status',
          '-c',
          `${lab.folder}/rvrrpd-r1.toml`,
        );
        expect(status).toMatch(/\ngw +Master .* lan\/7 wan\/8\n$/);
        await lan.unplug(r1);
        const all = ['7 Down', '8 Backup'];
        await eventually('both to leave', DEADLINE, () => transitions(daemon, before).length === all.length);
        expect(transitions(daemon, before).sort()).toEqual(all);
        writeConfiguration(lab, r1, routers({ lan: 3, six: true }), {
          tables: group.replace('"lan/7"', '"lan/1"'),
        });
        const refused = await daemon.reload();
        expect(refused.map(({ msg }) => msg).join('\n')).toMatch(/there is no such virtual router/);
      }),
    LIMIT,
  );

  it.concurrent(
    'keepalived’s sync group is the Backup, and then the Master',
    () =>
      inLab(async (lab, { lan, wan, r1, r2, client }) => {
        const daemon = startRvrrpd(lab, r1, v3, 200, true);
        await movedTo(r1, r2);
        startKeepalived(lab, r2, BACKUP);
        await sleep(2 * MASTER_DOWN);
        const ping = Ping.start(client, SERVER);
        await eventually('answers', DEADLINE, () => ping.replies().length > 5);
        for (const segment of [lan, wan]) {
          const before = position(daemon);
          const pulled = Date.now();
          await segment.unplug(r1);
          await movedTo(r2, r1);
          expect(await outage(ping, pulled)).toBeLessThan(MASTER_DOWN + LOAD);
          await segment.replug(r1);
          await movedTo(r1, r2);
          await sleep(MASTER_DOWN);
          expect(
            transitions(daemon, before)
              .filter((each) => each.endsWith('Master'))
              .sort(),
          ).toEqual(['7 Master', '8 Master']);
        }
        await ping.stop();
      }),
    LIMIT,
  );

  it.concurrent(
    'keepalived’s sync group is the Master, and its cables are pulled',
    () =>
      inLab(async (lab, { lan, wan, r1, r2, client }) => {
        startKeepalived(lab, r1, 200);
        await movedTo(r1, r2);
        const daemon = startRvrrpd(lab, r2, v3, BACKUP, true);
        await daemon.ready();
        const ping = Ping.start(client, SERVER);
        await eventually('answers', DEADLINE, () => ping.replies().length > 5);
        for (const segment of [lan, wan]) {
          const before = position(daemon);
          const pulled = Date.now();
          await segment.unplug(r1);
          await movedTo(r2, r1);
          expect(await outage(ping, pulled)).toBeLessThan(MASTER_DOWN + LOAD);
          await segment.replug(r1);
          await movedTo(r1, r2);
          await sleep(MASTER_DOWN);
          expect(transitions(daemon, before).sort()).toEqual([
            '7 Backup',
            '7 Master',
            '8 Backup',
            '8 Master',
          ]);
        }
        await ping.stop();
      }),
    LIMIT,
  );
});
