import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { type Lab, withLab } from './lab/lab.ts';
import { describeSystem } from './lab/requirements.ts';
import { executable, Rvrrpd, rvrrpdConfiguration } from './lab/rvrrpd.ts';
import { holder, macOf, snapshot } from './lab/snapshot.ts';
import { R1, twoRouters, VIP } from './lab/two-routers.ts';
import { eventually } from './lab/wait.ts';

/** The guide's sample with only the interface and the paths changed. @returns the file that holds it */
function guideSample(lab: Lab, format: 'toml' | 'json', name: string): string {
  const sample = readFileSync(new URL(`fixtures/guide.${format}`, import.meta.url), 'utf8');
  const file = path.join(lab.folder, name);
  writeFileSync(file, sample.replaceAll('/var/tmp', lab.folder).replaceAll('ens192.900', 'lan'));
  return file;
}

describeSystem('the sample configuration of the guide', () => {
  for (const [format, name, args] of [
    ['toml', 'rvrrpd.conf', []],
    ['toml', 'rvrrpd.toml', []],
    ['json', 'rvrrpd.json', []],
    ['json', 'rvrrpd.conf', ['-g', 'json']],
  ] as const) {
    it.concurrent(`${name} in ${format.toUpperCase()} starts and becomes Master`, () =>
      withLab(async (lab) => {
        const { r1, client, wire } = await twoRouters(lab);
        const before = await snapshot(r1);
        const daemon = Rvrrpd.startWith(r1, guideSample(lab, format, name), {}, args);
        await wire.soleMaster(1, R1);
        expect(await holder(r1, '10.100.100.1')).toBe('vrrp0');
        expect(await macOf(r1, 'vrrp0')).toBe('00:00:5e:00:01:01');
        expect(wire.adverts(1)[0]).toMatchObject({ priority: 254, authType: 1, addresses: ['10.100.100.1'] });
        await client.ip('route add 10.100.100.1 dev lan');
        expect(await client.run('ping', '-n', '-c1', '-W2', '10.100.100.1')).toContain('1 received');
        // Never the secret, whatever the debug level.
        expect(daemon.running.output).not.toContain('thissecret');
        await daemon.stop();
        expect(await snapshot(r1)).toEqual(before);
      }));
  }
});

describeSystem('a start that fails', () => {
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

  it.concurrent('every violation at once, each with file, line, directive and value', async () => {
    const said = await refusal((lab) =>
      written(
        lab,
        rvrrpdConfiguration(path.join(lab.folder, 'x'), [
          { ...on, group: 256 },
          { ...on, group: 2, vip: '10.0.0.8', priority: 255 },
          { ...on, group: 3, vip: '10.0.0.300' },
        ]),
      ),
    );
    expect(said).toMatch(/x\.toml:11:.*group.*256/);
    expect(said).toMatch(/x\.toml:16:.*priority.*255/);
    expect(said).toMatch(/x\.toml:21:.*vip.*10\.0\.0\.300/);
  });

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

  it.concurrent('two virtual routers of one group on one interface', async () => {
    const said = await refusal((lab) =>
      written(
        lab,
        rvrrpdConfiguration(path.join(lab.folder, 'x'), [
          { ...on, group: 1 },
          { ...on, group: 1, vip: '10.0.0.9' },
        ]),
      ),
    );
    expect(said).toMatch(/x\.toml/);
    expect(said).toMatch(/group/);
  });

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

  it.concurrent('an interface that is missing is waited for: it may come later', () =>
    withLab(async (lab) => {
      const { lan, r1, wire } = await twoRouters(lab);
      const late = await lab.host('late');
      Rvrrpd.start(lab, late, [{ ...on, group: 1 }]);
      Rvrrpd.start(lab, r1, [{ ...on, group: 2, vip: '10.0.0.9' }]);
      await wire.soleMaster(2, R1);
      await lab.plug(late, lan, { interface: 'lan', address: '10.0.0.4/24' });
      await wire.soleMaster(1, '10.0.0.4');
    }));
});
