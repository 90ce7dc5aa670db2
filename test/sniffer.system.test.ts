import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { type Dissection, dissect, verdictOf } from './lab/dissect.ts';
import { ethernet, type ForgedAdvert, forge, ipPacket } from './lab/forge.ts';
import type { Host } from './lab/host.ts';
import { Injector } from './lab/injector.ts';
import { type Lab, withLab } from './lab/lab.ts';
import { describeSystem } from './lab/requirements.ts';
import { executable, rvrrpdConfiguration } from './lab/rvrrpd.ts';
import { Sniffer, type SnifferLine, snifferVerdict } from './lab/sniffer.ts';
import { eventually, sleep } from './lab/wait.ts';
import { Wire } from './lab/wire.ts';

// The sniffer beside tshark: the same packets, the same fields, the same verdicts.

const PEER = '10.0.0.2';
const SECRET = 'thissecretnolongeris';
const RIGHT: ForgedAdvert = { vrid: 7, source: PEER, addresses: ['10.0.0.1', '10.0.0.4'], priority: 150 };
const RIGHT_V3: ForgedAdvert = { ...RIGHT, version: 3, trailer: false };

/** An IPv6 advertisement (VRRPv3), from fe80::2 for fe80::1. */
function ipv6Frame({ hopLimit = 255, checksumError = 0, cut = 0 }): Buffer {
  const addresses = Buffer.from(
    'fe800000000000000000000000000002ff020000000000000000000000000012fe800000000000000000000000000001',
    'hex',
  );
  const message = Buffer.concat([Buffer.from([0x31, 9, 200, 1, 0, 100, 0, 0]), addresses.subarray(32)]);
  const summed = Buffer.concat([
    addresses.subarray(0, 32),
    Buffer.from([0, 112, 0, message.length]),
    message,
  ]);
  let sum = 0;
  for (let at = 0; at < summed.length; at += 2) sum += summed.readUInt16BE(at);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  message.writeUInt16BE(((~sum & 0xffff) + checksumError) & 0xffff, 6);
  const packet = message.subarray(0, message.length - cut);
  const header = Buffer.from([0x6c, 0, 0, 0, 0, packet.length, 112, hopLimit]);
  const macs = Buffer.from('33330000001200005e00020986dd', 'hex');
  return Buffer.concat([macs, header, addresses.subarray(0, 32), packet]);
}

/** The frame in a VLAN. */
function tagged(frame: Buffer, vlan: number): Buffer {
  return Buffer.concat([
    frame.subarray(0, 12),
    Buffer.from([0x81, 0, vlan >> 8, vlan & 0xff]),
    frame.subarray(12),
  ]);
}

/** Frames, and what the sniffer is to say of each: a reason, or that it is valid. */
const FORGED: readonly (readonly [verdict: string, what: string, frame: Buffer, tshark?: string])[] = [
  ['valid', 'VRRPv2', forge(RIGHT)],
  ['valid', 'VRRPv2, one address', forge({ ...RIGHT, addresses: ['10.0.0.1'] })],
  ['valid', 'priority 0', forge({ ...RIGHT, priority: 0 })],
  ['valid', 'VRRPv3 over IPv4', forge(RIGHT_V3)],
  ['valid', 'VRRPv3 over IPv6', ipv6Frame({})],
  ['valid', 'VRRPv2 in a VLAN', tagged(forge(RIGHT), 5)],
  ['valid', 'VRRPv3 over IPv6 in a VLAN', tagged(ipv6Frame({}), 4094)],
  ['valid', 'padding to 60 octets', Buffer.concat([forge({ ...RIGHT, addresses: [PEER] }), Buffer.alloc(6)])],
  ['checksum', 'VRRPv2, checksum wrong', forge({ ...RIGHT, checksumError: 1 })],
  ['checksum', 'VRRPv3, checksum wrong', forge({ ...RIGHT_V3, checksumError: 1 })],
  ['checksum', 'IPv6, checksum wrong', ipv6Frame({ checksumError: 1 })],
  ['ttl', 'TTL 254', forge({ ...RIGHT, ttl: 254 })],
  ['ttl', 'TTL 1', forge({ ...RIGHT_V3, ttl: 1 })],
  ['ttl', 'hop limit 254', ipv6Frame({ hopLimit: 254 })],
  ['truncated', 'half a header', forge({ ...RIGHT, cut: 20 })],
  ['truncated', 'no address', forge({ ...RIGHT, addresses: ['10.0.0.1'], cut: 12 })],
  // tshark does not look at the authentication data, nor whether there is something behind the addresses.
  ['truncated', 'the last octet missing', forge({ ...RIGHT, addresses: ['10.0.0.1'], cut: 1 }), 'valid'],
  ['truncated', 'IPv6, the last octet missing', ipv6Frame({ cut: 1 })],
  ['truncated', 'a frame that ends before its packet', forge(RIGHT).subarray(0, 50)],
  ['count', 'one address more than there is', forge({ ...RIGHT, count: 3 }), 'valid'],
  ['version', 'VRRP version 15', forge({ ...RIGHT, version: 15 })],
  ['type', 'VRRP type 2', forge({ ...RIGHT, type: 2 })],
  ['ip-header', 'IP checksum wrong', forge({ ...RIGHT, ipChecksumError: 1 })],
  ['destination', 'another destination', forge({ ...RIGHT, destination: '224.0.0.5' })],
];

