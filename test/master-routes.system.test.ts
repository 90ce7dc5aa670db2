import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { expect, it } from 'vitest';
import type { DaemonStatus } from '../core/supervisor/status.ts';
import type { Host } from './lab/host.ts';
import { type Lab, withLab } from './lab/lab.ts';
import { describeSystem } from './lab/requirements.ts';
import { executable, Rvrrpd, rvrrpdConfiguration } from './lab/rvrrpd.ts';
import { R1, twoRouters } from './lab/two-routers.ts';
import { eventually } from './lab/wait.ts';

// `[[vrouter.route]]` and `[[vrouter.rule]]`: what each Master installs, as ip(8) shows it.

const SHARED = `
[[vrouter.route]]
to = "198.51.100.0/24"
via = "10.0.0.254"
metric = 7
`;
const OWN = `
[[vrouter.route]]
to = "default"
interface = "lan"
source = "10.0.0.1"
table = 1000
mtu = 1400

[[vrouter.route]]
to = "192.0.2.0/24"
type = "blackhole"

[[vrouter.route]]
to = "203.0.113.0/24"
via = [ "10.0.0.253", "10.0.0.254%lan" ]

[[vrouter.route]]
to = "2001:db8:9::/48"
via = "2001:db8:0:1::fe"

[[vrouter.rule]]
priority = 1000
from = "10.0.0.0/24"
table = 1000

[[vrouter.rule]]
priority = 1001
to = "2001:db8:8::/48"
type = "prohibit"
`;

/** Virtual routers 7 and 8, with these tables behind each. */
function write(lab: Lab, seven: string, eight: string): string {
  const file = path.join(lab.folder, 'x.toml');
  const general = rvrrpdConfiguration(path.join(lab.folder, 'x'), []);
  const vrouter = (group: number, vip: string, more: string): string =>
    `\n[[vrouter]]\ngroup = ${group}\ninterface = "lan"\nvip = "${vip}"\niftype = "ether"\n${more}`;
  writeFileSync(file, `${general}${vrouter(7, '10.0.0.1', seven)}${vrouter(8, '10.0.0.9', eight)}`);
  return file;
}

/** What is there of routes and rules that are not the kernel's own. */
async function present(host: Host): Promise<string[]> {
  const commands = ['-4 route show table all', '-6 route show table all', '-4 rule', '-6 rule'];
  const texts = await Promise.all(commands.map((command) => host.ip(command)));
  return texts
    .flatMap((text) => text.replaceAll('\n\t', ' ').split('\n'))
    .map((line) => line.replace(/\s+/g, ' ').trim())
    .filter((line) => !line.startsWith('local'))
    .filter((line) => /198\.51\.100|192\.0\.2|203\.0\.113|2001:db8:[89]|1000|1001/.test(line))
    .sort();
}

const SHARED_LINE = '198.51.100.0/24 via 10.0.0.254 dev lan metric 7';
const OWN_LINES = [
  '1000: from 10.0.0.0/24 lookup 1000',
  '1001: from all to 2001:db8:8::/48 prohibit',
  '2001:db8:9::/48 via 2001:db8:0:1::fe dev lan metric 1024 pref medium',
  '203.0.113.0/24 nexthop via 10.0.0.253 dev lan weight 1 nexthop via 10.0.0.254 dev lan weight 1',
  'blackhole 192.0.2.0/24',
  'default dev lan table 1000 scope link src 10.0.0.1 mtu 1400',
];
const BOTH = [...OWN_LINES, SHARED_LINE].sort();

async function becomes(host: Host, lines: readonly string[]): Promise<void> {
  let last: readonly string[] = [];
  await eventually(`routes and rules: ${lines.join('; ')}`, 20_000, async () => {
    last = await present(host);
    return last.join('\n') === [...lines].sort().join('\n');
  }).catch((error: Error) => {
    throw new Error(`${error.message}; there is: ${last.join('; ')}`);
  });
}

describeSystem('routes and rules of a Master', () => {
  it.concurrent('of every kind: installed, put back, moved by a reload without a gap, and gone after it', () =>
    withLab(async (lab) => {
      const { r1, wire } = await twoRouters(lab, { ipv6: true });
      const file = write(lab, `${SHARED}${OWN}`, SHARED);
      const before = await present(r1);
      const daemon = Rvrrpd.startWith(r1, file);
      await Promise.all([wire.soleMaster(7, R1), wire.soleMaster(8, R1)]);
      await becomes(r1, BOTH);

      await r1.ip('route del 203.0.113.0/24');
      await r1.ip('rule del priority 1000');
      await becomes(r1, BOTH);

      // All of 7's to 8: at no moment is any of it away.
      const monitor = r1.start('ip', ['monitor', 'route', 'rule']);
      write(lab, '', `${SHARED}${OWN}`);
      await daemon.reload();
      await becomes(r1, BOTH);
      write(lab, OWN, SHARED);
      await daemon.reload();
      await becomes(r1, BOTH);
      expect(monitor.stdout).not.toMatch(/Deleted.*(198\.51|192\.0\.2|203\.0|db8:[89]|1000)/);
      await monitor.stop('SIGTERM');

      // The last one that wants it leaves.
      write(lab, OWN, '');
      await daemon.reload();
      await becomes(r1, OWN_LINES);
      // After a SIGKILL the next start takes back what is not wanted any more.
      await daemon.kill();
      write(lab, SHARED, '');
      const next = Rvrrpd.startWith(r1, file);
      await next.ready();
      await becomes(r1, [SHARED_LINE]);
      await next.stop();
      expect(await present(r1)).toEqual(before);
    }));

  it.concurrent('what cannot be installed is tried again, and costs nobody the role', () =>
    withLab(async (lab) => {
      const { r1, wire } = await twoRouters(lab);
      const file = write(lab, '[[vrouter.route]]\nto = "192.0.2.0/24"\nvia = "10.9.9.9"\n', SHARED);
      const daemon = Rvrrpd.startWith(r1, file);
      await Promise.all([wire.soleMaster(7, R1), wire.soleMaster(8, R1)]);
      await eventually('a warning', 10_000, () =>
        daemon
          .log()
          .some(({ msg }) => /^routes and rules of virtual router 7 on lan: .*ENETUNREACH/.test(msg ?? '')),
      );
      const status = (...words: readonly string[]) =>
        r1.run(process.execPath, executable(), 'status', '-c', file, ...words);
      const further = async () =>
        (JSON.parse(await status('--json')) as DaemonStatus).routers.map((router) => router.further);
      const whole = { configured: 1, missing: 0 };
      expect(await further()).toEqual([{ configured: 1, missing: 1, refusal: 'ENETUNREACH' }, whole]);
      expect(await status()).toMatch(
        /^lan group 7: 1 of 1 further addresses, routes and rules not in place: ENETUNREACH$/m,
      );
      await wire.soleMaster(7, R1, 15_000, 4000);
      await becomes(r1, [SHARED_LINE]);
      await r1.ip('addr add 10.9.9.1/24 dev lan');
      await becomes(r1, [SHARED_LINE, '192.0.2.0/24 via 10.9.9.9 dev lan']);
      await eventually('nothing missing', 20_000, async () =>
        isDeepStrictEqual(await further(), [whole, whole]),
      );
      await daemon.stop();
    }));
});
