import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { forge } from './lab/forge.ts';
import { Injector } from './lab/injector.ts';
import { withLab } from './lab/lab.ts';
import { describeConcurrent } from './lab/requirements.ts';
import { Rvrrpd } from './lab/rvrrpd.ts';
import type { Advert } from './lab/sightings.ts';
import { ALL_FAMILIES, allSortsMaster, oneOfEachSort, SORTS } from './lab/sorts.ts';
import { type ThirdParty, writePlugins } from './lab/third-party.ts';
import { CLIENT, R1, twoRouters, VIP } from './lab/two-routers.ts';
import { eventually, sleep } from './lab/wait.ts';

// Somebody else's plugin that throws: whatever it does, no advertisement of any virtual router is lost or late.

const BROKEN = 7;
const ALL = [BROKEN, ...SORTS.map(({ vrid }) => vrid)];
const NAME = 'rvrrpd-plugin-somebody';
const VERSION = '3.2.1';
const AUTH_TYPE = 222;

/** An `auth` plugin that signs with eight equal octets. */
function auth(methods: { sign?: string; verify?: string; create?: string }): ThirdParty {
  const { sign = '', verify = 'return packet[end] === 0xaa;', create = '' } = methods;
  return {
    ...{ name: NAME, version: VERSION, manifest: { kind: 'auth', names: ['somebody'] } },
    code: `import { existsSync } from 'node:fs';
export default { kind: 'auth', create() {
  ${create}
  return {
    authType: ${AUTH_TYPE},
    sign(packet, start, end) { ${sign} packet.fill(0xaa, end, end + 8); },
    verify(packet, start, end) { ${verify} },
  };
} };
`,
  };
}

const broken = { group: BROKEN, interface: 'lan', vip: VIP, auth_type: 'somebody' };
/** Beside it, one of each sort. */
const healthy = oneOfEachSort();

/** Times between advertisements in ms. */
function gaps(adverts: readonly Advert[]): number[] {
  return adverts.slice(1).map(({ time }, index) => time - adverts[index]!.time);
}

/** Lines of the log that are about the plugin. */
function complaints(daemon: Rvrrpd): string[] {
  return daemon.log().flatMap(({ msg }) => (msg?.includes(`plugin ${NAME} ${VERSION}`) ? [msg] : []));
}

