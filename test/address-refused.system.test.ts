import { expect, it } from 'vitest';
import { withApi } from './lab/api-stage.ts';
import { FLAVOURS, type Flavour, OF_EACH_FAMILY, V2 } from './lab/flavour.ts';
import type { Host } from './lab/host.ts';
import { type Lab, withLab } from './lab/lab.ts';
import { describeConcurrent } from './lab/requirements.ts';
import { executable, Rvrrpd, type VrouterTable, writeConfiguration } from './lab/rvrrpd.ts';
import { R1, type TwoRouters, type TwoRoutersOptions, twoRouters } from './lab/two-routers.ts';
import { eventually, sleep } from './lab/wait.ts';
import type { Wire } from './lab/wire.ts';

// A Master whose addresses the kernel does not take keeps its Backup from taking over: it has to give up.

const VRID = 7;
/** Of either family. */
const VIFNAME = 'standby7';
const NUMBER = 1;
const NOT_IN_PLACE = 'its addresses could not be put in place';

interface Stage extends TwoRouters {
  readonly lab: Lab;
}

function play(scenario: (stage: Stage) => Promise<void>, options: TwoRoutersOptions = {}): Promise<void> {
  return withLab(async (lab) => scenario({ ...(await twoRouters(lab, options)), lab }));
}

function macvlan(priority: number, flavour = V2): VrouterTable {
  const timers = { advert: flavour.quick };
  const more = { iftype: 'macvlan', netdrv: 'libnl', vifname: VIFNAME, timers };
  return flavour.router(VRID, [NUMBER], { priority, ...more });
}

function gaveUp(daemon: Rvrrpd): number {
  return daemon.log().filter(({ to, cause }) => to === 'Down' && cause === NOT_IN_PLACE).length;
}

/** Somebody takes the name of the virtual interface. */
function takeName(host: Host): Promise<void> {
  return host.ipBatch([`link add ${VIFNAME} type bridge`]);
}

/** Somebody puts another interface in the place of the virtual one; stopped, the daemon cannot be quicker. */
async function replaceInterface(host: Host, daemon: Rvrrpd): Promise<void> {
  await host.ip('link add other type bridge');
  daemon.running.signal('SIGSTOP');
  try {
    await host.ipBatch([`link del ${VIFNAME}`, `link set other name ${VIFNAME}`]);
  } finally {
    daemon.running.signal('SIGCONT');
  }
}

async function holds(host: Host, flavour = V2): Promise<boolean> {
  const text = await host.ip('-o addr show');
  return flavour.vips(VRID, NUMBER).every((vip) => text.includes(` ${vip}/`));
}

