import { expect, it } from 'vitest';
import { holdsAll, macOn, type Segments, segments, startOn, tables } from '../bench/segments.ts';
import { virtualMac } from './lab/forge.ts';
import { withLab } from './lab/lab.ts';
import { describeSystem } from './lab/requirements.ts';
import { Rvrrpd, writeConfiguration } from './lab/rvrrpd.ts';
import { type Desk, Solicitor } from './lab/solicitor.ts';

// Many IPv6 virtual routers on several links at once; bench/ipv6.ts measures the same with a thousand.

/** What the client asks on each link while this router is Master. */
function desks({ places, shape }: Segments, master: 1 | 2): Desk[] {
  return Array.from({ length: shape.links }, (_, link) => ({
    ...{ interface: `e${link}`, mac: macOn(link, 16) },
    sought: places
      .filter((place) => place.link === link)
      .flatMap(({ vips, vrid }) => {
        // Of many virtual routers on an interface none can have its MAC there: it keeps its own.
        const mac = shape.iftype === 'macvlan' ? virtualMac(vrid, 6) : macOn(link, master);
        return vips.map((address) => ({ address, mac }));
      }),
  }));
}

describeSystem('IPv6 virtual routers', () => {
  for (const iftype of ['macvlan', 'ether'] as const) {
    it.concurrent(
      `${iftype}: after a fail-over all addresses answer solicitations from the new Master`,
      () =>
        withLab(async (lab) => {
          const net = await segments(lab, { links: 2, vrids: 10, family: 6, interval: 0.5, iftype });
          const { r1, r2, client, places } = net;
          const first = startOn('rvrrpd', lab, net, r1);
          await holdsAll(net, r1);
          const backup = Rvrrpd.startWith(r2, writeConfiguration(lab, r2, tables(net, r2)));
          await backup.ready(60_000);
          const [before, after] = [
            await Solicitor.prepare(lab, client, desks(net, 1)),
            await Solicitor.prepare(lab, client, desks(net, 2)),
          ];
          const untouched = await before.ask(100, 30_000);
          expect(untouched.filter(({ at }) => at === undefined)).toEqual([]);
          expect(untouched.flatMap(({ wrong }) => wrong)).toEqual([]);

          await first.kill();
          for (let link = 0; link < net.shape.links; link++) await r1.ip(`link set e${link} down`);
          const found = await after.ask(100, 60_000);
          expect(found).toHaveLength(2 * places.length);
          expect(found.filter(({ at }) => at === undefined)).toEqual([]);
          expect(found.flatMap(({ wrong }) => wrong)).toEqual([]);
          expect(await r2.ip('-6 -o addr show')).not.toMatch(/tentative|dadfailed/);
          for (const each of [before, after]) await each.stop();
        }),
      240_000,
    );
  }
});
