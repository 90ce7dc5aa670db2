/** Trackers that ask others: TCP, HTTP, echo requests. The others are `far` (far-main.ts), at the end of `lan`. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { createServer, type Server } from 'node:net';
import path from 'node:path';
import { trackCompliance } from '../../core/plugin/compliance/track.ts';
import { find, loadTracker, make, manifestOf, plugged, sh, type Tests } from './stage.ts';

/** Addresses of `far`. */
export const FAR = '10.7.0.2';
export const FAR6 = 'fd00:7::2';
/** Our own. */
export const OWN = '10.7.0.1';
export const OWN6 = 'fd00:7::1';
/** Nobody has it, but `lan` is told who: what is sent there vanishes. */
const NOBODY = '10.7.0.99';

/** What listens. */
type Listening = Pick<Server, 'close'> & { closeAllConnections?(): void };

/** Somebody who listens, or not. */
class Door {
  private server: Listening | undefined;

  constructor(private readonly open: (ready: () => void) => Listening) {}

  up(): Promise<void> {
    if (this.server) return Promise.resolve();
    return new Promise((resolve) => {
      this.server = this.open(resolve);
    });
  }

  down(): Promise<void> {
    const { server } = this;
    this.server = undefined;
    return new Promise((resolve) => {
      if (!server) return resolve();
      server.closeAllConnections?.();
      server.close(() => resolve());
    });
  }
}

function blackHole(): void {
  sh(`ip neigh replace ${NOBODY} lladdr 02:00:00:00:00:99 nud permanent dev lan`);
}

/** Where they begin: the same for all three. */
function fromTests(
  test: Tests['add'],
  name: string,
  plugin: Awaited<ReturnType<typeof loadTracker>>,
  to: (host: string) => object,
): void {
  const looks = async (host: string, more: object, timeout = 3000) => {
    const { up, words } = await find(plugin, { ...to(host), ...more }, timeout);
    return `${up} ${words}`;
  };
  test(`${name}: both families, through an interface, from an address`, async () => {
    for (const [host, source] of [
      [FAR, OWN],
      [FAR6, OWN6],
    ] as const) {
      for (const more of [{}, { interface: 'lan' }, { source }, { interface: 'lan', source }])
        assert.match(await looks(host, more), /^true /, `${host} ${JSON.stringify(more)}`);
    }
  });
  test(`${name}: an interface that leads elsewhere, one that is not there, an address that nobody has`, async () => {
    assert.match(await looks(FAR, { interface: 'dum9' }, 500), /^false /);
    assert.equal(await looks(FAR, { interface: 'eth9' }), 'false there is no interface eth9');
    assert.equal(await looks(FAR, { source: '10.7.0.77' }), 'false no interface has address 10.7.0.77');
    assert.equal(
      await looks(FAR6, { source: 'fd00:7::77', interface: 'lan' }),
      'false lan has no address fd00:7::77',
    );
    assert.match(await looks('192.0.2.9', {}), /^false .*no route/);
    sh('ip route add unreachable 192.0.2.0/24');
    assert.match(await looks('192.0.2.9', {}), /^false .*(host unreachable|no route)/);
    sh('ip route del unreachable 192.0.2.0/24');
  });
  test(`${name}: names, and those that are unknown`, async () => {
    assert.match(await looks('localhost', {}), /^true /);
    assert.match(await looks('nobody.invalid', {}, 500), /^false .*(no address|no answer)/);
  });
}

/** `tcp`. */
export async function tcpStage({ add: test }: Tests): Promise<void> {
  const plugin = await loadTracker('tcp');
  blackHole();
  sh(`${plugged('dum9')} ip addr add 10.99.0.1/24 dev dum9`);
  const door = new Door((ready) =>
    createServer((socket) => socket.on('error', () => {})).listen(8080, '::', ready),
  );
  trackCompliance({
    test,
    plugin,
    manifest: manifestOf('tcp'),
    settings: { host: '127.0.0.1', port: 8080 },
    up: () => door.up(),
    down: () => door.down(),
    hanging: { host: NOBODY, port: 8080 },
    right: [
      { host: 'fe80::1%eth0', port: 1 },
      { host: 'www.example.org', port: 443, family: 6, interface: 'eth0' },
    ],
    wrong: [
      { settings: { host: '10.0.0.1' }, contains: '' },
      { settings: { host: '10.0.0.1', port: 0 }, contains: '' },
      { settings: { host: '10.0.0', port: 80 }, contains: '10.0.0' },
      { settings: { host: '2001:db8:::1', port: 80 }, contains: '2001:db8:::1' },
      { settings: { host: '10.0.0.1', port: 80, family: 6 }, contains: 'family = 6' },
      { settings: { host: '10.0.0.1', port: 80, source: '::1' }, contains: '::1' },
      { settings: { host: '10.0.0.1', port: 80, source: 'here' }, contains: 'here' },
    ],
  });
  fromTests(test, 'tcp', plugin, (host) => ({ host, port: 8080 }));
  test('says in words what is wrong', async () => {
    await door.down();
    assert.deepEqual(await find(plugin, { host: '127.0.0.1', port: 8080 }), {
      up: false,
      words: '127.0.0.1:8080: connection refused',
    });
    assert.deepEqual(await find(plugin, { host: NOBODY, port: 80 }, 300), {
      up: false,
      words: `${NOBODY}:80: no answer within 270 ms`,
    });
    await door.up();
    assert.match(
      (await find(plugin, { host: '::1', port: 8080 })).words,
      /^\[::1\]:8080: connected in [\d.]+ ms$/,
    );
  });
  test('leaves no connection open, and no port in TIME_WAIT', async () => {
    for (let count = 0; count < 20; count++) await find(plugin, { host: '127.0.0.1', port: 8080 });
    assert.equal(sh("ss -Htan 'dport = 8080' | wc -l").trim(), '0');
    await door.down();
  });
}

