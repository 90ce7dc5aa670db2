/** What is peculiar to this driver, in a network namespace; `ip` is the witness. Needs root. */
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
function inside(script: string, enter = ['ip', 'netns', 'exec', netns.name]): unknown {
  const file = path.join(bundle.folder, `script-${++scripts}.js`);
  writeFileSync(
    file,
    `import plugin from ${JSON.stringify(bundle.plugin('netdrv', 'ioctl').entry)};
     import { execSync } from 'node:child_process';
     const sh = (command) => execSync(command, { encoding: 'utf8' });
     const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
     const print = (value) => console.log(JSON.stringify(value));
     const driver = plugin.create({ name: 'ioctl', options: {}, log: console.error });
     const address = (op, address, more) =>
       ({ op, interface: 'eth0', family: 4, address, prefixLength: 32, ...more });
     const route = (op, more) =>
       ({ op, family: 4, destination: '0.0.0.0', prefixLength: 0, gateway: '192.0.2.20', ...more });
     const errnos = async (...changes) => (await driver.apply(changes)).map((refusal) => refusal && refusal.errno);
     ${script}
     driver.close();`,
  );
  const output = execFileSync(enter[0]!, [...enter.slice(1), process.execPath, file], { encoding: 'utf8' });
  return JSON.parse(output.trim().split('\n').at(-1)!);
}

it('replaces no address that has the label already: another label is chosen', () => {
  netns.run('ip addr add 192.0.2.1/24 dev eth0 label eth0:7');
  expect(inside(`print(await errnos(address('add-address', '192.0.2.2', { label: 'eth0:7' })));`)).toEqual([
    null,
  ]);
  expect(netns.addresses('eth0').filter((line) => line.startsWith('192'))).toEqual([
    '192.0.2.1/24 eth0:7',
    '192.0.2.2/32 eth0:000',
  ]);
});

it('removes no address that shares its label with others, as it could be the wrong one', () => {
  netns.run(`ip addr add 192.0.2.1/24 dev eth0; ip addr add 192.0.2.2/32 dev eth0
    ip addr add 192.0.2.3/32 dev eth0 label eth0:7; ip addr add 192.0.2.4/32 dev eth0 label eth0:7`);
  const before = netns.addresses('eth0');
  expect(
    inside(
      `print(await errnos(address('remove-address', '192.0.2.2'), address('remove-address', '192.0.2.4')));`,
    ),
  ).toEqual(['EBUSY', 'EBUSY']);
  expect(netns.addresses('eth0')).toEqual(before);
});

it('tells interfaces apart whose names begin alike', () => {
  netns.run(`ip link add eth01 type veth peer name peer01; ip addr add 192.0.2.1/32 dev eth01
    ip addr add 192.0.2.2/32 dev eth01 label eth01x`);
  expect(
    inside(`print(await errnos(address('add-address', '192.0.2.1', { label: 'eth0:1' }),
      address('add-address', '192.0.2.1', { label: 'eth0:2' }),
      address('remove-address', '192.0.2.1'), address('remove-address', '192.0.2.1')));`),
  ).toEqual([null, 'EEXIST', null, 'EADDRNOTAVAIL']);
  const links = inside('print(await driver.links());') as { name: string; addresses: unknown[] }[];
  expect(links.find(({ name }) => name === 'eth01')!.addresses).toHaveLength(2);
  expect(netns.addresses('eth01')).toHaveLength(2);
});

it('has no room on interfaces with the longest names, and says so', () => {
  netns.run('ip link set eth0 down; ip link set eth0 name enx001122334455; ip link set enx001122334455 up');
  const [refusal] = inside(
    `print(await driver.apply([address('add-address', '192.0.2.1', { interface: 'enx001122334455' })]));`,
  ) as { message: string }[];
  expect(refusal!.message).toMatch(/no alias label is free .* room for "enx001122334455:": EOPNOTSUPP$/);
});

it('says of macvlan links, IPv6 and MTUs of routes why not', () => {
  netns.run('ip addr add 192.0.2.10/24 dev eth0');
  const refusals = inside(`print(await driver.apply([
    { op: 'add-link', type: 'macvlan', interface: 'vif7', parent: 'eth0', mac: '00:00:5e:00:01:07' },
    { ...address('add-address', '2001:db8::1'), family: 6, prefixLength: 128 },
    route('add-route', { mtu: 1400 }),
  ]));`) as { errno: string; message: string }[];
  expect(refusals.map(({ errno }) => errno)).toEqual(['EOPNOTSUPP', 'EAFNOSUPPORT', 'EOPNOTSUPP']);
  expect(refusals[0]!.message).toContain('no ioctl makes or removes such links');
  expect(refusals[2]!.message).toContain('cannot have an MTU');
});

