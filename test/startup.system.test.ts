import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { linkLocalOf } from './lab/addresses.ts';
import { FLAVOURS, type Flavour, virtualLinkLocal } from './lab/flavour.ts';
import { type Lab, withLab } from './lab/lab.ts';
import { describeConcurrent } from './lab/requirements.ts';
import { executable, Rvrrpd, rvrrpdConfiguration } from './lab/rvrrpd.ts';
import { holder, macOf, snapshot } from './lab/snapshot.ts';
import { twoRouters, VIP } from './lab/two-routers.ts';
import { eventually } from './lab/wait.ts';

/** Of the guide's sample, and what it is over IPv6. */
const GUIDE_VIP = { 4: '10.100.100.1', 6: '2001:db8:100::1' } as const;

/**
 * The guide's sample with only the interface and the paths changed; and where its version is 3, that, which has no
 * authentication. @returns the file that holds it
 */
function guideSample(lab: Lab, { version, family }: Flavour, format: 'toml' | 'json', name: string): string {
  const sample = readFileSync(new URL(`fixtures/guide.${format}`, import.meta.url), 'utf8')
    .replaceAll('/var/tmp', lab.folder)
    .replaceAll('ens192.900', 'lan')
    .replace(GUIDE_VIP[4], GUIDE_VIP[family]);
  const versioned = sample
    .replace(/^ *"?auth_type.*\n/m, '')
    .replace(
      /("?)auth_secret\1( = |: ).*/,
      (_, quote: string, is: string) => `${quote}version${quote}${is}3`,
    );
  const file = path.join(lab.folder, name);
  writeFileSync(file, version === 2 ? sample : versioned);
  return file;
}

const FORMATS = [
  ['toml', 'rvrrpd.toml', []],
  ['json', 'rvrrpd.json', []],
  ['toml', 'rvrrpd.conf', []],
  ['json', 'rvrrpd.conf', ['-g', 'json']],
] as const;

describeConcurrent('the sample configuration of the guide', () => {
  for (const flavour of FLAVOURS) {
    // How a format is known has nothing to do with the version.
    for (const [format, name, args] of flavour.version === 2 ? FORMATS : FORMATS.slice(0, 2)) {
      it.concurrent(`${flavour.name}: ${name} in ${format.toUpperCase()} starts and becomes Master`, () =>
        withLab(async (lab) => {
          const { r1, client, wire } = await twoRouters(lab, flavour.network(1));
          const before = await snapshot(r1);
          const daemon = Rvrrpd.startWith(r1, guideSample(lab, flavour, format, name), {}, args);
          await wire.soleMaster(1, flavour.r1);
          const vip = GUIDE_VIP[flavour.family];
          const addresses = [...(flavour.family === 6 ? [virtualLinkLocal(1)] : []), vip];
          for (const address of addresses) expect(await holder(r1, address)).toBe('vrrp0');
          expect(await macOf(r1, 'vrrp0')).toBe(flavour.virtualMac(1));
          const authType = flavour.version === 2 ? 1 : 0;
          expect(wire.adverts(1)[0]).toMatchObject({ priority: 254, authType, addresses });
          await client.ip(`route add ${vip} dev lan`);
          expect(await client.run('ping', '-n', '-c1', '-W2', vip)).toContain('1 received');
          // Never the secret, whatever the debug level.
          expect(daemon.running.output).not.toContain('thissecret');
          await daemon.stop();
          expect(await snapshot(r1)).toEqual(before);
        }));
    }
  }
});

describeConcurrent('a start that fails', () => {
  const on = { interface: 'lan', vip: VIP, priority: 100 };

  /** Starts on r1, expects the end with exit code 1 and nothing done. @returns what it said */
  async function refusal(prepare: (lab: Lab) => { file: string; args?: readonly string[] }): Promise<string> {
    return withLab(async (lab) => {
      const { r1, wire } = await twoRouters(lab);
      const before = await snapshot(r1);
      const { file, args } = prepare(lab);
      const daemon = Rvrrpd.startWith(r1, file, {}, args);
      expect(await eventually('the end', 5000, () => daemon.running.exit)).toEqual({ code: 1, signal: null });
      expect(await snapshot(r1)).toEqual(before);
      expect(wire.adverts()).toEqual([]);
      expect(existsSync(path.join(lab.folder, 'x.pid'))).toBe(false);
      return daemon.running.output;
    });
  }

  function written(lab: Lab, text: string): { file: string } {
    const file = path.join(lab.folder, 'x.toml');
    writeFileSync(file, text);
    return { file };
  }

  it.concurrent('a file that does not exist', async () => {
    const said = await refusal((lab) => ({ file: path.join(lab.folder, 'missing.toml') }));
    expect(said).toMatch(/missing\.toml/);
  });

  it.concurrent('text that is not TOML, with its line', async () => {
    const said = await refusal((lab) => written(lab, 'debug = 0\n\npid = = 1\n'));
    expect(said).toMatch(/x\.toml:3/);
  });

  for (const flavour of FLAVOURS) {
    it.concurrent(`${flavour.name}: every violation at once, each with file, line, directive and value`, async () => {
      const [wrongVip, wrongInterval] = [
        flavour.family === 4 ? '10.0.0.300' : '2001:db8::12345',
        flavour.version === 2 ? 0.5 : 40.96,
      ];
      let text = '';
      const said = await refusal((lab) => {
        text = rvrrpdConfiguration(path.join(lab.folder, 'x'), [
          flavour.router(256, [1]),
          flavour.router(2, [8], { priority: 255 }),
          flavour.router(3, [9], { vip: wrongVip }),
          flavour.router(4, [10], { timers: { advert: wrongInterval } }),
        ]);
        return written(lab, text);
      });
      const lines = text.split('\n');
      for (const [directive, value] of [
        ['group', 256],
        ['priority', 255],
        ['vip', wrongVip],
        ['advert', wrongInterval],
      ] as const) {
        const line = 1 + lines.findIndex((each) => each.includes(directive) && each.includes(`${value}`));
        expect(line).toBeGreaterThan(0);
        expect(said).toMatch(
          new RegExp(`x\\.toml:${line}:.*${directive}.*${`${value}`.replaceAll('.', '\\.')}`),
        );
      }
    });
  }

  it.concurrent('a directive that does not exist, with the one that was meant', async () => {
    const said = await refusal((lab) =>
      written(
        lab,
        `${rvrrpdConfiguration(path.join(lab.folder, 'x'), [{ ...on, group: 1 }])}prioritty = 3\n`,
      ),
    );
    expect(said).toMatch(/prioritty/);
    expect(said).toMatch(/priority/);
  });

  for (const flavour of FLAVOURS) {
    it.concurrent(`${flavour.name}: two virtual routers of one group on one interface`, async () => {
      const said = await refusal((lab) =>
        written(
          lab,
          rvrrpdConfiguration(path.join(lab.folder, 'x'), [flavour.router(1, [1]), flavour.router(1, [9])]),
        ),
      );
      expect(said).toMatch(/x\.toml/);
      expect(said).toMatch(/group/);
    });
  }

  it.concurrent('without root', () =>
    withLab(async (lab) => {
      const { r1 } = await twoRouters(lab);
      const { file } = written(lab, rvrrpdConfiguration(path.join(lab.folder, 'x'), [{ ...on, group: 1 }]));
      // Nobody, but able to read files wherever the checkout is.
      const daemon = r1.start('setpriv', [
        ...['--reuid=65534', '--regid=65534', '--clear-groups'],
        ...['--inh-caps=+dac_read_search', '--ambient-caps=+dac_read_search'],
        ...[process.execPath, executable(), '-m1', '-c', file],
      ]);
      expect(await eventually('the end', 5000, () => daemon.exit)).toEqual({ code: 1, signal: null });
      expect(daemon.output).toMatch(/root/);
    }));

  for (const flavour of FLAVOURS) {
    it.concurrent(`${flavour.name}: an interface that is missing is waited for: it may come later`, () =>
      withLab(async (lab) => {
        const { lan, r1, wire } = await twoRouters(lab, flavour.network(1));
        const late = await lab.host('late', { ipv6: flavour.family === 6 });
        Rvrrpd.start(lab, late, [flavour.router(1, [1])]);
        Rvrrpd.start(lab, r1, [flavour.router(2, [9])]);
        await wire.soleMaster(2, flavour.r1);
        const mac = '02:00:00:00:00:04';
        await lab.plug(late, lan, { interface: 'lan', mac, address: '10.0.0.4/24' });
        await wire.soleMaster(1, flavour.family === 4 ? '10.0.0.4' : linkLocalOf(mac));
      }));
  }
});