/** `http`. */
export async function httpStage({ add: test }: Tests): Promise<void> {
  const plugin = await loadTracker('http');
  blackHole();
  sh(`${plugged('dum9')} ip addr add 10.99.0.1/24 dev dum9`);
  const folder = process.env.TRACK_FOLDER!;
  const seen: string[] = [];
  const answer: Parameters<typeof createHttpServer>[1] = (request, response) => {
    seen.push(
      `${request.method} ${request.url} ${request.headers.host} ${request.headers.authorization ?? ''}`.trim(),
    );
    const [, status = '200', what] = (request.url ?? '').split('/');
    if (what === 'never') return;
    response.statusCode = Number(status) || 200;
    if (what === 'trickle') {
      response.write('the service is re');
      setTimeout(() => response.end('ady'), 30);
    } else if (what === 'flood') {
      const write = () => {
        while (response.write('x'.repeat(65536)));
        response.once('drain', write);
      };
      write();
    } else response.end('the service is ready');
  };
  const door = new Door((ready) => createHttpServer(answer).listen(8080, '::', ready));
  const url = 'http://127.0.0.1:8080';
  trackCompliance({
    test,
    plugin,
    manifest: manifestOf('http'),
    settings: { url: `${url}/200` },
    up: () => door.up(),
    down: () => door.down(),
    hanging: { url: `${url}/200/never` },
    right: [{ url: 'https://[::1]/x?y', status: [200, 404], method: 'HEAD', verify: false }],
    wrong: [
      { settings: { url: 'ftp://x/' }, contains: '' },
      { settings: { url: 'http://' }, contains: 'http://' },
      { settings: { url: 'http://a:99999/' }, contains: '99999' },
      { settings: { url: 'http://a/', method: 'HEAD', text: 'x' }, contains: 'text' },
      { settings: { url: 'http://[::1]/', family: 4 }, contains: 'family = 4' },
      { settings: { url: 'http://10.0.0.1/', source: '::1' }, contains: '::1' },
      { settings: { url: 'http://a/', status: 42 }, contains: '' },
    ],
  });
  fromTests(test, 'http', plugin, (host) => ({
    url: `http://${host.includes(':') ? `[${host}]` : host}:8080/`,
  }));
  const looks = async (where: string, more: object = {}, timeout = 3000) => {
    const { up, words } = await find(plugin, { url: where, ...more }, timeout);
    return `${up} ${words}`;
  };
  test('status, text, method, Host and credentials', async () => {
    await door.up();
    assert.equal(await looks(`${url}/204`), `true ${url}/204: status 204`);
    assert.equal(await looks(`${url}/301`), `false ${url}/301: status 301`);
    assert.match(await looks(`${url}/503`), /^false .*status 503/);
    assert.match(await looks(`${url}/503`, { status: 503 }), /^true /);
    assert.match(await looks(`${url}/200`, { status: [201, 503] }), /^false /);
    assert.match(await looks(`${url}/200`, { text: 'ready' }), /^true /);
    assert.match(await looks(`${url}/200/trickle`, { text: 'is ready' }), /^true /);
    assert.match(await looks(`${url}/200`, { text: 'steady' }), /^false .*without "steady"/);
    assert.match(await looks(`${url}/200/flood`, { text: 'ready' }), /^false .*without "ready"/);
    assert.match(await looks(`${url}/200/never`, {}, 300), /^false .*no answer within 270 ms/);
    seen.length = 0;
    await looks('http://me:s%20t@127.0.0.1:8080/200?a=b', { host: 'www.example.org', method: 'HEAD' });
    assert.deepEqual(seen, [
      `HEAD /200?a=b www.example.org Basic ${Buffer.from('me:s t').toString('base64')}`,
    ]);
    await looks(`${url}/200`);
    assert.equal(seen[1], 'GET /200 127.0.0.1:8080');
  });
  test('TLS: certificates that hold and those that do not', async () => {
    const [key, cert] = [path.join(folder, 'key.pem'), path.join(folder, 'cert.pem')];
    sh(`openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=www.example.org -addext subjectAltName=DNS:www.example.org,IP:127.0.0.1 \
      -keyout ${key} -out ${cert} 2>/dev/null`);
    const tls = new Door((ready) =>
      createHttpsServer({ key: readFileSync(key), cert: readFileSync(cert) }, answer).listen(
        8443,
        '127.0.0.1',
        ready,
      ),
    );
    await tls.up();
    const where = 'https://127.0.0.1:8443/200';
    assert.equal(await looks(where), `false ${where}: its certificate is self-signed`);
    assert.match(await looks(where, { verify: false }), /^true /);
    assert.match(await looks(where, { ca: cert }), /^true /);
    assert.match(await looks(where, { ca: cert, host: 'www.example.org' }), /^true /);
    assert.equal(
      await looks(where, { ca: cert, host: 'www.example.net' }),
      `false ${where}: its certificate is for another name`,
    );
    assert.match(await looks(where, { ca: path.join(folder, 'none.pem') }), /^false .*is not there$/);
    assert.match(await looks('https://127.0.0.1:8080/200', { verify: false }), /^false /);
    await tls.down();
  });
  test('what speaks no HTTP', async () => {
    const odd = new Door((ready) =>
      createServer((socket) =>
        socket
          .on('error', () => {})
          .resume()
          .end('220 mail.example.org\r\n'),
      ).listen(8081, ready),
    );
    await odd.up();
    assert.match(await looks('http://127.0.0.1:8081/'), /^false .*its answer is no HTTP/);
    await odd.down();
    await door.down();
    writeFileSync(path.join(folder, 'done'), '');
  });
}

