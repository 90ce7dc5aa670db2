import { expect, it } from 'vitest';
import { linkLocalOf, textOf } from './lab/addresses.ts';
import { FLAVOURS, type Flavour, V3_IPV6 } from './lab/flavour.ts';
import type { Host } from './lab/host.ts';
import { withLab } from './lab/lab.ts';
import type { Frame } from './lab/pcap.ts';
import { describeSystem } from './lab/requirements.ts';
import { Rvrrpd } from './lab/rvrrpd.ts';
import { Solicitor } from './lab/solicitor.ts';
import { CLIENT, CLIENT_GLOBAL, CLIENT_MAC, R1, R1_GLOBAL, R1_MAC, twoRouters } from './lab/two-routers.ts';
import { eventually } from './lab/wait.ts';

// What a Master's kernel does with its virtual addresses: they can be used at once, and nothing of its own comes from them.

const VRID = 7;
const IFTYPES = ['macvlan', 'ether'] as const;

/** An IPv6 address as `ip -j` lists it; what does not hold is left out. */
interface ListedAddress {
  readonly local: string;
  readonly tentative?: boolean;
  readonly dadfailed?: boolean;
  readonly deprecated?: boolean;
}

async function listed(host: Host, addresses: readonly string[]): Promise<ListedAddress[]> {
  const links = JSON.parse(await host.ip('-j -6 addr')) as { readonly addr_info?: ListedAddress[] }[];
  return links.flatMap(({ addr_info }) => addr_info ?? []).filter(({ local }) => addresses.includes(local));
}

/** The address that a duplicate address detection (RFC 4862 §5.4.2) asks for, if a frame is part of one. */
function probed({ etherType, payload }: Frame): string | undefined {
  const isSolicitation = etherType === 0x86dd && payload[6] === 58 && payload[40] === 135;
  return isSolicitation && textOf(payload.subarray(8, 24)) === '::'
    ? textOf(payload.subarray(48, 64))
    : undefined;
}

/** Whom a server on the client sees when `from` connects to it at `to`. */
async function sourceOfConnection(from: Host, client: Host, to: string): Promise<string> {
  const any = to.includes(':') ? '::' : '0.0.0.0';
  const serve = `const { createServer } = require('node:net');
    const server = createServer((socket) => { console.log('from', socket.remoteAddress); socket.end(); });
    server.listen(7000, '${any}', () => console.log('listening'));`;
  const server = client.start(process.execPath, ['-e', serve]);
  await server.waitForOutput(/listening/, 20_000);
  const connect = `const { connect } = require('node:net');
    connect({ host: '${to}', port: 7000 }).on('error', (error) => { console.error(error); process.exit(1); }).resume();`;
  await from.run(process.execPath, '-e', connect);
  const [, source] = await server.waitForOutput(/^from (\S+)$/m, 20_000);
  await server.stop();
  return source!.replace(/%.*$/, '');
}

