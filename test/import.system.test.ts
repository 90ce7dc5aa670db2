import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { importKeepalived } from '../core/import/convert.ts';
import { FILES } from '../core/import/files.ts';
import type { Host } from './lab/host.ts';
import { Keepalived } from './lab/keepalived.ts';
import { kernelState } from './lab/kernel-state.ts';
import { type Lab, type Segment, withLab } from './lab/lab.ts';
import { describeSystem } from './lab/requirements.ts';
import { executable, Rvrrpd, rvrrpdConfiguration } from './lab/rvrrpd.ts';
import { type Advert, inOrder } from './lab/sightings.ts';
import { settledSnapshot, snapshot } from './lab/snapshot.ts';
import type { Implementation } from './lab/speaker.ts';
import { eventually, sleep, unchanging } from './lab/wait.ts';
import { Wire } from './lab/wire.ts';

// Ten configurations of keepalived, on two routers with keepalived, and with rvrrpd and what `rvrrpd import` makes of them: what
// the Master has in the kernel and advertises, and who is Master in which order. Those that the same happens to are one
// file together, on the same two routers.

const FIXTURES = path.join(import.meta.dirname, '../core/import/fixtures');
const SOURCES = { r1: '10.0.0.2', r2: '10.0.0.3' } as const;
type Name = keyof typeof SOURCES;
/** ms in which nothing more has to happen. */
const QUIET = 1100;
/** In s: three of them are longer than a busy machine keeps anybody waiting. */
const SHORT = 0.5;

/** What happens to r1, and the end of it: who was stopped stays away. */
type Fault = 'stop' | 'kill' | 'unplug';

/** A configuration, on its way. */
interface Part {
  /** Whose advertisements are on eth0. */
  readonly vrid: number;
  /** In version 3, with so many s in place of the second that it has: what it is about is the same in both. */
  readonly advert?: number;
}

interface Scenario {
  readonly fault: Fault;
  /** Who is Master, in order. */
  readonly expected: string;
  /** By the name of the fixture. Those with a password, and one with a virtual interface, stay version 2. */
  readonly parts: Readonly<Record<string, Part>>;
}

const SCENARIOS: Readonly<Record<string, Scenario>> = {
  stopped: {
    fault: 'stop',
    expected: 'r1 r2',
    parts: {
      'haproxy-master': { vrid: 51 },
      'cloud-unicast': { vrid: 33 },
      vmac: { vrid: 44 },
      'many-addresses': { vrid: 70, advert: SHORT },
    },
  },
  'strict, stopped': { fault: 'stop', expected: 'r1 r2', parts: { 'strict-v3': { vrid: 23 } } },
  'every kind of address, route and rule, stopped': {
    fault: 'stop',
    expected: 'r1 r2',
    parts: { everything: { vrid: 80, advert: SHORT } },
  },
  'killed and back': {
    fault: 'kill',
    expected: 'r1 r2 r1',
    // Not beside those with peers, whose packets its rules lead astray.
    parts: { 'dual-stack': { vrid: 60 }, 'routes-and-rules': { vrid: 90, advert: SHORT } },
  },
  'unplugged and back': {
    fault: 'unplug',
    expected: 'r1 r2 r1',
    parts: {
      'gateway-sync': { vrid: 10, advert: SHORT },
      'weighted-uplinks': { vrid: 35, advert: SHORT },
      'two-networks': { vrid: 28, advert: SHORT },
    },
  },
};

