import { existsSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import type { Host } from './lab/host.ts';
import { type Lab, withLab } from './lab/lab.ts';
import { describeSystem } from './lab/requirements.ts';
import { Rvrrpd, type VrouterTable } from './lab/rvrrpd.ts';
import { macOf, snapshot } from './lab/snapshot.ts';
import { CLIENT, R1, R1_MAC, twoRouters, VIP } from './lab/two-routers.ts';
import { eventually } from './lab/wait.ts';

// After SIGKILL: what the next start takes back, and what it leaves alone because it may be somebody else's.

const FOLDER = '/run/rvrrpd';
const VIRTUAL_MAC = '00:00:5e:00:01:07';
const ROUTE = '192.0.2.0/24';
const TABLES = `[protocols]\n[[protocols.static]]\nroute = "192.0.2.0"\nmask = "255.255.255.0"\nnh = "${CLIENT}"\n`;

const ether: VrouterTable = { group: 7, interface: 'lan', vip: VIP, netdrv: 'libnl', iftype: 'ether' };
/** Long enough a Backup to be looked at. */
const patient = (router: VrouterTable): VrouterTable => ({ ...router, timers: { advert: 100 } });

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

/** Becomes Master with all that it installs, and is killed. */
async function killMaster(lab: Lab, host: Host, router: VrouterTable): Promise<void> {
  const daemon = Rvrrpd.start(lab, host, [router], { tables: TABLES });
  await eventually('the address', 15_000, async () => (await host.ip('-br -4 addr')).includes(`${VIP}/32`));
  await eventually('the route', 15_000, async () => (await host.ip(`route show ${ROUTE}`)) !== '');
  // So that interfaces of its own have been read, and are known by their index.
  await eventually(
    'the journal',
    15_000,
    () =>
      router.iftype === 'ether' || /"kind":"link"[^\n]*"index":/.test(readFileSync(journalOf(host), 'utf8')),
  );
  await daemon.kill();
}

async function restart(lab: Lab, host: Host, router: VrouterTable): Promise<Rvrrpd> {
  const daemon = Rvrrpd.start(lab, host, [patient(router)], { tables: TABLES });
  await daemon.ready(20_000);
  return daemon;
}

const warned = (daemon: Rvrrpd) => daemon.log().filter(({ msg }) => msg?.startsWith('left alone'));
const hasVip = async (host: Host) => (await host.ip('-br -4 addr')).includes(`${VIP}/32`);

describeSystem('a start after SIGKILL', () => {
  for (const netdrv of ['libnl', 'ioctl']) {
    it(
      `takes everything back in the same namespace: ${netdrv}`,
      () =>
        withLab(async (lab) => {
          const { r1 } = await twoRouters(lab);
          const before = await snapshot(r1);
          await killMaster(lab, r1, { ...ether, netdrv });
          const daemon = await restart(lab, r1, { ...ether, netdrv });
          expect(warned(daemon)).toEqual([]);
          expect((await daemon.stop()).code).toBe(0);
          expect(await snapshot(r1)).toEqual(before);
        }),
      60_000,
    );
  }

  it(
    'leaves everything alone in another namespace of the same inode number',
    () =>
      withLab(async (lab) => {
        const { r1 } = await twoRouters(lab);
        await killMaster(lab, r1, ether);
        // What the administrator of the new namespace has made happens to look the same, but for our label.
        await r1.ip(`addr del ${VIP}/32 dev lan`);
        await r1.ip(`addr add ${VIP}/32 dev lan`);
        const before = await snapshot(r1);
        edit(journalOf(r1), (header) => ({ ...header, cookie: '1' }));
        const daemon = await restart(lab, r1, ether);
        expect((await daemon.stop()).code).toBe(0);
        expect(await snapshot(r1)).toEqual(before);
      }),
    60_000,
  );

  it(
    'takes back what has our marks, with the journal of a release that knew no cookies',
    () =>
      withLab(async (lab) => {
        const { r1 } = await twoRouters(lab);
        await killMaster(lab, r1, ether);
        makeOld(journalOf(r1));
        const daemon = await restart(lab, r1, ether);
        expect(await hasVip(r1)).toBe(false);
        expect(await macOf(r1, 'lan')).toBe(R1_MAC);
        expect(await r1.ip(`route show ${ROUTE}`)).not.toBe(''); // nobody can tell whose it is
        expect(warned(daemon)).toHaveLength(1);
        expect(JSON.stringify(warned(daemon))).toContain('192.0.2.0/24');
        expect((await daemon.stop()).code).toBe(0);
      }),
    60_000,
  );

  it(
    'takes back an interface of its own and what is on it, with such a journal',
    () =>
      withLab(async (lab) => {
        const { r1 } = await twoRouters(lab);
        await killMaster(lab, r1, { ...ether, iftype: 'macvlan' });
        makeOld(journalOf(r1));
        const daemon = await restart(lab, r1, { ...ether, iftype: 'macvlan' });
        expect(await r1.ip('-br link')).not.toContain('standby7');
        expect((await daemon.stop()).code).toBe(0);
      }),
    60_000,
  );

  it(
    'leaves an address alone that the administrator has set meanwhile',
    () =>
      withLab(async (lab) => {
        const { r1 } = await twoRouters(lab);
        await killMaster(lab, r1, ether);
        await r1.ip(`addr del ${VIP}/32 dev lan`);
        await r1.ip(`addr add ${VIP}/32 dev lan`);
        const daemon = await restart(lab, r1, ether);
        expect(await hasVip(r1)).toBe(true);
        expect(await macOf(r1, 'lan')).toBe(R1_MAC);
        expect(warned(daemon)).toHaveLength(1);
        expect((await daemon.stop()).code).toBe(0);
        expect(await hasVip(r1)).toBe(true);
      }),
    60_000,
  );

  it(
    'finds its things on an interface that was renamed meanwhile, and nothing on the one that has its name',
    () =>
      withLab(async (lab) => {
        const { r1 } = await twoRouters(lab);
        await killMaster(lab, r1, ether);
        await r1.ip('link set lan down');
        await r1.ip('link set lan name old');
        await r1.ip('link set old up');
        await r1.ip('link add lan type veth peer name lan-peer');
        await r1.ip(`link set lan address ${VIRTUAL_MAC}`);
        await r1.ip('link set lan up');
        await r1.ip(`addr add ${VIP}/32 dev lan`);
        const daemon = await restart(lab, r1, ether);
        expect(await macOf(r1, 'old')).toBe(R1_MAC);
        expect(await r1.ip('-br -4 addr show dev old')).toContain(`${R1}/24`);
        expect(await r1.ip('-br -4 addr show dev old')).not.toContain(VIP);
        expect(await macOf(r1, 'lan')).toBe(VIRTUAL_MAC);
        expect(await r1.ip('-br -4 addr show dev lan')).toContain(VIP);
        expect((await daemon.stop()).code).toBe(0);
      }),
    60_000,
  );

  it(
    'removes what services remember of namespaces that are gone',
    () =>
      withLab(async (lab) => {
        const { r1 } = await twoRouters(lab);
        await killMaster(lab, r1, ether);
        const stale = journalOf(r1).replace(/-\d+-([0-9a-f]+)\.journal$/, '-1-$1.service');
        writeFileSync(stale, '{}');
        const daemon = await restart(lab, r1, ether);
        expect(existsSync(stale)).toBe(false);
        expect((await daemon.stop()).code).toBe(0);
      }),
    60_000,
  );
});
