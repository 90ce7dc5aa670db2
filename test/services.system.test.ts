/** Service plugins that misbehave: the Master's advertisements go on at their pace, and the daemon still stops. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import type { Host } from './lab/host.ts';
import type { Lab, Segment } from './lab/lab.ts';
import { withLab } from './lab/lab.ts';
import { describeConcurrent } from './lab/requirements.ts';
import { Rvrrpd } from './lab/rvrrpd.ts';
import { addressOf, oneOfEachSort, SORTS } from './lab/sorts.ts';
import { eventually, sleep } from './lab/wait.ts';
import { Wire } from './lab/wire.ts';

/** How long each is watched, in ms. */
const WATCH = 5000;
/** A wide bound on the pause between two advertisements at 1 s, in ms: this machine may be busy. */
const LONGEST_PAUSE = 1300;

/** Writes a plugin of kind `api` whose `start` is this code. @returns its folder */
function plugin(lab: Lab, name: string, start: string): string {
  const folder = path.join(lab.folder, `rvrrpd-plugin-${name}`);
  mkdirSync(folder, { recursive: true });
  const manifest = {
    name: `rvrrpd-plugin-${name}`,
    version: '1.0.0',
    type: 'module',
    exports: './index.js',
    rvrrpd: { api: '^1.0.0', kind: 'api', names: [name] },
  };
  writeFileSync(path.join(folder, 'package.json'), JSON.stringify(manifest));
  const code = `export default { kind: 'api', create: (context) => ({ async start() { ${start} }, stop() {} }) };\n`;
  writeFileSync(path.join(folder, 'index.js'), code);
  return folder;
}

/** A router alone, with both families. */
async function network(lab: Lab): Promise<{ lan: Segment; router: Host }> {
  const lan = await lab.segment('lan');
  const router = await lab.host('r', { ipv6: true });
  const address6 = '2001:db8:0:1::2/64';
  await lab.plug(router, lan, { interface: 'lan', address: '10.0.0.2/24', address6 });
  return { lan, router };
}

describeConcurrent('a service plugin', () => {
  it.concurrent.each([
    ['that runs for ever', 'spin', 'while (true) {}', /running /],
    [
      'that allocates without end',
      'hoard',
      'const all = []; for (;;) all.push(new Array(1e5).fill({}));',
      /broke down/,
    ],
    ['that throws in a timer', 'throw', "setTimeout(() => { throw new Error('oops'); }, 300);", /oops/],
    ['that cannot start', 'refuse', "throw new Error('no port');", /no port/],
  ])('%s costs no advertisement', async (_, name, start, told) => {
    await withLab(async (lab) => {
      const { lan, router } = await network(lab);
      const folder = plugin(lab, name, start);
      const tables = `[plugins]\n"${folder}" = "*"\n[api]\nhost = "127.0.0.1:7080"\n`;
      const vrouters = oneOfEachSort({ priority: 200 });
      const daemon = Rvrrpd.start(lab, router, vrouters, { tables, directives: { client_api: name } });
      await daemon.ready(30_000);
      const areMasters = async () =>
        (await daemon.counters()).routers.every(({ state }) => state === 'Master');
      await eventually('Masters', 30_000, areMasters);
      const wire = await Wire.tap(lab, lan, lan.bridge);
      await sleep(WATCH);
      await daemon.running.waitForOutput(told, 120_000);
      await wire.stop();
      for (const { vrid } of SORTS) {
        const times = wire.adverts(vrid).map(({ time }) => time);
        expect(times.length).toBeGreaterThanOrEqual(WATCH / 1000 - 2);
        const pauses = times.slice(1).map((time, i) => time - times[i]!);
        expect(Math.max(...pauses)).toBeLessThan(LONGEST_PAUSE);
      }
      expect(await areMasters()).toBe(true);
      const exit = await daemon.stop();
      expect(exit.code).toBe(0);
    });
  });
});