/** The configuration for a router: the second one has lower priorities, and the addresses of peers are exchanged. */
function configurationOf(parts: Scenario['parts'], name: Name): string {
  const text = Object.entries(parts)
    .map(([fixture, { vrid, advert }]) => {
      const file = readFileSync(path.join(FIXTURES, `${fixture}.conf`), 'utf8');
      // Everybody calls the first one so.
      const written = file.replaceAll('VI_1', `VI_${vrid}`);
      const short = `version 3\nadvert_int ${advert}\n`;
      return advert === undefined ? written : written.replaceAll('advert_int 1\n', short);
    })
    .join('');
  if (name === 'r1') return text;
  return text
    .replaceAll(/^(\s+priority )(\d+)/gm, (_, before: string, number) => `${before}${Number(number) - 50}`)
    .replaceAll(/(unicast_src_ip |unicast_peer \{\s+)10\.0\.0\.[23]/g, (all) =>
      all.endsWith('2') ? `${all.slice(0, -1)}3` : `${all.slice(0, -1)}2`,
    );
}

interface Daemon {
  stop(): Promise<unknown>;
  kill(): Promise<unknown>;
}

async function start(implementation: Implementation, lab: Lab, host: Host, text: string): Promise<Daemon> {
  if (implementation === 'keepalived') {
    // Whatever else the machine is doing.
    const daemon = Keepalived.startWith(lab, host, `global_defs {\nvrrp_rt_priority 50\n}\n${text}`);
    await eventually('keepalived to run', 30_000, () => daemon.running.output.includes('Startup complete'));
    return daemon;
  }
  const base = path.join(lab.folder, `imported-${host.name}`);
  writeFileSync(`${base}.conf`, text);
  const tables =
    host.name === 'r1'
      ? await host.run(process.execPath, executable(), 'import', `${base}.conf`)
      : importKeepalived(`${base}.conf`, 'main', FILES).text;
  writeFileSync(`${base}.toml`, `${rvrrpdConfiguration(base, [])}\n${tables}`, { mode: 0o600 });
  const daemon = Rvrrpd.startWith(host, `${base}.toml`);
  await daemon.ready(60_000);
  return daemon;
}

/** Two routers on two segments. */
async function network(lab: Lab): Promise<{ r1: Host; r2: Host; outside: Segment }> {
  const [inside, outside] = await Promise.all([lab.segment('inside'), lab.segment('outside')]);
  const build = async (name: Name, number: number): Promise<Host> => {
    const host = await lab.host(name, { ipv6: true });
    const at = { eth0: `10.0.0.${number}/24`, eth1: `198.51.100.${number}/24` };
    const six = `2001:db8:1::${number}/64`;
    await lab.plug(host, inside, { interface: 'eth0', address: at.eth0, address6: six });
    await lab.plug(host, outside, { interface: 'eth1', address: at.eth1 });
    return host;
  };
  const [r1, r2] = await Promise.all([build('r1', 2), build('r2', 3)]);
  return { r1, r2, outside };
}

async function labelsOf(host: Host): Promise<string[]> {
  const text = await host.ip('-j -4 addr');
  const links = JSON.parse(text) as { ifname: string; addr_info: { local?: string; label?: string }[] }[];
  return links
    .flatMap(({ ifname, addr_info: all }) =>
      all
        .filter(({ label = ifname }) => label !== ifname && !/:\d+$/.test(label))
        .map(({ local, label }) => `${local} ${label}`),
    )
    .sort();
}

/** What a scenario comes to. */
interface Outcome {
  /** What r1 has as Master and did not have before. */
  readonly master: readonly string[];
  /** What is missing of what it had. */
  readonly missing: readonly string[];
  /** Labels that are neither an interface's name nor of rvrrpd's own. */
  readonly labels: readonly string[];
  /** Addresses that its advertisements list, sorted, by the name of the fixture. */
  readonly advertised: Readonly<Record<string, readonly string[]>>;
  /** Who is Master, in order, by the name of the fixture. */
  readonly order: Readonly<Record<string, string>>;
}

function play(implementation: Implementation, { fault, parts }: Scenario): Promise<Outcome> {
  return withLab(async (lab) => {
    const { r1, r2, outside } = await network(lab);
    const hosts = { r1, r2 };
    // There both what it says and what it hears is seen, unicast too.
    const wire = await Wire.tap(lab, r2, 'eth0');
    const run = (name: Name) => start(implementation, lab, hosts[name], configurationOf(parts, name));
    const speeches = () => wire.adverts().filter(({ priority, family }) => priority > 0 && family === 4);
    /** For each of them, from what has been heard. */
    const ofEach = <T>(make: (heard: readonly Advert[]) => T): Record<string, T> => {
      const all = speeches();
      return Object.fromEntries(
        Object.entries(parts).map(([fixture, { vrid }]) => [
          fixture,
          make(all.filter((advert) => advert.vrid === vrid)),
        ]),
      );
    };
    const master = async (name: Name): Promise<void> => {
      const isLast = (heard: readonly Advert[]) =>
        heard.length > 1 && heard.slice(-2).every(({ source }) => source === SOURCES[name]);
      const areAll = () => Object.values(ofEach(isLast)).every((is) => is);
      await eventually(`${name} as Master`, 40_000, areAll, 150);
    };
    const untouched = await settledSnapshot(r1);
    const before = await kernelState(r1);
    const first = await run('r1');
    await master('r1');
    const state = await unchanging('a kernel that is at rest', 500, () => kernelState(r1));
    const labels = await labelsOf(r1);
    await run('r2');
    await sleep(QUIET);
    if (fault === 'unplug') await outside.unplug(r1);
    else await first[fault]();
    if (fault === 'stop' && implementation === 'rvrrpd') expect(await snapshot(r1)).toEqual(untouched);
    await master('r2');
    if (fault === 'unplug') await outside.replug(r1);
    else if (fault === 'kill') await run('r1');
    if (fault !== 'stop') await master('r1');
    return {
      master: state.filter((line) => !before.includes(line)),
      missing: before.filter((line) => !state.includes(line)),
      labels,
      advertised: ofEach((heard) =>
        [...(heard.find(({ source }) => source === SOURCES.r1)?.addresses ?? [])].sort(),
      ),
      order: ofEach((heard) => inOrder(heard, SOURCES)),
    };
  });
}

describeSystem('imported from keepalived', () => {
  for (const [name, scenario] of Object.entries(SCENARIOS)) {
    const fixtures = Object.keys(scenario.parts);
    it.concurrent(`${name}: ${fixtures.join(', ')}`, async () => {
      const [ours, theirs] = await Promise.all([play('rvrrpd', scenario), play('keepalived', scenario)]);
      expect(ours).toEqual(theirs);
      expect(ours.order).toEqual(Object.fromEntries(fixtures.map((each) => [each, scenario.expected])));
      expect(ours.master.length).toBeGreaterThanOrEqual(fixtures.length);
    }, 120_000);
  }
});
