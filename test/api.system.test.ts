import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { API_ADDRESS, type ApiStage, apiTable, USERS, withApi } from './lab/api-stage.ts';
import { makeCertificate } from './lab/certificate.ts';
import { HttpClient } from './lab/http.ts';
import { withLab } from './lab/lab.ts';
import { allMaster, expectUndisturbed, INTERVAL, router, verdict } from './lab/reloading.ts';
import { describeSystem } from './lab/requirements.ts';
import { Rvrrpd, writeConfiguration } from './lab/rvrrpd.ts';
import { R1_MAC, twoRouters } from './lab/two-routers.ts';
import { eventually, sleep } from './lab/wait.ts';

// The client API of the real daemon: what 0.1.3 answers, and what keeps going while it is reloaded.

/** The subject of the certificate that a TLS client of r1 is shown. */
async function subject({ r1 }: Pick<ApiStage, 'r1'>): Promise<string> {
  const command = `openssl s_client -connect ${API_ADDRESS} </dev/null 2>/dev/null | openssl x509 -noout -subject`;
  return (await r1.run('sh', '-c', command)).trim();
}

describeSystem('the client API', () => {
  it.concurrent('answers the two curl commands of the guide as the guide has it', () =>
    withLab(async (lab) => {
      const { r1, wire } = await twoRouters(lab);
      const { key, cert } = makeCertificate(lab.folder, 'guide');
      const common = {
        interface: 'lan',
        priority: 254,
        preemption: true,
        netdrv: 'libnl',
        iftype: 'macvlan',
      };
      const file = writeConfiguration(
        lab,
        r1,
        [
          { ...common, group: 1, vip: '10.100.100.1' },
          { ...common, group: 2, vip: '10.100.101.1' },
        ],
        {
          directives: { client_api: 'http' },
          tables: apiTable({ host: '0.0.0.0:7080', tls: true, tls_key: key, tls_cert: cert }),
        },
      );
      await r1.ip('addr add 10.0.0.1/8 dev lo');
      const daemon = Rvrrpd.startWith(r1, file);
      await allMaster(wire, [1, 2]);
      const jar = path.join(lab.folder, 'rvrrpd-api-cookie');
      const logIn = `curl -k -c ${jar} -d "user=admin passwd=banana" -X POST https://10.0.0.1:7080/auth`;
      await r1.run('sh', '-c', logIn);
      const ask = `curl -k -s -b ${jar} -X GET https://10.0.0.1:7080/run/vrrp`;
      await eventually('the addresses in place', 5000, async () =>
        (await r1.ip('link show')).includes('standby2'),
      );
      const entry = (ip: string, group: number) =>
        `{"virtual_ip":"${ip}","group":${group},"interface":"standby${group}","priority":254,"preempt":true,"state":"Master"}`;
      expect(await r1.run('sh', '-c', ask)).toBe(`[${entry('10.100.100.1', 1)},${entry('10.100.101.1', 2)}]`);
      // By both names, with and without a final slash.
      for (const where of ['2/lan', '2/standby2/']) {
        expect(await r1.run('sh', '-c', `${ask}/${where}`)).toBe(
          '{"virtual_ip":"10.100.101.1","group":2,"interface":"standby2","priority":254,"preempt":true,' +
            '"state":"Master","vif":"lan","auth_type":0,' +
            `"interface_hwaddress":"${R1_MAC.toUpperCase()}","advert_interval":1,` +
            '"masterdown_interval":3.0078125,"skew_time":0.0078125}',
        );
      }
      await daemon.stop();
    }));

  it.concurrent(
    'names the interface of a Master without a virtual one',
    withApi(
      async ({ api, master }) => {
        const { json } = await api.request('/run/vrrp/1/lan');
        expect(json).toMatchObject({ interface: 'lan', state: 'Master', auth_type: 250 });
        const global = (await api.request('/run/global')).json;
        expect(global).toMatchObject({ debug: 0, timezone: 0, timeformat: 0 });
        expect(Object.keys(global as object)).toEqual([
          'debug',
          'timestamp',
          'timezone',
          'timeformat',
          'pid',
          'working_dir',
          'main_log',
          'error_log',
        ]);
        const everything = [
          '/run/status',
          '/config/vrouter',
          '/config/global',
          '/config/plugins',
          '/metrics',
        ];
        for (const where of everything) {
          const answer = await api.request(where);
          expect(answer.status, where).toBe(200);
          expect(answer.text, where).not.toMatch(/geheimnis|4d366f21b361d47c/);
        }
        expect(master.running.output).not.toMatch(/geheimnis|banana/);
      },
      {
        backup: false,
        vrouters: [router(1, { auth_type: 'p0-t8-sha256', auth_secret: 'geheimnis' })],
      },
    ),
  );

  it.concurrent(
    'goes on over reloads: sessions, events, counters; the Master notices nothing',
    withApi(async (stage) => {
      const { api, r1, master, wire } = stage;
      const stream = r1.start('curl', [
        ...['-sN', '-H', `Authorization: ${api.headers.authorization}`],
        `http://${API_ADDRESS}/events`,
      ]);
      await stream.waitForOutput(/retry:/);
      const begin = Date.now();
      expect(verdict(await master.reload())).toMatch(/^reloaded: /);
      await stream.waitForOutput(/event: reload\n(?:id: \S+\n)?data: .*"ok":true/);
      writeFileSync(stage.file, stage.text().replace('priority = 200', 'priority = 300'));
      expect(verdict(await master.reload())).toMatch(/^not reloaded: /);
      await stream.waitForOutput(/event: reload\n(?:id: \S+\n)?data: .*"ok":false.*priority/);
      const status = (await api.request('/run/status')).json;
      expect(JSON.stringify(status)).toMatch(/"ok":false.*priority = 300/);
      writeFileSync(stage.file, stage.text().replace('priority = 300', 'priority = 200'));
      await sleep(1.2 * INTERVAL);
      expectUndisturbed(wire, begin - 1200, [1, 2]);
      // What happens on the wire arrives on the same stream, whichever generation it happens in.
      expect(verdict(await master.reload())).toMatch(/^reloaded: /);
      await api.request('/run/vrrp/2/lan/failover', { method: 'POST' });
      await stream.waitForOutput(/event: transition\n(?:id: \S+\n)?data: .*"to":"Backup"/);
      const idsOf = (text: string) => [...text.matchAll(/^event: .*\nid: (\S+)$/gm)].map(([, id]) => id);
      const ids = idsOf(stream.stdout);
      expect(ids.length).toBeGreaterThanOrEqual(4);
      await stream.stop('SIGKILL');
      // Resumed after the second event, the rest comes again.
      const resumed = r1.start('curl', [
        ...['-sN', '-H', `Authorization: ${api.headers.authorization}`, '-H', `Last-Event-ID: ${ids[1]}`],
        `http://${API_ADDRESS}/events`,
      ]);
      await resumed.waitForOutput(/event: transition/);
      expect(idsOf(resumed.stdout).slice(0, 2)).toEqual(ids.slice(2, 4));
    }),
    240_000,
  );

  it.concurrent(
    'a new certificate is taken into use without dropping a connection; a bad one calls the reload off',
    () =>
      withLab(async (lab) => {
        const good = makeCertificate(lab.folder, 'first');
        const tables = (certificate: typeof good) =>
          apiTable({ tls: true, tls_key: certificate.key, tls_cert: certificate.cert });
        const { r1, wire } = await twoRouters(lab);
        const write = (certificate: typeof good) =>
          writeConfiguration(lab, r1, [router(1)], { tables: tables(certificate) });
        const daemon = Rvrrpd.startWith(r1, write(good));
        await allMaster(wire, [1]);
        const api = new HttpClient(r1, `https://${API_ADDRESS}`);
        await eventually('a log-in', 5000, async () => {
          await api.logIn('admin', 'banana');
          return true;
        });
        expect(await subject({ r1 })).toMatch(/first/);
        const stream = r1.start('curl', [
          ...['-skN', '-H', `Authorization: ${api.headers.authorization}`],
          `https://${API_ADDRESS}/events`,
        ]);
        await stream.waitForOutput(/retry:/);

        write(makeCertificate(lab.folder, 'second'));
        expect(verdict(await daemon.reload())).toBe('reloaded: 1 Master');
        expect(await subject({ r1 })).toMatch(/second/);
        await stream.waitForOutput(/event: reload/);

        const third = makeCertificate(lab.folder, 'third');
        const broken: [typeof good, RegExp][] = [
          [{ key: good.key, cert: third.cert }, /first-key\.pem does not belong to .*third-cert\.pem/],
          [{ key: '/nonexistent/key.pem', cert: third.cert }, /\/nonexistent\/key\.pem/],
          [{ key: third.key, cert: third.key }, /third-key\.pem/],
          [makeCertificate(lab.folder, 'old', true), /old-cert\.pem.*expired/],
        ];
        for (const [certificate, complaint] of broken) {
          write(certificate);
          expect(verdict(await daemon.reload())).toMatch(complaint);
          expect(await subject({ r1 })).toMatch(/second/);
        }
        expect((await api.request('/run/vrrp')).status).toBe(200);
        expect(stream.exit).toBeUndefined();
        expect((await daemon.stop()).code).toBe(0);
      }),
    240_000,
  );

  it.concurrent(
    'a secret keeps sessions over a restart; without one they end, as they do when revoked',
    () =>
      withLab(async (lab) => {
        const { r1 } = await twoRouters(lab);
        const run = async (tables: string, token?: string) => {
          const daemon = Rvrrpd.start(lab, r1, [router(1)], { tables });
          await daemon.ready();
          const api = new HttpClient(r1, `http://${API_ADDRESS}`);
          await eventually('the API', 5000, async () => (await api.request('/healthz')).status === 200);
          if (token === undefined) await api.logIn('carol', 'banana');
          else api.headers = { authorization: token };
          return { daemon, api, status: (await api.request('/run/vrrp')).status };
        };
        const secret = apiTable({ secret: 'a-long-and-random-string-0123456789' });
        const first = await run(secret);
        expect(first.status).toBe(200);
        const token = first.api.headers.authorization!;
        await first.daemon.stop();
        const second = await run(secret, token);
        expect(second.status).toBe(200);
        expect((await second.api.request('/auth', { method: 'DELETE' })).status).toBe(204);
        expect((await second.api.request('/run/vrrp')).status).toBe(401);
        await second.daemon.kill();
        const third = await run(secret, token);
        expect(third.status).toBe(401);
        // Another password for the user is the end of all that the old one has opened.
        await third.api.logIn('carol', 'banana');
        const changed = USERS.map((line) => line.replace('4d366f21b361d47c', '4d366f21b361d47d'));
        writeConfiguration(lab, r1, [router(1)], {
          tables: apiTable({ secret: 'a-long-and-random-string-0123456789', users: changed }),
        });
        await third.daemon.reload();
        expect((await third.api.request('/run/vrrp')).status).toBe(401);
        await third.daemon.stop();

        const random = await run(apiTable());
        const { authorization } = random.api.headers;
        await random.daemon.reload();
        expect((await random.api.request('/run/vrrp')).status).toBe(200);
        await random.daemon.stop();
        expect((await run(apiTable(), authorization)).status).toBe(401);
      }),
    240_000,
  );

  it.concurrent(
    'a port that somebody else has is no reason not to route',
    () =>
      withLab(async (lab) => {
        const { r1, wire } = await twoRouters(lab);
        const other = r1.start(process.execPath, [
          ...[
            '-e',
            "require('node:net').createServer().listen(7080, '127.0.0.1', () => console.log('there'))",
          ],
        ]);
        await other.waitForOutput(/there/);
        const daemon = Rvrrpd.start(lab, r1, [router(1)], { tables: apiTable() });
        await allMaster(wire, [1]);
        await daemon.running.waitForOutput(
          /cannot listen at 127\.0\.0\.1:7080 .*another process has this port/,
        );
        await other.stop('SIGKILL');
        const api = new HttpClient(r1, `http://${API_ADDRESS}`);
        await eventually('the API', 15_000, async () => (await api.request('/healthz')).status === 200);
        await daemon.stop();
      }),
    40_000,
  );
});