/** What the sniffer's line says, in tshark's words, as far as it says anything. */
function inWordsOfTshark(line: SnifferLine): Partial<Dissection> {
  const six = line.source?.includes(':');
  const text = (value: unknown): string => (value === undefined ? '' : String(value));
  const optional = (field: keyof Dissection, value: unknown): Partial<Dissection> =>
    value === undefined ? {} : { [field]: text(value) };
  const interval = line.intervalMs;
  return {
    'eth.src': line.sourceMac,
    'eth.dst': line.destinationMac,
    'vlan.id': (line.vlans ?? []).join(','),
    [six ? 'ipv6.src' : 'ip.src']: line.source,
    [six ? 'ipv6.dst' : 'ip.dst']: line.destination,
    [six ? 'ipv6.hlim' : 'ip.ttl']: text(line.ttl),
    'vrrp.version': text(line.version),
    'vrrp.type': text(line.type),
    'vrrp.virt_rtr_id': text(line.vrid),
    ...optional('vrrp.prio', line.priority),
    ...optional('vrrp.addr_count', line.count),
    ...optional('vrrp.auth_type', line.authType),
    ...(line.version === 2 && interval !== undefined ? { 'vrrp.adver_int': text(interval / 1000) } : {}),
    ...(line.version === 3 && interval !== undefined ? { 'vrrp.short_adver_int': text(interval / 10) } : {}),
    ...optional('vrrp.checksum', line.checksum),
    ...(line.valid ? { [six ? 'vrrp.ipv6_addr' : 'vrrp.ip_addr']: line.addresses.join(',') } : {}),
  };
}

/** Milliseconds since the epoch, without their fractions. */
function milliseconds(epoch: string): number {
  const [seconds = '', fraction = ''] = epoch.split('.');
  return Number(seconds) * 1000 + Number(fraction.slice(0, 3));
}

/** All that can be VRRP, in a VLAN or not. */
const ALL_VRRP = 'proto 112 or (vlan and proto 112)';

/** Two hosts on one cable, interfaces `lan`, and IPv6 on it. */
async function cable(lab: Lab): Promise<{ peer: Host; watcher: Host }> {
  const [peer, watcher] = await Promise.all([lab.host('peer'), lab.host('watcher')]);
  for (const host of [peer, watcher]) {
    await host.sysctl({
      'net.ipv6.conf.all.disable_ipv6': 0,
      'net.ipv6.conf.default.disable_ipv6': 0,
      'net.ipv6.conf.default.accept_dad': 0,
    });
  }
  await lab.cable(peer, { interface: 'lan', mac: '02:00:00:00:00:02', address: `${PEER}/24` }, watcher, {
    interface: 'lan',
    mac: '02:00:00:00:00:03',
    address: '10.0.0.3/24',
  });
  return { peer, watcher };
}

/** keepalived as Master in VRRPv3 over IPv4 and IPv6, and in VRRPv2 with a password. */
function startKeepalived(lab: Lab, host: Host) {
  const base = path.join(lab.folder, 'keepalived-sniffed');
  const instance = (version: number, vrid: number, interval: number, vip: string, more = '') =>
    `vrrp_instance i${vrid} {\n  version ${version}\n  state MASTER\n  interface lan\n  priority 200\n` +
    `  virtual_router_id ${vrid}\n  advert_int ${interval}\n${more}  virtual_ipaddress {\n    ${vip}\n  }\n}\n`;
  const password = '  authentication {\n    auth_type PASS\n    auth_pass thissecr\n  }\n';
  writeFileSync(
    `${base}.conf`,
    instance(3, 21, 0.1, '10.0.0.21/24') +
      instance(3, 22, 0.25, 'fe80::22\n    2001:db8::22/64') +
      instance(2, 23, 1, '10.0.0.23/24\n    10.0.0.24/24', password),
  );
  const files = ['-f', `${base}.conf`, '-p', `${base}.pid`, '-r', `${base}-vrrp.pid`];
  return host.start('keepalived', ['--dont-fork', '--vrrp', '--log-console', '--no-syslog', ...files]);
}

