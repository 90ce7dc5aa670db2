/** The driver against the kernel, in a network namespace; `ip` is the witness. Needs root. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { Bundle, carrier, Namespace } from '../../../test/actuator/lab.ts';

let bundle: Bundle;
let netns: Namespace;
let scripts = 0;

beforeAll(async () => {
  bundle = await Bundle.make();
});
afterAll(() => bundle?.takeDown());
beforeEach(() => {
  netns = new Namespace();
  netns.run('ip link add eth0 type veth peer name peer0; ip link set peer0 up; ip link set eth0 up');
  netns.run(carrier('eth0', 'peer0'));
});
afterEach(() => netns.takeDown());

/** Runs a script with a driver inside the namespace. @returns what it handed to `print` */
function inside(script: string): unknown {
  const file = path.join(bundle.folder, `script-${++scripts}.js`);
  const entry = bundle.plugin('netdrv', 'libnl').entry;
  writeFileSync(
    file,
    `import plugin from ${JSON.stringify(entry)};
     import { execSync } from 'node:child_process';
     const sh = (command) => execSync(command, { encoding: 'utf8' });
     const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
     const print = (value) => console.log(JSON.stringify(value));
     const driver = plugin.create({ name: 'libnl', options: {}, log: console.error });
     const address = (op, address, more) =>
       ({ op, interface: 'eth0', family: address.includes(':') ? 6 : 4, address, prefixLength: 32, ...more });
     ${script}
     driver.close();`,
  );
  const output = execFileSync('ip', ['netns', 'exec', netns.name, process.execPath, file], {
    encoding: 'utf8',
    maxBuffer: 64 << 20,
  });
  return JSON.parse(output.trim().split('\n').at(-1)!);
}

it('lists links and addresses as ip does', () => {
  netns.run(`ip addr add 192.0.2.1/24 dev eth0 label eth0:x; ip addr add 192.0.2.2/24 dev eth0
    ip -6 addr add 2001:db8::1/64 dev eth0 nodad; ip link add link eth0 name eth0.5 type macvlan mode bridge
    ip link set eth0.5 mtu 1400`);
  const links = inside('print(await driver.links());') as Record<string, unknown>[];
  const listed = JSON.parse(netns.run('ip -j -d addr')) as Record<string, unknown>[];
  expect(links).toHaveLength(listed.length);
  for (const theirs of listed) {
    const flags = theirs.flags as string[];
    const info = theirs.linkinfo as { info_kind?: string } | undefined;
    const ours = links.find(({ index }) => index === theirs.ifindex)!;
    expect(ours).toMatchObject({
      name: theirs.ifname,
      mac: theirs.address,
      mtu: theirs.mtu,
      up: flags.includes('UP'),
      ethernet: theirs.link_type === 'ether',
      type: info?.info_kind ?? '',
    });
    const addresses = theirs.addr_info as Record<string, unknown>[];
    // Which may change between the two looks.
    const settled = (ours.addresses as { tentative?: boolean }[]).map(
      ({ tentative: _, ...address }) => address,
    );
    expect(settled).toEqual(
      addresses.map(({ family, local, prefixlen, label, secondary }) => ({
        family: family === 'inet6' ? 6 : 4,
        address: local,
        prefixLength: prefixlen,
        label: label ?? '',
        secondary: secondary === true,
      })),
    );
  }
  const eth0 = links.find(({ name }) => name === 'eth0')!;
  expect(links.find(({ name }) => name === 'eth0.5')).toMatchObject({ parent: eth0.index, running: false });
});

it('knows of IPv6 addresses whose duplicate address detection is not over', () => {
  const found = inside(`
    const look = async () => (await driver.links()).flatMap(({ addresses }) => addresses)
      .find(({ address }) => address === '2001:db8::77');
    sh('ip -6 addr add 2001:db8::77/64 dev eth0');
    const first = await look();
    for (let i = 0; i < 100 && (await look()).tentative; i++) await pause(100);
    print([first.tentative, (await look()).tentative ?? false]);`);
  expect(found).toEqual([true, false]);
});

it('adds IPv6 addresses that are there at once, and are no source of the host’s own packets', () => {
  const [refused] = inside(`print(await driver.apply([
    { op: 'add-address', interface: 'eth0', family: 6, address: '2001:db8::88', prefixLength: 64 }]));`) as unknown[];
  expect(refused).toBeNull();
  const [{ addr_info }] = JSON.parse(netns.run('ip -j -6 addr show dev eth0 to 2001:db8::88')) as [
    { addr_info: unknown[] },
  ];
  expect(addr_info[0]).toMatchObject({
    nodad: true,
    deprecated: true,
    preferred_life_time: 0,
    valid_life_time: 4294967295,
    prefixlen: 64,
  });
});

