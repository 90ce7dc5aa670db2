import { existsSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { type Flavour, OF_EACH_FAMILY, V2 } from './lab/flavour.ts';
import type { Host } from './lab/host.ts';
import { type Lab, withLab } from './lab/lab.ts';
import { describeSystem } from './lab/requirements.ts';
import { Rvrrpd, type VrouterTable } from './lab/rvrrpd.ts';
import { macOf, type Snapshot, snapshot } from './lab/snapshot.ts';
import { CLIENT, R1, R1_GLOBAL, R1_MAC, type TwoRouters, twoRouters } from './lab/two-routers.ts';
import { eventually } from './lab/wait.ts';

// After SIGKILL: what the next start takes back, and what it leaves alone because it may be somebody else's.

const FOLDER = '/run/rvrrpd';
const VRID = 7;
const NUMBER = 1;
const ROUTE = '192.0.2.0/24';
const TABLES = `[protocols]\n[[protocols.static]]\nroute = "192.0.2.0"\nmask = "255.255.255.0"\nnh = "${CLIENT}"\n`;

function journalOf({ namespace }: Host): string {
  const inode = statSync(`/run/netns/${namespace}`).ino;
  const name = readdirSync(FOLDER).find((each) => each.startsWith(`${inode}-`) && each.endsWith('.journal'));
  if (name === undefined) throw new Error(`no journal of inode ${inode} in ${FOLDER}`);
  return path.join(FOLDER, name);
}

/** Changes the first line of a journal. */
function edit(journal: string, change: (header: Record<string, unknown>) => object): void {
  const [first = '', ...lines] = readFileSync(journal, 'utf8').split('\n');
  writeFileSync(journal, [JSON.stringify(change(JSON.parse(first))), ...lines].join('\n'));
}

/** As a release wrote it that knew no cookies, where it did. */
function makeOld(journal: string): void {
  edit(journal, ({ journal: version, boot, netns }) => ({ journal: version, boot, netns }));
  renameSync(journal, journal.replace(/-\d+-([0-9a-f]+\.journal)$/, '-$1'));
}

/** The virtual addresses that an interface has, however long their prefixes. */
async function found(host: Host, name: string, vips: readonly string[]): Promise<string[]> {
  const text = await host.ip(`-br addr show dev ${name}`);
  return vips.filter((vip) => text.includes(` ${vip}/`));
}

/** The same with another MAC address on an interface. */
function withMac({ addr, link, ...rest }: Snapshot, name: string, mac: string): Snapshot {
  const change = (list: Snapshot['link']): Snapshot['link'] =>
    list.map((facts) => (facts.ifname === name ? { ...facts, address: mac } : facts));
  return { ...rest, addr: change(addr), link: change(link) };
}

const warned = (daemon: Rvrrpd) => daemon.log().filter(({ msg }) => msg?.startsWith('left alone'));

/** What all these tests stand on. */
class Stage {
  readonly vips: readonly string[];
  readonly ether: VrouterTable;
  readonly macvlan: VrouterTable;
  /** The macvlan interface. */
  readonly vifname: string;
  readonly virtualMac: string;

  constructor(readonly flavour: Flavour) {
    this.vips = flavour.vips(VRID, NUMBER);
    this.ether = flavour.router(VRID, [NUMBER], { netdrv: 'libnl', iftype: 'ether' });
    this.macvlan = { ...this.ether, iftype: 'macvlan' };
    this.vifname = flavour.family === 4 ? 'standby7' : 'standby7-6';
    this.virtualMac = flavour.virtualMac(VRID);
  }

  network(lab: Lab): Promise<TwoRouters> {
    return twoRouters(lab, this.flavour.network(VRID));
  }

  /** Becomes Master with all that it installs, and is killed. */
  async killMaster(lab: Lab, host: Host, router: VrouterTable): Promise<void> {
    const quick = { ...router, timers: { advert: this.flavour.quick } };
    const daemon = Rvrrpd.start(lab, host, [quick], { tables: TABLES });
    const home = router.iftype === 'ether' ? 'lan' : this.vifname;
    await eventually('the addresses', 15_000, async () => {
      return (await found(host, home, this.vips)).length === this.vips.length;
    });
    await eventually('the route', 15_000, async () => (await host.ip(`route show ${ROUTE}`)) !== '');
    // So that interfaces of its own have been read, and are known by their index.
    await eventually('the journal', 15_000, () => {
      const text = readFileSync(journalOf(host), 'utf8');
      return router.iftype === 'ether' || /"kind":"link"[^\n]*"index":/.test(text);
    });
    await daemon.kill();
  }

  /** Starts again, long enough a Backup to be looked at. */
  async restart(lab: Lab, host: Host, router: VrouterTable): Promise<Rvrrpd> {
    const daemon = Rvrrpd.start(lab, host, [{ ...router, timers: { advert: 40 } }], { tables: TABLES });
    await daemon.ready(20_000);
    return daemon;
  }

  /** The administrator takes the virtual addresses from an interface and puts them there again: they look like any. */
  async setByHand(host: Host): Promise<void> {
    for (const vip of this.vips) await host.ip(`addr del ${vip}/${this.host} dev lan`);
    await this.addByHand(host);
  }

  async addByHand(host: Host): Promise<void> {
    const nodad = this.flavour.family === 6 ? ' nodad' : '';
    for (const vip of this.vips) await host.ip(`addr add ${vip}/${this.host} dev lan${nodad}`);
  }

  /** Prefix length of a host. */
  private get host(): number {
    return this.flavour.family === 4 ? 32 : 128;
  }
}

function play(flavour: Flavour): void {
  const stage = new Stage(flavour);
  const { name, family } = flavour;
  const { vips, ether, macvlan } = stage;

  for (const netdrv of family === 4 ? ['libnl', 'ioctl'] : ['libnl']) {
    it.concurrent(`${name}: takes everything back in the same namespace: ${netdrv}`, () =>
      withLab(async (lab) => {
        const { r1 } = await stage.network(lab);
        const before = await snapshot(r1);
        await stage.killMaster(lab, r1, { ...ether, netdrv });
        const daemon = await stage.restart(lab, r1, { ...ether, netdrv });
        expect(warned(daemon)).toEqual([]);
        expect((await daemon.stop()).code).toBe(0);
        expect(await snapshot(r1)).toEqual(before);
      }));
  }

  it.concurrent(`${name}: takes everything back in the same namespace: macvlan`, () =>
    withLab(async (lab) => {
      const { r1 } = await stage.network(lab);
      const before = await snapshot(r1);
      await stage.killMaster(lab, r1, macvlan);
      const daemon = await stage.restart(lab, r1, macvlan);
      expect(warned(daemon)).toEqual([]);
      expect((await daemon.stop()).code).toBe(0);
      expect(await snapshot(r1)).toEqual(before);
    }));

  it.concurrent(`${name}: leaves everything alone in another namespace of the same inode number`, () =>
    withLab(async (lab) => {
      const { r1 } = await stage.network(lab);
      await stage.killMaster(lab, r1, ether);
      // What the administrator of the new namespace has made happens to look the same, but for our marks.
      await stage.setByHand(r1);
      const before = await snapshot(r1);
      edit(journalOf(r1), (header) => ({ ...header, cookie: '1' }));
      const daemon = await stage.restart(lab, r1, ether);
      expect((await daemon.stop()).code).toBe(0);
      // A virtual MAC address is a mark of its own; what the interface had before is told by its link-local address.
      expect(await snapshot(r1)).toEqual(family === 4 ? before : withMac(before, 'lan', R1_MAC));
    }));

  it.concurrent(`${name}: takes back what has our marks, with the journal of a release that knew no cookies`, () =>
    withLab(async (lab) => {
      const { r1 } = await stage.network(lab);
      await stage.killMaster(lab, r1, ether);
      makeOld(journalOf(r1));
      const daemon = await stage.restart(lab, r1, ether);
      expect(await found(r1, 'lan', vips)).toEqual([]);
      expect(await macOf(r1, 'lan')).toBe(R1_MAC);
      expect(await r1.ip(`route show ${ROUTE}`)).not.toBe(''); // nobody can tell whose it is
      expect(warned(daemon)).toHaveLength(1);
      expect(JSON.stringify(warned(daemon))).toContain('192.0.2.0/24');
      expect((await daemon.stop()).code).toBe(0);
    }));

  it.concurrent(`${name}: takes back an interface of its own and what is on it, with such a journal`, () =>
    withLab(async (lab) => {
      const { r1 } = await stage.network(lab);
      await stage.killMaster(lab, r1, macvlan);
      makeOld(journalOf(r1));
      const daemon = await stage.restart(lab, r1, macvlan);
      expect(await r1.ip('-br link')).not.toContain('standby7');
      expect((await daemon.stop()).code).toBe(0);
    }));

  it.concurrent(`${name}: leaves an address alone that the administrator has set meanwhile`, () =>
    withLab(async (lab) => {
      const { r1 } = await stage.network(lab);
      await stage.killMaster(lab, r1, ether);
      await stage.setByHand(r1);
      const daemon = await stage.restart(lab, r1, ether);
      expect(await found(r1, 'lan', vips)).toEqual(vips);
      expect(await macOf(r1, 'lan')).toBe(R1_MAC);
      expect(warned(daemon)).toHaveLength(1);
      expect((await daemon.stop()).code).toBe(0);
      expect(await found(r1, 'lan', vips)).toEqual(vips);
    }));

  it.concurrent(`${name}: finds its things on an interface that was renamed meanwhile, and nothing on the one that has its name`, () =>
    withLab(async (lab) => {
      const { r1 } = await stage.network(lab);
      // IPv4's stay when an interface is down.
      if (family === 6) await r1.sysctl({ 'net.ipv6.conf.lan.keep_addr_on_down': 1 });
      await stage.killMaster(lab, r1, ether);
      await r1.ip('link set lan down');
      await r1.ip('link set lan name old');
      await r1.ip('link set old up');
      await r1.ip('link add lan type veth peer name lan-peer');
      await r1.ip(`link set lan address ${stage.virtualMac}`);
      await r1.ip('link set lan up');
      await stage.addByHand(r1);
      expect(await found(r1, 'old', vips)).toContain(flavour.address(NUMBER));
      const daemon = await stage.restart(lab, r1, ether);
      expect(await macOf(r1, 'old')).toBe(R1_MAC);
      const own = family === 4 ? R1 : R1_GLOBAL;
      expect(await found(r1, 'old', [own, ...vips])).toEqual([own]);
      expect(await macOf(r1, 'lan')).toBe(stage.virtualMac);
      expect(await found(r1, 'lan', vips)).toEqual(vips);
      expect((await daemon.stop()).code).toBe(0);
    }));
}

describeSystem('a start after SIGKILL', () => {
  for (const flavour of OF_EACH_FAMILY) play(flavour);

  it.concurrent('removes what services remember of namespaces that are gone', () =>
    withLab(async (lab) => {
      const stage = new Stage(V2);
      const { r1 } = await stage.network(lab);
      await stage.killMaster(lab, r1, stage.ether);
      const stale = journalOf(r1).replace(/-\d+-([0-9a-f]+)\.journal$/, '-1-$1.service');
      writeFileSync(stale, '{}');
      const daemon = await stage.restart(lab, r1, stage.ether);
      expect(existsSync(stale)).toBe(false);
      expect((await daemon.stop()).code).toBe(0);
    }));
});