/** What is said of a router of a flavour. */
function withoutAddresses(flavour: Flavour): void {
  const sole = (wire: Wire, source: string): Promise<void> =>
    wire.soleMaster(VRID, source, 30_000, 2300 * flavour.quick);
  const network = flavour.network(VRID);
  const { name, r1: R1, r2: R2 } = flavour;

  it.concurrent(`${name}: lets a Backup take over if they are lost and cannot be put back, and does not preempt it`, () =>
    play(async ({ lab, wire, r1, r2 }) => {
      const first = Rvrrpd.start(lab, r1, [macvlan(200, flavour)]);
      await first.ready(20_000);
      const second = Rvrrpd.start(lab, r2, [macvlan(100, flavour)]);
      await sole(wire, R1);
      await second.ready(20_000);
      const lost = Date.now();
      await replaceInterface(r1, first);
      await sole(wire, R2);
      const goodbye = await wire.nextAdvert('priority 0', lost, (a) => a.source === R1 && a.priority === 0);
      expect(goodbye.time - lost).toBeGreaterThan(900);
      expect(await holds(r2, flavour)).toBe(true);
      expect(gaveUp(first)).toBe(1);
      // It has started again by then, as a Backup that leaves a working Master alone.
      await eventually('another attempt', 15_000, () =>
        first.log().some(({ from, to }) => from === 'Down' && to === 'Backup'),
      );
      // Longer than its Master_Down_Interval.
      await sleep(5000 * flavour.quick);
      expect(wire.masters(VRID, 4000 * flavour.quick)).toEqual([R2]);
      // Nobody else is left, and the name is free again.
      await r1.ip(`link del ${VIFNAME}`);
      await second.stop();
      await sole(wire, R1);
      expect(await holds(r1, flavour)).toBe(true);
    }, network));

  it.concurrent(`${name}: gives up after a take-over that the kernel refuses, again and again if there is nobody else`, () =>
    play(async ({ lab, wire, r1, r2 }) => {
      const first = Rvrrpd.start(lab, r1, [macvlan(200, flavour)]);
      await first.ready(20_000);
      const second = Rvrrpd.start(lab, r2, [macvlan(100, flavour)]);
      await sole(wire, R1);
      await second.ready(20_000);
      await takeName(r2);
      await first.kill();
      await eventually('giving up twice', 40_000, () => gaveUp(second) >= 2);
      expect(second.log().filter(({ to }) => to === 'Master').length).toBeGreaterThanOrEqual(2);
    }, network));

  it.concurrent(`${name}: stays Master while everything is in place, whatever is reloaded or crashes`, () =>
    play(async ({ lab, wire, r1 }) => {
      const daemon = Rvrrpd.start(lab, r1, [macvlan(200, flavour)]);
      await sole(wire, R1);
      await daemon.reload();
      await sleep(2500);
      await daemon.kill();
      const again = Rvrrpd.start(lab, r1, [macvlan(200, flavour)]);
      await eventually('a second Master', 30_000, () => again.log().some(({ to }) => to === 'Master'));
      await sole(wire, R1);
      await sleep(2500);
      expect(gaveUp(daemon) + gaveUp(again)).toBe(0);
    }, network));
}

describeConcurrent('a Master without its addresses', () => {
  for (const flavour of FLAVOURS) withoutAddresses(flavour);
});

/** What `rvrrpd --check` says of a configuration in a host's namespace. */
async function check(host: Host, file: string): Promise<{ readonly code: number; readonly text: string }> {
  const run = host.start(process.execPath, [executable(), '--check', '-c', file]);
  const { code } = await run.exited;
  return { code: code ?? -1, text: run.output };
}