it('tells of its routes that somebody takes away', () => {
  const news = inside(`
    sh('ip addr add 192.0.2.10/24 dev eth0; ip route add 198.51.100.0/24 via 192.0.2.20 proto static');
    const news = [];
    driver.watch((list) => news.push(...list.filter(({ type }) => type === 'route')));
    print(await errnos(route('add-route', { metric: 7 }), route('add-route', { destination: '198.51.100.0', prefixLength: 24 })));
    await pause(700);
    const before = news.splice(0);
    sh('ip route del default; ip route add 203.0.113.0/24 via 192.0.2.20; ip route del 198.51.100.0/24');
    await pause(700);
    print([before, news]);`);
  expect(news).toEqual([
    [
      { type: 'route', gone: false },
      { type: 'route', gone: false },
    ],
    [
      { type: 'route', gone: true },
      { type: 'route', gone: true },
    ],
  ]);
});

it('looks at thousands of addresses without getting busy', () => {
  const share = inside(`
    for (let i = 0; i < 16; i++) sh('ip link add v' + i + ' type veth peer name w' + i);
    await driver.apply(Array.from({ length: 4000 }, (_, i) =>
      address('add-address', '10.' + (i % 16) + '.1.' + (1 + (i >> 4)), { interface: 'v' + (i % 16), label: 'v' + (i % 16) + ':' + (i >> 4) })));
    driver.watch(() => {});
    await pause(600);
    const before = process.cpuUsage();
    await pause(4000);
    const { user, system } = process.cpuUsage(before);
    print((user + system) / 4e6);`) as number;
  console.log(`share of a processor with 4,000 addresses and 35 links: ${share}`);
  // As a rule 0.03; a machine that does much else makes the same work longer.
  expect(share).toBeLessThan(0.3);
});

it('does not believe a /sys of another network namespace', () => {
  netns.run('ip link add vif7 link eth0 type macvlan mode bridge; ip link set vif7 up');
  const script = `print((await driver.links()).filter(({ name }) => name === 'vif7'));`;
  const [right] = inside(script) as { parent: number; type: string }[];
  expect(right).toMatchObject({
    type: 'macvlan',
    parent: Number(netns.run('cat /sys/class/net/eth0/ifindex')),
  });
  const enter = ['nsenter', `--net=/run/netns/${netns.name}`];
  expect(inside(script, enter)).toEqual([{ ...right, parent: 0 }]);
});

it('opens nothing that a child process would inherit', () => {
  const flags = inside(`
    driver.watch(() => {});
    print(sh('for f in /proc/' + process.pid + '/fd/*; do case $(readlink $f) in socket:*) ' +
      'grep ^flags /proc/' + process.pid + '/fdinfo/$(basename $f);; esac; done')
      .trim().split('\\n').map((line) => parseInt(line.split(':')[1], 8)));`) as number[];
  expect(flags.length).toBeGreaterThanOrEqual(1);
  for (const flag of flags) expect(flag & 0o2000000).not.toBe(0);
});

it('outlives workers that end while it watches, and gives back every descriptor', () => {
  const entry = JSON.stringify(bundle.plugin('netdrv', 'ioctl').entry);
  const [ended, before, after] = inside(`
    import { Worker } from 'node:worker_threads';
    import { readdirSync } from 'node:fs';
    driver.watch(() => {});
    const code = "import('" + ${entry} + "').then(({ default: plugin }) => {" +
      "const driver = plugin.create({}); driver.watch(() => {}); require('worker_threads').parentPort.postMessage(1); })";
    const round = async () => {
      const workers = [0, 1, 2].map(() => new Worker(code, { eval: true }));
      await Promise.all(workers.map((worker) => new Promise((resolve) => worker.once('message', resolve))));
      await Promise.all(workers.map((worker) => worker.terminate()));
      return workers.length;
    };
    await round();
    const before = readdirSync('/proc/self/fd').length;
    let ended = 0;
    for (let i = 0; i < 10; i++) ended += await round();
    print([ended, before, readdirSync('/proc/self/fd').length]);`) as number[];
  expect(ended).toBe(30);
  expect(after).toBe(before);
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
    print([await errnos(...changes(index + 1000)), await errnos(...changes(index).slice(0, 1)), await errnos(...changes(index).slice(3))]);`);
  expect(results).toEqual([['ENODEV', 'ENODEV', 'ENODEV', 'ENODEV'], [null], [null]]);
  expect(netns.run('ip -br addr; ip -br link')).toBe(before);
});