it('applies changes in order, and says why the kernel refuses one', () => {
  const results = inside(`print(await driver.apply([
    { op: 'add-link', type: 'macvlan', interface: 'vif7', parent: 'eth0', mac: '00:00:5e:00:01:07' },
    { op: 'set-up', interface: 'vif7', up: true },
    { ...address('add-address', '192.0.2.1'), interface: 'vif7' },
    address('add-address', '192.0.2.10', { prefixLength: 24, label: 'eth0:7b' }),
    address('add-address', '192.0.2.10', { prefixLength: 24 }),
    address('add-address', '2001:db8::1', { prefixLength: 128 }),
    { op: 'add-route', family: 4, destination: '0.0.0.0', prefixLength: 0, gateway: '192.0.2.20', metric: 5, mtu: 1400 },
    { op: 'add-route', family: 4, destination: '0.0.0.0', prefixLength: 0, gateway: '192.0.2.21', metric: 5 },
    { op: 'add-route', family: 4, destination: '10.0.0.0', prefixLength: 8, gateway: '10.9.9.9' },
    { op: 'set-mac', interface: 'eth0', mac: '00:00:5e:00:01:09' },
    { op: 'set-up', interface: 'nothing', up: true },
    address('add-address', 'nonsense'),
    address('remove-address', '203.0.113.1'),
  ]));`) as ({ errno: string; message: string } | null)[];
  expect(results.map((refusal) => refusal?.errno ?? null)).toEqual([
    ...[null, null, null, null, 'EEXIST', null, null, 'EEXIST', 'ENETUNREACH', null, 'ENODEV', 'EINVAL'],
    'EADDRNOTAVAIL',
  ]);
  expect(results[4]?.message).toMatch(/^RTM_NEWADDR 192\.0\.2\.10\/24 dev eth0: EEXIST/);
  expect(netns.run('ip -d link show dev vif7')).toMatch(/macvlan mode bridge/);
  expect(netns.run('ip -br link show dev vif7')).toMatch(/UP +00:00:5e:00:01:07/);
  expect(netns.addresses('vif7')).toContain('192.0.2.1/32 vif7');
  expect(netns.addresses('eth0')).toContain('192.0.2.10/24 eth0:7b');
  expect(netns.run('ip -6 addr show dev eth0 scope global')).toMatch(/2001:db8::1\/128 scope global nodad/);
  expect(netns.run('ip route show default')).toBe('default via 192.0.2.20 dev eth0 metric 5 mtu 1400 \n');
  expect(netns.run('cat /sys/class/net/eth0/address')).toBe('00:00:5e:00:01:09\n');
});

it('takes everything back', () => {
  const before = netns.run('ip -br addr; ip -br link; ip route');
  const results = inside(`
    const changes = (add) => [
      { op: add + '-link', type: 'macvlan', interface: 'vif1', parent: 'eth0', mac: '00:00:5e:00:01:01' },
      { op: add + '-link', type: 'macvlan', interface: 'vif2', parent: 'eth0', mac: '00:00:5e:00:01:02' },
      { op: add + '-link', type: 'macvlan', interface: 'vif3', parent: 'eth0', mac: '00:00:5e:00:01:03' },
      address(add + '-address', '192.0.2.10', { prefixLength: 24, label: 'eth0:1' }),
      { op: add + '-route', family: 4, destination: '10.0.0.0', prefixLength: 8, gateway: '192.0.2.20' },
    ];
    const added = await driver.apply(changes('add'));
    const back = changes('remove').reverse();
    back.splice(3, 0, { ...back[4], interface: 'vif9' }); // one that is not there, among those that are
    print([added, await driver.apply(back), await driver.apply(back)]);`) as ({ errno: string } | null)[][];
  expect(results.map((list) => list.map((refusal) => refusal?.errno ?? null))).toEqual([
    [null, null, null, null, null],
    [null, null, null, 'ENODEV', null, null],
    ['ESRCH', 'EADDRNOTAVAIL', 'ENODEV', 'ENODEV', 'ENODEV', 'ENODEV'],
  ]);
  expect(netns.run('ip -br addr; ip -br link; ip route')).toBe(before);
});