describeConcurrent('what cannot hold its addresses is refused', () => {
  const cases: Record<string, { prepare: readonly string[]; table?: Partial<VrouterTable>; says: RegExp }> = {
    'vifname is the loopback interface': {
      prepare: [],
      table: { vifname: 'lo' },
      says: /lo.* is not ours/,
    },
    'vifname is a bridge': {
      prepare: ['link add mybridge type bridge'],
      table: { vifname: 'mybridge' },
      says: /mybridge.* is not ours/,
    },
    'another interface is called standby7': {
      prepare: ['link add standby7 type bridge'],
      says: /standby7.* is not ours/,
    },
    'the interface is a port of a bridge': {
      prepare: ['link add br7 type bridge', 'link set lan master br7'],
      says: /lan is a port of a bridge.*EBUSY/,
    },
  };
  for (const [name, { prepare, table, says }] of Object.entries(cases)) {
    it.concurrent(`at start and by --check: ${name}`, () =>
      play(async ({ lab, r1 }) => {
        if (prepare.length > 0) await r1.ipBatch(prepare);
        const file = writeConfiguration(lab, r1, [{ ...macvlan(200), ...table }]);
        const checked = await check(r1, file);
        expect(checked.text).toMatch(says);
        expect(checked.text).toMatch(/rvrrpd-r1\.toml:\d+: virtual router 7 on lan/);
        expect(checked.code).toBe(1);
        const daemon = Rvrrpd.startWith(r1, file);
        expect((await daemon.running.exited).code).toBe(1);
        expect(daemon.running.output).toMatch(says);
      }));
  }

  it.concurrent('both versions with another prefix length for one vip: with both lines, whatever interface there is', () =>
    play(async ({ lab, r1 }) => {
      const tables = (two: string, three: string): VrouterTable[] => [
        { ...macvlan(200), vip: ['10.0.0.9', two] },
        { ...macvlan(200), vip: three, version: 3 },
      ];
      const says =
        /vrouter\[1\]\.vip = "10\.0\.0\.1\/24": must have the same prefix length as in vrouter\[0\]\.vip\[1\] \(line \d+\)/;
      const file = writeConfiguration(lab, r1, tables('10.0.0.1/25', '10.0.0.1/24'));
      const checked = await check(r1, file);
      expect(checked.text).toMatch(says);
      expect(checked.code).toBe(1);
      const daemon = Rvrrpd.startWith(r1, file);
      expect((await daemon.running.exited).code).toBe(1);
      expect(daemon.running.output).toMatch(says);
      // None is /32.
      expect((await check(r1, writeConfiguration(lab, r1, tables('10.0.0.1', '10.0.0.1/32')))).code).toBe(0);
    }));

  it.concurrent('when /proc/sys is read-only, unless every setting is as wanted', () =>
    play(async ({ lab, wire, r1 }) => {
      const file = writeConfiguration(lab, r1, [macvlan(200)]);
      const inContainer = (...args: string[]) => {
        const command = `mount -o bind,ro /proc/sys /proc/sys && exec ${process.execPath} ${executable()} ${args.join(' ')} -c ${file}`;
        return r1.start('unshare', ['-m', 'sh', '-c', command]);
      };
      for (const args of [['--check'], ['-m1']]) {
        const refused = inContainer(...args);
        expect((await refused.exited).code).toBe(1);
        expect(refused.output).toMatch(/read-only \(EROFS\)/);
      }
      await r1.sysctl({
        'net.ipv4.conf.lan.arp_ignore': 1,
        'net.ipv4.conf.lan.arp_announce': 2,
        'net.ipv4.conf.default.arp_ignore': 1,
        'net.ipv4.conf.default.arp_announce': 2,
        'net.ipv4.conf.default.rp_filter': 2,
        'net.ipv6.conf.default.disable_ipv6': 1,
      });
      const accepted = inContainer('--check');
      expect((await accepted.exited).code).toBe(0);
      inContainer('-m1');
      await wire.soleMaster(VRID, R1);
      await eventually('the address', 5000, () => holds(r1));
    }));

  it.concurrent('at a reload: the Master keeps its address', () =>
    play(async ({ lab, wire, r1 }) => {
      const daemon = Rvrrpd.start(lab, r1, [macvlan(200)]);
      await wire.soleMaster(VRID, R1);
      await r1.ip('link add mybridge type bridge');
      writeConfiguration(lab, r1, [{ ...macvlan(200), vifname: 'mybridge' }]);
      const verdict = (await daemon.reload()).at(-1);
      expect(verdict?.msg).toMatch(/^not reloaded: .*mybridge.* is not ours/);
      expect(await holds(r1)).toBe(true);
      expect(gaveUp(daemon)).toBe(0);
      // What stands in the way of nobody is no reason to refuse, nor is an interface that is missing.
      const missing = { ...macvlan(100), group: 8, interface: 'later', vip: '10.0.0.9', vifname: 'v8' };
      const file = writeConfiguration(lab, r1, [macvlan(200), missing]);
      expect((await check(r1, file)).code).toBe(0);
      expect((await daemon.reload()).at(-1)?.msg).toMatch(/^reloaded: /);
    }));

  it.concurrent(
    'through the API: the Master keeps its address, and tells that it has it',
    withApi(
      async ({ r1, api, text, master }) => {
        const before = text();
        await r1.ip('link add mybridge type bridge');
        const refused = await api.request('/config/vrouter/7/lan', {
          method: 'PATCH',
          body: { vifname: 'mybridge' },
        });
        expect(refused.status).toBe(422);
        expect(refused.text).toMatch(/mybridge.* is not ours/);
        expect(text()).toBe(before);
        expect(await holds(r1)).toBe(true);
        const routers = async () =>
          ((await api.request('/run/status')).json as { routers: readonly object[] }).routers;
        expect(await routers()).toMatchObject([{ state: 'Master', addresses_in_place: true, refusal: null }]);
        await replaceInterface(r1, master);
        await eventually('the refusal in the status', 10_000, async () => {
          expect(await routers()).toMatchObject([
            { addresses_in_place: false, on_virtual_interface: false, refusal: 'EEXIST' },
          ]);
          return true;
        });
      },
      { vrouters: [macvlan(200)], backup: false },
    ),
  );
});