describeConcurrent('a plugin that throws', () => {
  it.concurrent('in verify: the packet counts as auth-failed, the cadence stays', () =>
    withLab(async (lab) => {
      const { r1, client, wire } = await twoRouters(lab, ALL_FAMILIES);
      const tables = writePlugins(lab, auth({ verify: `throw new Error('out of luck');` }));
      const daemon = Rvrrpd.start(lab, r1, [broken, ...healthy], { tables });
      await wire.soleMaster(BROKEN, R1);
      const injector = await Injector.start(client, 'lan');
      const advert = forge({
        ...{ vrid: BROKEN, source: CLIENT, addresses: [VIP], priority: 254 },
        ...{ authType: AUTH_TYPE, authData: 'anything' },
      });
      const since = Date.now();
      for (let i = 0; i < 50; i++) {
        await injector.send(...new Array<Buffer>(10).fill(advert));
        await sleep(70);
      }
      const { routers } = await daemon.counters();
      expect(routers[0]).toMatchObject({ state: 'Master', counters: { dropped: { 'auth-failed': 500 } } });
      expect(routers).toHaveLength(ALL.length);
      for (const router of routers.slice(1))
        expect(router).toMatchObject({ state: 'Master', counters: { dropped: {} } });
      for (const vrid of ALL) {
        const times = gaps(wire.adverts(vrid, since).filter(({ source }) => source !== CLIENT));
        expect(times.length).toBeGreaterThanOrEqual(2);
        for (const gap of times) expect(Math.abs(gap - 1000), `${gap} ms`).toBeLessThan(800);
      }
      expect(complaints(daemon)).toEqual([
        `lan group ${BROKEN}: plugin ${NAME} ${VERSION} (kind auth): verify failed: out of luck: ` +
          'the advertisement is dropped as auth-failed',
      ]);
    }));

  it.concurrent('in sign from the start: that virtual router is Down and says why, the other one runs', () =>
    withLab(async (lab) => {
      const { r1, wire } = await twoRouters(lab, ALL_FAMILIES);
      const tables = writePlugins(lab, auth({ sign: `throw new Error('no ink');` }));
      const daemon = Rvrrpd.start(lab, r1, [broken, ...healthy], { tables });
      await allSortsMaster(wire);
      const states = (await daemon.counters()).routers.map(({ state }) => state);
      expect(states).toEqual(['Down', ...SORTS.map(() => 'Master')]);
      expect(wire.adverts(BROKEN)).toEqual([]);
      expect(complaints(daemon)[0]).toContain('sign failed: no ink');
      const down = daemon.log().find(({ to }) => to === 'Down');
      expect(down).toMatchObject({ group: BROKEN, cause: 'the advertisement cannot be signed' });
    }));

  it.concurrent('in sign later: the advertisement goes on as it was, until it can be signed again', () =>
    withLab(async (lab) => {
      const { r1, wire } = await twoRouters(lab, ALL_FAMILIES);
      const marker = path.join(lab.folder, 'no-ink');
      const sign = `if (existsSync(${JSON.stringify(marker)})) throw new Error('no ink');`;
      const daemon = Rvrrpd.start(lab, r1, [broken, ...healthy], {
        tables: writePlugins(lab, auth({ sign })),
      });
      await wire.soleMaster(BROKEN, R1);
      writeFileSync(marker, '');
      // Another primary address: every advertisement is built anew.
      const other = '10.0.0.22';
      await r1.ip(`addr add ${other}/24 dev lan`);
      await r1.sysctl({ 'net.ipv4.conf.lan.promote_secondaries': 1 }); // there is an address at every moment
      await r1.ip(`addr del ${R1}/24 dev lan`);
      const changed = Date.now();
      for (const { vrid, flavour } of SORTS)
        await wire.soleMaster(vrid, flavour.family === 4 ? other : flavour.r1);
      expect(new Set(wire.adverts(BROKEN, changed).map(({ source }) => source))).toEqual(new Set([R1]));
      expect(complaints(daemon)[0]).toContain('sign failed: no ink');
      rmSync(marker);
      await r1.ip('link set lan mtu 1400'); // some news of the link
      await wire.soleMaster(BROKEN, other);
      for (const vrid of ALL) {
        for (const gap of gaps(wire.adverts(vrid))) expect(gap, `${gap} ms`).toBeLessThan(1150);
      }
      const { routers } = await daemon.counters();
      expect(routers).toMatchObject(ALL.map(() => ({ state: 'Master' })));
      for (const { counters } of routers) expect(counters).toMatchObject({ becameMaster: 1, leftMaster: 0 });
    }));

  it.concurrent('in create: the start is refused, and says which plugin it is', () =>
    withLab(async (lab) => {
      const { r1 } = await twoRouters(lab, ALL_FAMILIES);
      const tables = writePlugins(lab, auth({ create: `throw new Error('not today');` }));
      const daemon = Rvrrpd.start(lab, r1, [broken, ...healthy], { tables });
      expect(await eventually('the end', 5000, () => daemon.running.exit)).toEqual({ code: 1, signal: null });
      expect(daemon.running.output).toContain(
        `plugin ${NAME} ${VERSION} (kind auth): create failed: not today`,
      );
    }));

  for (const [what, program, reason] of [
    ['throws', `throw new Error('no idea');`, 'no idea'],
    ['is refused by the kernel', 'return [{ code: 0x05, jt: 0, jf: 0, k: 9 }];', 'SO_ATTACH_FILTER'],
  ] as const) {
    it.concurrent(`as a socket filter that ${what}: the interface is used without`, () =>
      withLab(async (lab) => {
        const { r1, wire } = await twoRouters(lab, ALL_FAMILIES);
        const tables = writePlugins(lab, {
          ...{ name: NAME, version: VERSION },
          manifest: { kind: 'filter', names: ['somebody'], default: true },
          code: `export default { kind: 'filter', create: () => ({ program() { ${program} } }) };`,
        });
        const daemon = Rvrrpd.start(lab, r1, healthy, { tables });
        await allSortsMaster(wire);
        expect(complaints(daemon)).toHaveLength(1);
        expect(complaints(daemon)[0]).toContain('lan: the socket filter of');
        expect(complaints(daemon)[0]).toContain(reason);
      }));
  }
});

describeConcurrent('a plugin that nothing uses', () => {
  it.concurrent.each(['auth', 'filter', 'netdrv', 'iftype', 'protocol', 'api'])(
    'of kind %s may be broken: start and reload do without',
    (kind) =>
      withLab(async (lab) => {
        const { r1, wire } = await twoRouters(lab, ALL_FAMILIES);
        const tables = writePlugins(lab, {
          ...{ name: NAME, version: VERSION, manifest: { kind, names: ['somebody'] } },
          code: `throw new Error('out of luck');`,
        });
        const daemon = Rvrrpd.start(lab, r1, healthy, { tables });
        await allSortsMaster(wire);
        expect((await daemon.reload()).at(-1)?.msg).toMatch(/^reloaded: /);
        expect(daemon.running.output).not.toContain('out of luck');
        expect((await daemon.stop()).code).toBe(0);
      }),
  );
});