it('removes only the links that it was told to', () => {
  netns.run('ip link add other link eth0 type macvlan mode bridge; ip link set peer0 group 7');
  inside(`
    const links = [1, 2, 3].map((n) =>
      ({ op: 'add-link', type: 'macvlan', interface: 'vif' + n, parent: 'eth0', mac: '00:00:5e:00:01:0' + n }));
    await driver.apply(links);
    print(await driver.apply(links.map((link) => ({ ...link, op: 'remove-link' }))));`);
  const names = (JSON.parse(netns.run('ip -j link')) as { ifname: string }[]).map(({ ifname }) => ifname);
  expect(names.sort()).toEqual(['eth0', 'lo', 'other', 'peer0']);
});

it('tells of changes, whoever makes them', () => {
  const news = inside(`
    const news = [];
    driver.watch((list) => news.push(...list));
    await driver.apply([address('add-address', '192.0.2.10', { prefixLength: 24 })]);
    sh('ip route add 10.0.0.0/8 via 192.0.2.20; ip route add 11.0.0.0/8 via 192.0.2.20 proto bird');
    sh('ip -6 addr add 2001:db8::1/64 dev eth0; ip link set eth0 down; ip link add eth7 type veth; ip link del eth7');
    await pause(100);
    print(news);`) as Record<string, unknown>[];
  const index = Number(netns.run('cat /sys/class/net/eth0/ifindex'));
  expect(news).toContainEqual({ type: 'address', index, address: '192.0.2.10', gone: false });
  expect(news).toContainEqual({ type: 'address', index, address: '2001:db8::1', gone: false });
  expect(news).toContainEqual({ type: 'link', index, name: 'eth0', gone: false });
  expect(news).toContainEqual(expect.objectContaining({ type: 'link', name: 'eth7', gone: true }));
  // Routes of routing daemons and of addresses are nobody's business here.
  expect(news.filter(({ type }) => type === 'route')).toEqual([{ type: 'route', gone: false }]);
});

it('says so when news were lost, and tells what comes after', () => {
  const [lost, afterwards] = inside(`
    const news = [];
    driver.watch((list) => news.push(...list));
    // The loop does not turn while these happen, so nobody takes the news: 4 MiB are not enough.
    const many = Array.from({ length: 4000 }, (_, i) => address('add-address', '10.0.' + (i >> 8) + '.' + (i & 255)));
    for (let i = 0; i < 6; i++) {
      // In pieces, each of which is small enough to be listened to.
      for (let from = 0; from < many.length; from += 500) await driver.apply(many.slice(from, from + 500));
      const back = many.map((change) => ({ ...change, op: 'remove-address' }));
      for (let from = 0; from < back.length; from += 500) await driver.apply(back.slice(from, from + 500));
    }
    await pause(200);
    const lost = news.splice(0).filter(({ type }) => type === 'overrun');
    sh('ip addr add 192.0.2.99/32 dev eth0');
    for (let i = 0; i < 200 && news.length === 0; i++) await pause(50);
    print([lost, news]);`) as [unknown[], unknown[]];
  expect(lost).toContainEqual({ type: 'overrun' });
  // It is not deaf from then on.
  expect(afterwards).toContainEqual(expect.objectContaining({ type: 'address', address: '192.0.2.99' }));
});

it('is not told thousands of news that nobody reads meanwhile, which would slow the kernel down, and says so', () => {
  // Half a full buffer makes whoever changes something yield the processor at every change (netlink_broadcast).
  const [waiting, meanwhile, afterwards] = inside(`
    import { readFileSync } from 'node:fs';
    const links = Array.from({ length: 400 }, (_, n) => ({ op: 'add-link', type: 'macvlan', interface: 'v' + n,
      parent: 'eth0', mac: '02:00:00:00:' + (n >> 8).toString(16).padStart(2, '0') + ':' +
      (n & 255).toString(16).padStart(2, '0') }));
    await driver.apply(links);
    await driver.apply(links.map(({ interface: name }) => ({ op: 'set-up', interface: name, up: true })));
    const news = [];
    driver.watch((list) => news.push(...list));
    await pause(100);
    news.length = 0;
    const refusals = await driver.apply(links.map((link) => ({ ...link, op: 'remove-link' })));
    if (refusals.some((refusal) => refusal !== null)) throw new Error(JSON.stringify(refusals));
    // Column Rmem of the sockets: nobody has read any news yet.
    const rows = readFileSync('/proc/self/net/netlink', 'utf8').trim().split('\\n').slice(1);
    const waiting = Math.max(...rows.map((row) => Number(row.trim().split(/ +/)[4])));
    await pause(100);
    const meanwhile = news.splice(0);
    sh('ip addr add 192.0.2.10/24 dev eth0');
    await pause(100);
    print([waiting, meanwhile, news]);`) as [number, { type: string }[], { type: string }[]];
  expect(waiting).toBeLessThan(1 << 20); // of 8
  expect(meanwhile).toContainEqual({ type: 'overrun' });
  expect(afterwards).toContainEqual(expect.objectContaining({ type: 'address', address: '192.0.2.10' }));
});