/** Names of our interfaces that are there. */
async function virtualInterfaces(host: Host): Promise<string[]> {
  return (await host.ip('-o link show')).match(new RegExp(VIFNAME, 'g')) ?? [];
}

function virtualInterface(flavour: Flavour): void {
  const { name, family } = flavour;
  const mac = flavour.virtualMac(VRID);

  // ioctl has neither of them: another driver does it.
  for (const netdrv of ['libnl', 'ioctl']) {
    it.concurrent(`${name}: gets its MAC address back (${netdrv})`, () =>
      play(async ({ lab, wire, r1 }) => {
        const daemon = Rvrrpd.start(lab, r1, [{ ...macvlan(200, flavour), netdrv }]);
        await wire.soleMaster(VRID, flavour.r1, 30_000, 2300 * flavour.quick);
        const hasMac = async () => (await r1.ip(`-o link show ${VIFNAME}`)).includes(mac);
        await eventually('the virtual interface', 10_000, hasMac);
        await eventually('the address', 10_000, () => holds(r1, flavour));
        await r1.ip(`link set ${VIFNAME} address 02:00:00:00:00:99`);
        await eventually('the MAC address', 10_000, hasMac);
        const length = family === 4 ? 32 : 128;
        await r1.ip(`addr del ${flavour.address(NUMBER)}/${length} dev ${VIFNAME}`);
        await eventually('the address', 10_000, () => holds(r1, flavour));
        await daemon.stop();
        expect(await virtualInterfaces(r1)).toEqual([]);
      }, flavour.network(VRID)));
  }

  it.concurrent(`${name}: is known after a crash if the interface is itself a macvlan`, () =>
    play(async ({ lab, r1 }) => {
      const [own, vip] =
        family === 4 ? ['10.9.9.1/24', '10.9.9.100'] : ['2001:db8:9::1/64', '2001:db8:9::100'];
      await r1.ipBatch([
        'link add link lan name inner address 02:00:00:00:00:77 type macvlan mode bridge',
        'link set inner up',
        `addr add ${own} dev inner`,
      ]);
      const table = [{ ...macvlan(200, flavour), interface: 'inner', vip }];
      const inPlace = async () => (await r1.ip(`-o addr show ${VIFNAME}`)).includes(` ${vip}/`);
      const daemon = Rvrrpd.start(lab, r1, table);
      await eventually('the address', 15_000, inPlace);
      await daemon.kill();
      const again = Rvrrpd.start(lab, r1, table);
      await again.ready(20_000);
      await eventually('a second Master', 15_000, () => again.log().some(({ to }) => to === 'Master'));
      await eventually('the address', 10_000, inPlace);
      await sleep(2000);
      expect(gaveUp(again)).toBe(0);
      await again.stop();
      expect(await virtualInterfaces(r1)).toEqual([]);
    }, flavour.network(VRID)));
}

describeConcurrent('the virtual interface of a Master', () => {
  for (const flavour of OF_EACH_FAMILY) virtualInterface(flavour);
});
