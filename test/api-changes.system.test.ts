import { mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { type ApiStage, apiTable, withApi } from './lab/api-stage.ts';
import type { HttpAnswer } from './lab/http.ts';
import { invoke } from './lab/invocation.ts';
import { expectUndisturbed, INTERVAL, MASTER_DOWN_INTERVAL, router, TOLERANCE } from './lab/reloading.ts';
import { describeSystem } from './lab/requirements.ts';
import { Rvrrpd } from './lab/rvrrpd.ts';
import { settledSnapshot, snapshot } from './lab/snapshot.ts';
import { R1, R2 } from './lab/two-routers.ts';
import { eventually, sleep } from './lab/wait.ts';

// Changes through the API to a running Master with a Backup beside it: what was asked for happens, nothing else
// does, and the file says the same afterwards.

const ROUTER_1 = '/config/vrouter/1/lan';

function body<T>(answer: HttpAnswer): T {
  return answer.json as T;
}

/** The configuration's tag. */
async function tag({ api }: ApiStage): Promise<string> {
  return (await api.request('/config/global')).headers.etag!;
}

/** A reload from the file brings the configuration that runs already. */
async function expectFileToSayTheSame(stage: ApiStage): Promise<void> {
  const { api, r1, master, file } = stage;
  const read = async () =>
    Promise.all(
      ['/config/global', '/config/vrouter', '/config/protocols', '/config/plugins'].map(
        async (each) => (await api.request(each)).text,
      ),
    );
  const before = { tag: await tag(stage), configuration: await read() };
  expect(await invoke(r1, ['--check', '-c', file])).toMatchObject({ code: 0, stderr: '' });
  expect((await master.reload()).at(-1)?.msg).toMatch(/^reloaded: /);
  await eventually('the configuration as reloaded', 5000, async () => {
    expect({ tag: await tag(stage), configuration: await read() }).toEqual(before);
    return true;
  });
}

describeSystem('changes through the API', () => {
  it.concurrent(
    'of a virtual router: priority, secret and addresses, in place, with the comments kept',
    withApi(async (stage) => {
      const { api, wire, text, file } = stage;
      writeFileSync(file, text().replace('priority = 200', 'priority = 200   # the faster machine'));
      await stage.master.reload();
      const before = text();
      const begin = Date.now();
      const changed = await api.request(ROUTER_1, { method: 'PATCH', body: { priority: 150 } });
      expect(changed.status).toBe(200);
      expect(body<{ configuration: object }>(changed)).toMatchObject({
        configuration: { group: 1, interface: 'lan', priority: 150 },
        warnings: [],
        temporary: false,
      });
      expect(changed.headers.etag).toBe(await tag(stage));
      expect(text()).toBe(before.replace('priority = 200   #', 'priority = 150   #'));
      await sleep(1.5 * INTERVAL);
      expectUndisturbed(wire, begin - 1200, [1, 2]);
      const since = Date.now() - 1.2 * INTERVAL;
      expect(wire.adverts(1, since).every(({ priority }) => priority === 150)).toBe(true);
      expect(wire.adverts(2, since).every(({ priority }) => priority === 200)).toBe(true);
      const vip = await api.request(ROUTER_1, { method: 'PATCH', body: { vip: ['10.0.1.1', '10.0.1.11'] } });
      expect(vip.status).toBe(200);
      await eventually('the new address', 5000, async () =>
        (await stage.r1.ip('-4 -o addr show dev lan')).includes('10.0.1.11/'),
      );
      await expectFileToSayTheSame(stage);
      await sleep(1.2 * INTERVAL);
      expectUndisturbed(wire, begin - 1200, [1, 2]);
    }),
    240_000,
  );

  it.concurrent(
    'adding and removing a virtual router concerns that one alone',
    withApi(async (stage) => {
      const { api, wire, r1, text } = stage;
      const before = { text: text(), r1: await settledSnapshot(r1) };
      const begin = Date.now();
      const added = await api.request('/config/vrouter', {
        method: 'POST',
        body: { ...router(3), auth_type: 'rfc2338-simple', auth_secret: 'geheimnis' },
      });
      expect(added.status).toBe(201);
      expect(added.headers.location).toBe('/config/vrouter/3/lan');
      expect(added.text).not.toContain('geheimnis');
      await wire.soleMaster(3, R1);
      // A new one starts from Initialize: it has waited whether there is a Master.
      expect(wire.adverts(3)[0]!.time - begin).toBeGreaterThan(3000);
      const again = await api.request('/config/vrouter', { method: 'POST', body: router(3) });
      expect(again.status).toBe(409);
      expect(text()).toContain('auth_secret = "geheimnis"');
      await expectFileToSayTheSame(stage);

      const removed = Date.now();
      expect((await api.request('/config/vrouter/3/lan', { method: 'DELETE' })).status).toBe(200);
      const answered = Date.now();
      await sleep(2 * INTERVAL);
      const last = wire.adverts(3, removed);
      expect(last.filter(({ priority }) => priority === 0)).toEqual(last.slice(-1)); // one good-bye
      expect(last.at(-1)!.time).toBeLessThan(answered + INTERVAL);
      expect((await api.request('/config/vrouter/3/lan', { method: 'DELETE' })).status).toBe(404);
      expect(text().trimEnd()).toBe(before.text.trimEnd());
      expect(await settledSnapshot(r1)).toEqual(before.r1);
      await expectFileToSayTheSame(stage);
      await sleep(1.2 * INTERVAL);
      expectUndisturbed(wire, begin - 1200, [1, 2]);
    }),
    240_000,
  );

  it.concurrent(
    'a fail-over: the Backup takes over at once and keeps it, until it dies',
    withApi(async (stage) => {
      const { api, wire, text } = stage;
      const before = { text: text(), tag: await tag(stage) };
      const begin = Date.now();
      const told = await api.request('/run/vrrp/1/lan/failover', { method: 'POST' });
      expect(told.status).toBe(200);
      const first = await wire.nextAdvert(
        'r2 as Master',
        begin,
        ({ vrid, source }) => vrid === 1 && source === R2,
      );
      const zero = wire.adverts(1, begin).filter(({ priority }) => priority === 0);
      expect(zero).toMatchObject([{ source: R1 }]);
      // RFC 3768 §6.4.2: after Skew_Time of its priority 100
      expect(first.time - zero[0]!.time).toBeLessThan((156 / 256) * 1000 + TOLERANCE);
      // Of higher priority and with preemption, yet it stands by; also after a reload.
      await sleep(MASTER_DOWN_INTERVAL + TOLERANCE);
      await stage.master.reload();
      await wire.soleMaster(1, R2);
      expectUndisturbed(wire, begin - 1200, [2]);
      expect({ text: text(), tag: await tag(stage) }).toEqual(before);
      const refused = await api.request('/run/vrrp/1/lan/failover', { method: 'POST' });
      expect(refused.status).toBe(409);
      expect(body<{ detail: string }>(refused).detail).toContain('is not Master');

      for (const running of stage.r2.started) running.signal('SIGKILL');
      await wire.soleMaster(1, R1);
      // Now it preempts again.
      const back = await stage.api.request('/run/status');
      expect(JSON.stringify(back.json)).not.toContain('"standing_by":true');
    }),
    240_000,
  );

  it.concurrent(
    'a fail-over without a Backup comes back after Master_Down_Interval',
    withApi(
      async ({ api, wire }) => {
        const begin = Date.now();
        expect((await api.request('/run/vrrp/1/lan/failover', { method: 'POST' })).status).toBe(200);
        const of1 = ({ vrid }: { vrid: number }): boolean => vrid === 1;
        const zero = await wire.nextAdvert(
          'good-bye',
          begin,
          (advert) => of1(advert) && advert.priority === 0,
        );
        const gap = (await wire.nextAdvert('r1 as Master again', zero.time + 1, of1)).time - zero.time;
        const interval = 3000 + ((256 - 200) / 256) * 1000;
        expect(gap).toBeGreaterThan(interval - 1);
        expect(gap).toBeLessThan(interval + TOLERANCE);
      },
      { backup: false },
    ),
    240_000,
  );

  it.concurrent(
    'static routes, debug level and plugins',
    withApi(async (stage) => {
      const { api, wire, r1, text, lab } = stage;
      const begin = Date.now();
      const route = { route: '192.0.2.0', mask: '255.255.255.0', nh: '10.0.0.100' };
      const put = await api.request('/config/protocols/static', { method: 'PUT', body: [route] });
      expect(put.status).toBe(201);
      const routes = async () => (await r1.ip('route show 192.0.2.0/24')).trim();
      await eventually('the route', 5000, async () => /via 10\.0\.0\.100 /.test(await routes()));
      expect(body((await api.request('/run/protocols/static')) as HttpAnswer)).toEqual([
        { destination: '192.0.2.0', mask: '255.255.255.0', next_hop: '10.0.0.100', metric: null, mtu: null },
      ]);
      await expectFileToSayTheSame(stage);
      expect((await api.request('/config/protocols/static', { method: 'DELETE' })).status).toBe(200);
      await eventually('no route', 5000, async () => (await routes()) === '');

      const debug = await api.request('/config/global', { method: 'PATCH', body: { debug: 5 } });
      expect(debug.status).toBe(200);
      expect(text()).toMatch(/^debug = 5$/m);
      await stage.master.running.waitForOutput(/group 1: advertisement sent/);

      const folder = path.join(lab.folder, 'rvrrpd-plugin-nothing');
      mkdirSync(folder);
      const manifest = { api: '^1.0.0', kind: 'protocol', names: ['nothing'] };
      const description = { name: 'rvrrpd-plugin-nothing', version: '1.2.3', exports: './index.js' };
      writeFileSync(
        path.join(folder, 'package.json'),
        JSON.stringify({ ...description, type: 'module', rvrrpd: manifest }),
      );
      const code = "export default { kind: 'protocol', create: () => ({ plan: () => [] }) };\n";
      writeFileSync(path.join(folder, 'index.js'), code);
      const name = encodeURIComponent('./rvrrpd-plugin-nothing');
      const wrong = await api.request(`/config/plugins/${name}`, { method: 'PUT', body: { version: '^2' } });
      expect(wrong.status).toBe(422);
      expect(wrong.text).toContain('1.2.3');
      const right = await api.request(`/config/plugins/${name}`, { method: 'PUT', body: { version: '^1' } });
      expect(right.status).toBe(201);
      const listed = body<readonly { package: string; origin: string }[]>(await api.request('/run/plugins'));
      expect(listed).toContainEqual(
        expect.objectContaining({ package: 'rvrrpd-plugin-nothing', origin: 'configuration' }),
      );
      await expectFileToSayTheSame(stage);
      expect((await api.request(`/config/plugins/${name}`, { method: 'DELETE' })).status).toBe(200);
      await sleep(1.2 * INTERVAL);
      expectUndisturbed(wire, begin - 1200, [1, 2]);
    }),
    240_000,
  );

  it.concurrent(
    'temporary changes and dry runs leave the file alone; a reload forgets the temporary ones',
    withApi(async (stage) => {
      const { api, wire, text, master } = stage;
      const before = text();
      const dry = await api.request(`${ROUTER_1}?dry_run=true`, { method: 'PATCH', body: { priority: 111 } });
      expect(dry.status).toBe(200);
      expect(body<object>(dry)).toMatchObject({ configuration: { priority: 111 }, dry_run: true });
      const other = await api.request('/config/vrouter?temporary=true', { method: 'POST', body: router(9) });
      expect(other.status).toBe(201);
      const changed = await api.request(`${ROUTER_1}?temporary=true`, {
        method: 'PATCH',
        body: { priority: 120 },
      });
      expect(changed.status).toBe(200);
      expect(text()).toBe(before);
      await wire.nextAdvert('the new priority', 0, ({ vrid, priority }) => vrid === 1 && priority === 120);
      // A change to stay, while temporary ones are in force, is no way for those into the file.
      const stay = await api.request('/config/vrouter/2/lan', { method: 'PATCH', body: { priority: 199 } });
      expect(stay.status).toBe(200);
      expect(text()).toBe(before.replace(/(group = 2\n(?:.*\n)*?)priority = 200/, '$1priority = 199'));
      const lost = await api.request('/config/vrouter/9/lan', { method: 'PATCH', body: { priority: 5 } });
      expect(lost.status).toBe(404); // it is not in the file
      await master.reload();
      const now = await eventually('the configuration from the file', 5000, async () => {
        const entries = body<readonly { group: number; priority: number }[]>(
          await api.request('/config/vrouter'),
        );
        return entries.length === 2 && entries;
      });
      expect(now.map(({ priority }) => priority)).toEqual([200, 199]);
    }),
    240_000,
  );

  it.concurrent(
    'what is wrong is refused with its reasons, and changes nothing',
    withApi(async (stage) => {
      const { api, wire, text, master, file, lab } = stage;
      const before = { text: text(), tag: await tag(stage), r1: await settledSnapshot(stage.r1) };
      const begin = Date.now();
      const attempts: [number, string, Parameters<typeof api.request>[1], RegExp][] = [
        [422, ROUTER_1, { method: 'PATCH', body: { priority: 300 } }, /priority.*1 to 254/],
        [422, ROUTER_1, { method: 'PATCH', body: { prioritaet: 3 } }, /did you mean|unknown directive/],
        [422, ROUTER_1, { method: 'PATCH', body: { auth_type: 'none-such' } }, /no plugin answers/],
        [422, '/config/vrouter', { method: 'POST', body: { group: 5, interface: 'lan' } }, /vip/],
        [422, '/config/global', { method: 'PATCH', body: { debug: 'much' } }, /debug.*0 to 5/],
        [422, '/config/protocols/static', { method: 'PUT', body: [{ route: 'x' }] }, /route/],
        [422, '/config/plugins/rvrrpd-plugin-none', { method: 'PUT', body: { version: '*' } }, /npm install/],
        [404, '/config/vrouter/77/lan', { method: 'PATCH', body: { priority: 3 } }, /77/],
        [
          400,
          ROUTER_1,
          { method: 'PATCH', headers: { 'content-type': 'application/json' }, body: '{' },
          /JSON/,
        ],
        [
          412,
          ROUTER_1,
          { method: 'PATCH', headers: { 'if-match': '"0"' }, body: { priority: 3 } },
          /changed/,
        ],
      ];
      for (const [status, where, request, reason] of attempts) {
        const answer = await api.request(where, request);
        expect([answer.status, answer.text], where).toEqual([status, expect.stringMatching(reason)]);
        expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/);
      }
      await api.logIn('carol', 'banana'); // read only
      const forbidden = await api.request(ROUTER_1, { method: 'PATCH', body: { priority: 3 } });
      expect(forbidden.status).toBe(403);
      api.headers = {};
      expect((await api.request(ROUTER_1, { method: 'PATCH', body: { priority: 3 } })).status).toBe(401);
      await api.logIn('admin', 'banana');

      // The file was edited, and not reloaded yet: what is in it must not be lost.
      writeFileSync(file, `${text()}\n# edited\n`);
      const conflict = await api.request(ROUTER_1, { method: 'PATCH', body: { priority: 3 } });
      expect(conflict.status).toBe(409);
      expect(conflict.text).toMatch(/was edited since it was loaded: reload it first/);
      expect(text()).toBe(`${before.text}\n# edited\n`);
      writeFileSync(file, before.text);
      // It cannot be written.
      const obstacle = path.join(lab.folder, `.${path.basename(file)}.rvrrpd-new`);
      mkdirSync(path.join(obstacle, 'x'), { recursive: true });
      const failed = await api.request(ROUTER_1, { method: 'PATCH', body: { priority: 3 } });
      expect([failed.status, failed.text]).toEqual([
        422,
        expect.stringMatching(/rvrrpd-new|EISDIR|ENOTEMPTY|EEXIST/),
      ]);
      rmdirSync(path.join(obstacle, 'x'));
      rmdirSync(obstacle);

      await sleep(1.3 * INTERVAL);
      expectUndisturbed(wire, begin - 1200, [1, 2]);
      expect({ text: text(), tag: await tag(stage), r1: await snapshot(stage.r1) }).toEqual(before);
      expect((await master.counters()).routers.map(({ counters }) => counters.leftMaster)).toEqual([0, 0]);
    }),
    240_000,
  );

  it.concurrent(
    'of many at once with the same ETag one is made, the others hear 412',
    withApi(async (stage) => {
      const { api, wire } = stage;
      const begin = Date.now();
      const headers = { 'if-match': await tag(stage) };
      const answers = await Promise.all(
        Array.from({ length: 8 }, (_, index) =>
          api.request(ROUTER_1, { method: 'PATCH', headers, body: { priority: 201 + index } }),
        ),
      );
      const won = answers.filter(({ status }) => status === 200);
      expect(won).toHaveLength(1);
      expect(answers.filter(({ status }) => status === 412)).toHaveLength(7);
      const { priority } = body<{ configuration: { priority: number } }>(won[0]!).configuration;
      expect(stage.text()).toContain(`priority = ${priority}\n`);
      // Without it, all are made, one after the other.
      const all = await Promise.all(
        [161, 162, 163, 164].map((each) =>
          api.request(ROUTER_1, { method: 'PATCH', body: { priority: each } }),
        ),
      );
      expect(all.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
      await sleep(1.3 * INTERVAL);
      expectUndisturbed(wire, begin - 1200, [1, 2]);
      await expectFileToSayTheSame(stage);
    }),
    240_000,
  );

  it.concurrent(
    'whenever the daemon is killed, the old file or the new one is whole',
    withApi(
      async (stage) => {
        const { api, file, r1 } = stage;
        const texts = new Set<string>([stage.text()]);
        let daemon = stage.master;
        for (let round = 0; round < 6; round++) {
          const priority = 101 + round;
          const change = api
            .request(ROUTER_1, { method: 'PATCH', body: { priority } })
            .catch(() => undefined);
          await sleep(Math.random() * 300);
          await daemon.kill();
          await change;
          const now = readFileSync(file, 'utf8');
          expect(now.replace(/priority = \d+/, 'priority = 200')).toBe([...texts][0]);
          daemon = Rvrrpd.startWith(r1, file);
          await daemon.ready();
          await eventually('the API', 5000, async () => {
            await api.logIn('admin', 'banana');
            return true;
          });
        }
      },
      { backup: false, vrouters: [router(1)], tables: apiTable() },
    ),
    240_000,
  );
});