it('adds 4,000 addresses on 16 interfaces within a second', () => {
  for (let i = 0; i < 16; i++) netns.run(`ip link add v${i} type veth peer name w${i}; ip link set v${i} up`);
  const [took, failed] = inside(`
    const many = Array.from({ length: 4000 }, (_, i) =>
      address('add-address', '10.' + (i % 16) + '.1.' + (1 + (i >> 4)), { interface: 'v' + (i % 16), label: 'v' + (i % 16) + ':1' }));
    const start = performance.now();
    const results = await driver.apply(many);
    print([performance.now() - start, results.filter((refusal) => refusal !== null).length]);`) as [
    number,
    number,
  ];
  expect(failed).toBe(0);
  expect(netns.run('ip -4 -br addr').match(/10\.\d+\.1\.\d+\/32/g)).toHaveLength(4000);
  expect(took).toBeLessThan(10_000);
});

it('opens nothing that a child process would inherit', () => {
  const flags = inside(`
    driver.watch(() => {});
    print(sh('for f in /proc/' + process.pid + '/fd/*; do case $(readlink $f) in socket:*) ' +
      'grep ^flags /proc/' + process.pid + '/fdinfo/$(basename $f);; esac; done')
      .trim().split('\\n').map((line) => parseInt(line.split(':')[1], 8)));`) as number[];
  expect(flags.length).toBeGreaterThanOrEqual(3);
  for (const flag of flags) expect(flag & 0o2000000).not.toBe(0);
});

it('outlives workers that end while it watches', () => {
  const entry = JSON.stringify(bundle.plugin('netdrv', 'libnl').entry);
  const ended = inside(`
    import { Worker } from 'node:worker_threads';
    driver.watch(() => {});
    let ended = 0;
    const code = "import('" + ${entry} + "').then(({ default: plugin }) => {" +
      "const driver = plugin.create({}); driver.watch(() => {}); require('worker_threads').parentPort.postMessage(1); })";
    for (let i = 0; i < 10; i++) {
      const workers = [0, 1, 2].map(() => new Worker(code, { eval: true }));
      await Promise.all(workers.map((worker) => new Promise((resolve) => worker.once('message', resolve))));
      const gone = workers.map((worker) => worker.terminate());
      for (let n = 0; n < 20; n++) { // news while they go
        await driver.apply([address('add-address', '192.0.2.10'), address('remove-address', '192.0.2.10')]);
      }
      await Promise.all(gone);
      ended += workers.length;
    }
    print(ended);`);
  expect(ended).toBe(30);
});

it('says which library is missing, and what to do', () => {
  const entry = bundle.plugin('netdrv', 'libnl').entry;
  const library = execFileSync('sh', ['-c', "ldconfig -p | sed -n 's/.*libnl-route-3.so.200.* => //p'"], {
    encoding: 'utf8',
  }).trim();
  // In a mount namespace of its own, where nobody may read it: the loader does not find one to use.
  const script = `import(${JSON.stringify(entry)}).then(({ default: plugin }) => {
    try { plugin.create({}); } catch (error) { console.log(error.message); } })`;
  const output = execFileSync(
    'unshare',
    ['-m', 'sh', '-ec', 'mount --bind /dev/null "$0"; exec "$1" -e "$2"', library, process.execPath, script],
    { encoding: 'utf8' },
  );
  expect(output).toMatch(
    /install the Debian packages libnl-3-200 and libnl-route-3-200 .*, or configure another network driver/,
  );
});

it('does nothing to another interface that has the name by now', () => {
  const before = netns.run('ip -br addr; ip -br link');
  const results = inside(`
    const { index } = (await driver.links()).find(({ name }) => name === 'eth0');
    const changes = (number) => [
      address('add-address', '192.0.2.77', { label: 'eth0:7', index: number }),
      { op: 'set-mac', interface: 'eth0', mac: '00:00:5e:00:01:07', index: number },
      { op: 'set-up', interface: 'eth0', up: false, index: number },
      address('remove-address', '192.0.2.77', { index: number }),
    ];
    const errnos = async (changes) => (await driver.apply(changes)).map((refusal) => refusal && refusal.errno);
    print([await errnos(changes(index + 1000)), await errnos(changes(index).slice(0, 1)), await errnos(changes(index).slice(3))]);`);
  expect(results).toEqual([['ENODEV', 'ENODEV', 'ENODEV', 'ENODEV'], [null], [null]]);
  expect(netns.run('ip -br addr; ip -br link')).toBe(before);
});