describeSystem('the sniffer', () => {
  it('reports the packets that tshark reports on the same wire, with the same fields and verdicts', () =>
    withLab(async (lab) => {
      const { peer, watcher } = await cable(lab);
      const wire = await Wire.tap(lab, watcher, 'lan', { filter: ALL_VRRP });
      const sniffer = await Sniffer.start(watcher, '--json');
      const atSender = await Sniffer.start(peer, '--json');
      const injector = await Injector.start(peer, 'lan');
      await injector.send(...FORGED.map(([, , frame]) => frame));
      await sniffer.seen(FORGED.length);
      const keepalived = startKeepalived(lab, peer);
      await eventually('keepalived as Master of everything', 15_000, () =>
        [21, 22, 23].every((vrid) => sniffer.lines().filter((line) => line.vrid === vrid).length >= 3),
      );
      await keepalived.stop('SIGTERM');
      await sleep(500);
      await wire.stop();
      const [exit, senderExit] = [await sniffer.interrupt(), await atSender.interrupt()];
      const lines = sniffer.lines();
      const dissected = await dissect(wire.file);

      // The same packets.
      expect(lines).toHaveLength(dissected.length);
      expect(lines.map(({ time }) => Date.parse(time))).toEqual(
        dissected.map((packet) => milliseconds(packet['frame.time_epoch'])),
      );
      // The same fields.
      for (const [index, line] of lines.entries()) {
        expect(dissected[index], FORGED[index]?.[1] ?? `packet ${index}`).toMatchObject(
          inWordsOfTshark(line),
        );
        expect(line.interface).toBe('lan');
        expect(line.direction).toBe('in');
      }
      // The verdicts that are right, and the same as tshark's where it looks.
      const count = FORGED.length;
      const named = (verdicts: readonly string[]) => verdicts.map((verdict, i) => [FORGED[i]![1], verdict]);
      expect(named(lines.slice(0, count).map(snifferVerdict))).toEqual(FORGED.map(([v, what]) => [what, v]));
      expect(named(dissected.slice(0, count).map(verdictOf))).toEqual(
        FORGED.map(([verdict, what, , tshark]) => [what, tshark ?? verdict]),
      );
      expect(new Set(lines.slice(count).map(snifferVerdict))).toEqual(new Set(['valid']));
      expect(new Set(dissected.slice(count).map(verdictOf))).toEqual(new Set(['valid']));
      // keepalived has said good-bye in all three.
      const last = [21, 22, 23].map((vrid) => lines.findLast((line) => line.vrid === vrid)?.priority);
      expect(last).toEqual([0, 0, 0]);

      // Whoever sends sees the same, as sent.
      const sent = atSender.lines();
      expect(new Set(sent.map(({ direction }) => direction))).toEqual(new Set(['out']));
      const plain = ({ time: _time, direction: _direction, ...rest }: SnifferLine) => rest;
      expect(sent.map(plain)).toEqual(lines.map(plain));

      for (const { code } of [exit, senderExit]) expect(code).toBe(0);
      const invalid = lines.filter(({ valid }) => !valid).length;
      expect(sniffer.running.stderr).toContain(
        `\n${lines.length} packets on lan: ${lines.length - invalid} valid, ${invalid} invalid (`,
      );
    }));

  it('says whether the authentication holds, through the plugins', () =>
    withLab(async (lab) => {
      const { peer, watcher } = await cable(lab);
      // As deployed rVRRPd 0.1.3 routers send them: VRID 1 with the secret, VRID 255 without any.
      const messages = [
        '2101fe010101bce20a6464017468697373656372',
        '2101fe01fa01facf0a64640173e7f8e0d81638e6',
        '2101fe01fb0138a80a646401d34169e875138caf',
        '21ff0102fa027c2ac0000201c0000202c85a0b47d3783bb2',
        '2101640100010c970a6464010000000000000000',
      ];
      const frames = messages.map((message) =>
        ethernet('00:00:5e:00:01:01', ipPacket({ source: PEER }, Buffer.from(message, 'hex'))),
      );
      const [good, bad] = ['good', 'bad'].map((name) => path.join(lab.folder, name));
      writeFileSync(good!, `${SECRET}\n`);
      writeFileSync(bad!, 'another secret\n');
      const base = path.join(lab.folder, 'secrets');
      const vrouter = { interface: 'lan', vip: '10.100.100.1' };
      writeFileSync(
        `${base}.toml`,
        rvrrpdConfiguration(base, [
          { ...vrouter, group: 1, auth_type: 'p0-t8-sha256', auth_secret: SECRET },
          { ...vrouter, group: 255, vip: '192.0.2.1', auth_type: 'p0-t8-sha256', auth_secret: 'wrong' },
        ]),
      );
      const injector = await Injector.start(peer, 'lan');
      const verdicts = async (...args: readonly string[]) => {
        const sniffer = await Sniffer.start(watcher, '--json', '--count', String(frames.length), ...args);
        await injector.send(...frames);
        expect((await sniffer.running.exited).code).toBe(0);
        const lines = sniffer.lines();
        expect(lines).toHaveLength(frames.length);
        return lines.map((line) => line.reason ?? line.authentication);
      };
      const type = 'auth-type';
      const using = (name: string, file: string) => verdicts('--auth-type', name, '--secret-file', file);
      expect(await using('rfc2338-simple', good!)).toEqual(['right', type, type, type, type]);
      expect(await using('rfc2338-simple', bad!)).toEqual(['auth-failed', type, type, type, type]);
      expect(await using('p0-t8-sha256', good!)).toEqual([type, 'right', type, 'auth-failed', type]);
      expect(await using('p0-t8-sha256', bad!)).toEqual([type, 'auth-failed', type, 'auth-failed', type]);
      expect(await using('p1-t8-shake256', good!)).toEqual([type, type, 'right', type, type]);
      expect(await using('p1-b8-shake256', bad!)).toEqual([type, type, 'auth-failed', type, type]);
      expect(await verdicts('-c', `${base}.toml`)).toEqual([type, 'right', type, 'auth-failed', type]);
      expect(await verdicts()).toEqual([undefined, undefined, undefined, undefined, undefined]);
    }));

  it('prints blocks that can be read, and ends when nobody reads them', () =>
    withLab(async (lab) => {
      const { peer, watcher } = await cable(lab);
      const injector = await Injector.start(peer, 'lan');
      const sniffer = await Sniffer.start(watcher, '--count', '2');
      await injector.send(forge(RIGHT), forge({ ...RIGHT, checksumError: 1 }));
      expect((await sniffer.running.exited).code).toBe(0);
      const blocks = sniffer.running.stdout.split('\n\n');
      expect(blocks).toHaveLength(3);
      expect(blocks[0]).toMatch(
        /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}[+-]\d\d:\d\d received on lan: valid\n {2}Ethernet /,
      );
      expect(blocks[0]).toContain('\n  Addresses       10.0.0.1, 10.0.0.4');
      expect(blocks[1]).toContain(' INVALID, checksum: ');
      expect(blocks[2]).toBe('');
      expect(sniffer.running.stderr).toContain('\n2 packets on lan: 1 valid, 1 invalid (checksum 1)\n');

      const piped = watcher.start('sh', ['-c', `${process.execPath} ${executable()} -m0 -i lan | head -1`]);
      await piped.waitForOutput(/listening on lan/);
      await injector.send(forge(RIGHT));
      await eventually('the first line', 5000, () => piped.stdout.includes(': valid\n'));
      await injector.send(forge(RIGHT));
      expect((await piped.exited).code).toBe(0);
      expect(piped.stderr).not.toContain('EPIPE');
    }));

  it('says what is wrong with the interface', () =>
    withLab(async (lab) => {
      const { peer, watcher } = await cable(lab);
      const missing = watcher.start(process.execPath, [executable(), '-m0', '-i', 'lam']);
      expect((await missing.exited).code).toBe(1);
      expect(missing.stderr).toBe('rvrrpd: no interface is called "lam": there is lo, lan\n');
      const unknown = watcher.start(process.execPath, [
        ...[executable(), '-m0', '-i', 'lan', '--auth-type', 'p0', '--secret-file', '/dev/null'],
      ]);
      expect((await unknown.exited).code).toBe(1);
      expect(unknown.stderr).toMatch(
        /^rvrrpd: no plugin answers to --auth-type "p0": there is .*p0-t8-sha256/,
      );

      const injector = await Injector.start(peer, 'lan');
      await watcher.ip('link set lan down');
      const sniffer = await Sniffer.start(watcher, '--json');
      await sniffer.running.waitForOutput(/lan is down/);
      await watcher.ip('link set lan up');
      await eventually('the interface to be running', 5000, async () =>
        (await watcher.ip('link show dev lan')).includes('LOWER_UP'),
      );
      await injector.send(forge(RIGHT));
      await sniffer.seen(1);
      await watcher.ip('link delete lan');
      expect((await sniffer.running.exited).code).toBe(1);
      expect(sniffer.running.stderr).toContain('rvrrpd: lan is gone\n');
      expect(sniffer.running.stderr).toContain('1 packet on lan: 1 valid, 0 invalid\n');
    }));
});