/** `ping`. */
export async function pingStage({ add: test }: Tests): Promise<void> {
  const plugin = await loadTracker('ping');
  blackHole();
  sh(`${plugged('dum9')} ip addr add 10.99.0.1/24 dev dum9`);
  trackCompliance({
    test,
    plugin,
    manifest: manifestOf('ping'),
    settings: { host: FAR },
    // What is sent to a wrong MAC address vanishes.
    up: () => void sh(`ip neigh del ${FAR} dev lan 2>/dev/null || true; ping -c1 -W5 ${FAR}`),
    down: () => void sh(`ip neigh replace ${FAR} lladdr 02:00:00:00:00:99 nud permanent dev lan`),
    hanging: { host: NOBODY, count: 5 },
    right: [
      { host: 'fe80::1%eth0', count: 10, loss: 50 },
      { host: 'www.example.org', family: 6 },
    ],
    wrong: [
      { settings: { host: '10.0.0' }, contains: '10.0.0' },
      { settings: { host: '10.0.0.1', family: 6 }, contains: 'family = 6' },
      { settings: { host: '10.0.0.1', source: '::1' }, contains: '::1' },
      { settings: { host: '10.0.0.1', count: 0 }, contains: '' },
      { settings: { host: '10.0.0.1', loss: 100 }, contains: '' },
    ],
  });
  fromTests(test, 'ping', plugin, (host) => ({ host }));
  for (const range of ['1 0', '0 2147483647']) {
    test(`ping sockets for groups ${range}: answers are told apart`, async () => {
      sh(
        `sysctl -qw net.ipv4.ping_group_range="${range}"; ip neigh del ${FAR} dev lan 2>/dev/null || true; ping -c1 -W5 ${FAR}`,
      );
      const many = [FAR, FAR6, NOBODY, '127.0.0.1', '::1'].flatMap((host) => Array<string>(8).fill(host));
      const found = await Promise.all(many.map((host) => find(plugin, { host, size: 1400 }, 3000)));
      assert.deepEqual(
        found.map(({ up }) => up),
        many.map((host) => host !== NOBODY),
      );
    });
  }
  test('several requests, of which some may be lost', async () => {
    const { up, words } = await find(plugin, { host: FAR, count: 4, loss: 25 }, 3000);
    assert.equal(up, true, words);
    assert.match(words, /^10\.7\.0\.2 answers: 3 of [34] requests, [\d.]+ ms$/);
    const lost = await find(plugin, { host: NOBODY, count: 4, loss: 75 }, 500);
    assert.deepEqual(lost, { up: false, words: `no answer from ${NOBODY}` });
  });
  test('a link-local address, with its zone or with the interface', async () => {
    const local = /fe80:[0-9a-f:]+/.exec(readFileSync(process.env.TRACK_FAR_LOCAL!, 'utf8'))![0];
    assert.equal((await find(plugin, { host: `${local}%lan` }, 3000)).up, true);
    assert.equal((await find(plugin, { host: local, interface: 'lan' }, 3000)).up, true);
    const lost = await find(plugin, { host: `${local}%eth9` }, 500);
    assert.equal(lost.up, false);
  });
  test('a host that is not there: what the network says is heard', async () => {
    const tracker = make(plugin, { host: '10.7.0.55' }, 20_000);
    const { up, words } = await tracker.check(new AbortController().signal);
    assert.deepEqual({ up, words }, { up: false, words: '10.7.0.55: host unreachable' });
  });
}