describeSystem('virtual addresses of a Master', () => {
  for (const iftype of IFTYPES) {
    it.concurrent(`IPv6, ${iftype}: can be used at once, whoever else has them`, () =>
      withLab(async (lab) => {
        const { r1, r2, lan, client, wire } = await twoRouters(lab, V3_IPV6.network(VRID));
        const vips = V3_IPV6.vips(VRID, 1, 4);
        // Two that answer duplicate address detection: the client, and the kernel of a Master whose daemon is dead.
        for (const vip of vips) await client.ip(`addr add ${vip}/64 dev lan nodad`);
        const router = (priority: number) =>
          V3_IPV6.router(VRID, [1, 4], {
            priority,
            preemption: true,
            iftype,
            netdrv: 'libnl',
            timers: { advert: 0.5 },
          });
        const first = Rvrrpd.start(lab, r1, [router(200)]);
        await wire.soleMaster(VRID, V3_IPV6.r1);
        expect(await listed(r1, vips)).toHaveLength(vips.length);
        const second = Rvrrpd.start(lab, r2, [router(100)]);
        await second.ready(30_000);
        const monitor = r2.start('ip', ['-6', 'monitor', 'address']);
        const started = Date.now();
        await first.kill();
        await wire.soleMaster(VRID, V3_IPV6.r2);

        const flags = (each: ListedAddress) => [each.tentative, each.dadfailed, each.deprecated];
        expect((await listed(r2, vips)).map(flags)).toEqual(vips.map(() => [undefined, undefined, true]));
        const told = monitor.output
          .split('\n')
          .filter((line) => vips.some((vip) => line.includes(` ${vip}/`)));
        expect(told.length).toBeGreaterThanOrEqual(vips.length);
        expect(told.filter((line) => /tentative|dadfailed/.test(line))).toEqual([]);
        const probes = wire.frames().filter((frame) => vips.includes(probed(frame) ?? ''));
        expect(probes).toEqual([]);

        await lan.unplug(r1);
        const sought = vips.map((address) => ({ address, mac: V3_IPV6.virtualMac(VRID) }));
        const solicitor = await Solicitor.prepare(lab, client, [
          { interface: 'lan', mac: CLIENT_MAC, sought },
        ]);
        const answers = await solicitor.ask(100, 20_000);
        expect(answers.filter(({ at, wrong }) => at === undefined || wrong.length > 0)).toEqual([]);
        await solicitor.stop();
        // For as long as duplicate address detection would have taken, and longer.
        await eventually('some time', 20_000, () => Date.now() - started > 5000);
        expect((await listed(r2, vips)).map(flags)).toEqual(vips.map(() => [undefined, undefined, true]));

        // Back again: the better one takes over from a Master that has the addresses.
        await lan.replug(r1);
        Rvrrpd.start(lab, r1, [router(200)]);
        await wire.soleMaster(VRID, V3_IPV6.r1, 30_000);
        expect((await listed(r1, vips)).map(flags)).toEqual(vips.map(() => [undefined, undefined, true]));
        await eventually('the addresses to be given back', 10_000, async () => {
          return (await listed(r2, vips)).length === 0;
        });
      }));
  }

  /** Virtual addresses of the client's network, with that network's prefix length and with their own. */
  function vipsOf(flavour: Flavour): string[] {
    const length = flavour.family === 4 ? 24 : 64;
    return [`${flavour.address(1)}/${length}`, `${flavour.address(4)}/${length}`, flavour.address(5)];
  }

  for (const flavour of FLAVOURS) {
    for (const iftype of IFTYPES) {
      it.concurrent(`${flavour.name}, ${iftype}: are no source of its own connections`, () =>
        withLab(async (lab) => {
          const { r1, client, wire } = await twoRouters(lab, flavour.network(VRID));
          const router = flavour.router(VRID, [], {
            ...{ vip: vipsOf(flavour), priority: 200, iftype, netdrv: 'libnl' },
          });
          Rvrrpd.start(lab, r1, [router]);
          await wire.soleMaster(VRID, flavour.r1);
          await eventually('its addresses', 10_000, async () =>
            (await r1.ip(`-${flavour.family} addr`)).includes(` ${flavour.address(5)}/`),
          );
          const [to, own] = flavour.family === 4 ? [CLIENT, R1] : [CLIENT_GLOBAL, R1_GLOBAL];
          expect(await sourceOfConnection(r1, client, to)).toBe(own);
          if (flavour.family === 4) return;
          const neighbour = `${linkLocalOf(CLIENT_MAC)}%lan`;
          expect(await sourceOfConnection(r1, client, neighbour)).toBe(linkLocalOf(R1_MAC));
        }));
    }
  }

  for (const iftype of IFTYPES) {
    it.concurrent(`IPv6, ${iftype}: nor where it has no other address of that network`, () =>
      withLab(async (lab) => {
        const { r1, client, wire } = await twoRouters(lab, V3_IPV6.network(VRID));
        const another = '2001:db8:0:2::100';
        await client.ip(`addr add ${another}/64 dev lan nodad`);
        const vip = ['2001:db8:0:2::1/64', '2001:db8:0:2::2/64'];
        Rvrrpd.start(lab, r1, [V3_IPV6.router(VRID, [], { vip, priority: 200, iftype, netdrv: 'libnl' })]);
        await wire.soleMaster(VRID, V3_IPV6.r1);
        await eventually('its addresses', 10_000, async () =>
          (await r1.ip('-6 addr')).includes(' 2001:db8:0:2::2/'),
        );
        expect(await sourceOfConnection(r1, client, another)).toBe(R1_GLOBAL);
      }));
  }
});