describeConcurrent('what a service is given', () => {
  it('it sees the virtual routers and their transitions', async () => {
    await withLab(async (lab) => {
      const { router } = await network(lab);
      const watch = `context.subscribe((events) => {
        for (const event of events) {
          const router = context.routers().find(({ group }) => group === event.group);
          context.log('info', 'seen ' + JSON.stringify({ event, router, api: context.api }));
        }
      });`;
      const folder = plugin(lab, 'watch', watch);
      const tables = `[plugins]\n"${folder}" = "*"\n[api]\nhost = "127.0.0.1:7080"\n`;
      const [v2, ...others] = oneOfEachSort({ priority: 200 });
      const vrouters = [{ ...v2!, auth_type: 'rfc2338-simple', auth_secret: 'hidden' }, ...others];
      const daemon = Rvrrpd.start(lab, router, vrouters, { tables, directives: { client_api: 'watch' } });
      for (const sorted of SORTS) {
        const { vrid, flavour } = sorted;
        const { version, family } = flavour;
        const line = await eventually('the event', 30_000, () =>
          daemon.log().find(({ msg }) => msg?.includes('"to":"Master"') && msg.includes(`"group":${vrid},`)),
        );
        const seen = JSON.parse(String(line.msg).replace(/^.*?seen /, ''));
        const who = { interface: 'lan', group: vrid };
        const addresses = [...flavour.vips(vrid), addressOf(sorted)];
        expect(seen).toMatchObject({
          event: { type: 'transition', ...who, from: 'Backup', to: 'Master' },
          router: { ...who, version, family, addresses, priority: 200, state: 'Master' },
          api: { host: '127.0.0.1:7080' },
        });
      }
      expect(daemon.running.output).not.toContain('hidden');
      await daemon.stop();
    });
  });
});

describeConcurrent('what a service may ask for', () => {
  it('a change that makes no sense is refused, whatever it is, and everything runs on', async () => {
    await withLab(async (lab) => {
      const { router } = await network(lab);
      const name = "{ interface: 'lan', group: 7 }";
      const ask = `
        context.log('shout', 'at no level');
        const requests = [
          undefined, 7, {}, { changes: null }, { changes: [{}] }, { changes: [{ op: 'set', path: 'debug' }] },
          { changes: [], failOver: [{}] }, { changes: [], failOver: 7 }, { changes: [], by: Infinity },
          { changes: [{ op: 'remove-router', router: ${name} }], failOver: [${name}] },
          { changes: [{ op: 'change-router', router: ${name}, patch: { group: 9 } }], failOver: [${name}] },
        ];
        const work = async () => {
          if (context.routers()[0].state !== 'Master') return setTimeout(work, 100);
          for (const [index, request] of requests.entries()) {
            const { ok, reason, message } = await context.change(request);
            context.log('info', 'answer ' + JSON.stringify({ index, ok, reason, message }));
          }
          context.log('info', 'all answered');
        };
        setTimeout(work, 100);`;
      const folder = plugin(lab, 'nonsense', ask);
      const tables = `[plugins]\n"${folder}" = "*"\n[api]\nhost = "127.0.0.1:7080"\n`;
      const vrouters = [
        { group: 7, interface: 'lan', vip: '10.0.0.1', priority: 200 },
        { group: 8, interface: 'lan', vip: '10.0.0.8', priority: 200 },
      ];
      const daemon = Rvrrpd.start(lab, router, vrouters, { tables, directives: { client_api: 'nonsense' } });
      await daemon.running.waitForOutput(/all answered/, 40_000);
      const answers = daemon
        .log()
        .flatMap(({ msg }) => (msg?.includes('answer {') ? [JSON.parse(msg.slice(msg.indexOf('{')))] : []));
      expect(answers).toHaveLength(11);
      expect(answers.filter(({ ok }) => ok)).toEqual([]);
      expect(answers.slice(0, 9).map(({ reason }) => reason)).toEqual(new Array(9).fill('invalid'));
      for (const { reason, message } of answers.slice(9)) {
        expect(reason).toBe('conflict');
        expect(message).toContain('the same change removes or renames group 7 on lan');
      }
      expect(daemon.running.output).toContain('at no level');
      expect((await daemon.counters()).routers.map(({ state }) => state)).toEqual(['Master', 'Master']);
      expect((await daemon.stop()).code).toBe(0);
    });
  });
});
