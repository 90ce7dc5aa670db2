import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AddressBook, parseAddresses } from '../src/addresses.ts';
import { netmaskOf, prefixLengthOf, toNumber, toText } from '../src/ipv4.ts';
import { chooseLabel, interfaceOfLabel } from '../src/labels.ts';
import { inet6Address } from '../src/links.ts';
import { formatInet6, parseInet6, parseInterfaceNames, parseRoute } from '../src/proc.ts';
import { refusalOf } from '../src/refusal.ts';
import { routeEntry } from '../src/routes.ts';

describe('/proc/net', () => {
  it('dev: every name, however long the counters are', () => {
    const text = `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier
    lo:       0       0    0    0    0     0          0         0        0       0    0    0    0     0       0
eth0.5:123456789012 7    0    0    0     0          0         0     1156      14    0    0    0     0       0
enx001122334455:1 7    0    0    0     0          0         0     1156      14    0    0    0     0       0
`;
    expect(parseInterfaceNames(text)).toEqual(['lo', 'eth0.5', 'enx001122334455']);
  });

  it('if_inet6: address, prefix length, flags and name', () => {
    const text = `00000000000000000000000000000001 01 80 10 80       lo
fe80000000000000308bd9fffe8b6efa 1000 40 20 c0 eth0.5
`;
    expect(parseInet6(text)).toEqual([
      { interface: 'lo', address: '::1', prefixLength: 128, flags: 0x80 },
      { interface: 'eth0.5', address: 'fe80::308b:d9ff:fe8b:6efa', prefixLength: 64, flags: 0xc0 },
    ]);
  });

  it('if_inet6: what a Master must know of an address, and nothing that does not hold', () => {
    const entry = { interface: 'eth0', address: 'fe80::1', prefixLength: 64 };
    const plain = { family: 6, address: 'fe80::1', prefixLength: 64, label: '', secondary: false };
    expect(inet6Address({ ...entry, flags: 0x80 })).toEqual(plain);
    expect(inet6Address({ ...entry, flags: 0xc0 })).toEqual({ ...plain, tentative: true });
    expect(inet6Address({ ...entry, flags: 0xc4 })).toEqual(plain); // optimistic
    expect(inet6Address({ ...entry, flags: 0xc8 })).toEqual({ ...plain, tentative: true, dadFailed: true });
    expect(inet6Address({ ...entry, flags: 0xa2 })).toEqual({ ...plain, deprecated: true });
    expect(inet6Address({ ...entry, flags: 0x22 })).toEqual(plain); // not for ever
    expect(inet6Address({ ...entry, flags: 0xa0 })).toEqual(plain); // not without detection
  });

  it('route: numbers in host order, metrics without a sign; no heading', () => {
    const heading = 'Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT   ';
    expect(parseRoute(heading)).toBeUndefined();
    expect(parseRoute('eth0\t006433C6\t150200C0\t0003\t0\t0\t-1\t00FFFFFF\t0\t0\t0   ')).toEqual({
      destination: toNumber('198.51.100.0'),
      netmask: toNumber('255.255.255.0'),
      gateway: toNumber('192.0.2.21'),
      metric: 4_294_967_295,
    });
  });

  it('writes IPv6 addresses as RFC 5952 wants them', () => {
    const words = fc.array(fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffff })), {
      minLength: 8,
      maxLength: 8,
    });
    fc.assert(
      fc.property(words, (groups) => {
        const digits = groups.map((group) => group.toString(16).padStart(4, '0')).join('');
        const full = groups.map((group) => group.toString(16)).join(':');
        fc.pre(!digits.startsWith('00000000000000000000'));
        expect(`[${formatInet6(digits)}]`).toBe(new URL(`http://[${full}]`).hostname);
      }),
    );
    expect(formatInet6('00000000000000000000000000000000')).toBe('::');
    expect(formatInet6('00000000000000000000ffffc0000201')).toBe('::ffff:192.0.2.1');
  });
});

describe('IPv4', () => {
  it('addresses are numbers and back', () => {
    fc.assert(
      fc.property(fc.ipV4(), (text) => {
        expect(toText(toNumber(text)!)).toBe(text);
      }),
    );
    for (const wrong of ['', '1.2.3', '1.2.3.4.5', '1.2.3.256', '1.2.3.x', '::1', ' 1.2.3.4']) {
      expect(toNumber(wrong)).toBeUndefined();
    }
  });

  it('prefix lengths are netmasks and back', () => {
    for (let length = 0; length <= 32; length++) expect(prefixLengthOf(netmaskOf(length))).toBe(length);
    expect(toText(netmaskOf(20))).toBe('255.255.240.0');
  });
});

describe('labels', () => {
  const none = () => false;

  it('are the ones wanted, if they are free and fit', () => {
    expect(chooseLabel('eth0', 'eth0:7', none)).toBe('eth0:7');
    expect(chooseLabel('eth0', 'eth0:7', (label) => label === 'eth0:7')).toBe('eth0:000');
    for (const wrong of [undefined, 'eth0', 'eth0:', 'eth1:7', 'eth0:12345678901']) {
      expect(chooseLabel('eth0', wrong, none)).toBe('eth0:000');
    }
  });

  it('are found as long as there is one, and never too long', () => {
    for (const [name, room] of [
      ['enp0s31f6.90', 36 ** 2],
      ['enp0s31f6.900', 36],
      ['enp0s31f6.9000', 0],
      ['enx001122334455', 0],
    ] as const) {
      const taken = new Set<string>();
      for (;;) {
        const label = chooseLabel(name, undefined, (each) => taken.has(each));
        if (label === undefined) break;
        expect(label.length).toBeLessThanOrEqual(15);
        taken.add(label);
      }
      expect(taken.size).toBe(room);
    }
  });

  it('belong to the interface before the colon, or to the one with the longest name', () => {
    const is = (name: string) => ['eth0', 'eth01'].includes(name);
    expect(interfaceOfLabel('eth0:1', is)).toBe('eth0');
    expect(interfaceOfLabel('eth01', is)).toBe('eth01');
    expect(interfaceOfLabel('eth012', is)).toBe('eth01');
    expect(interfaceOfLabel('wan', is)).toBeUndefined();
  });
});

describe('SIOCGIFCONF', () => {
  const record = (label: string, ...address: number[]) =>
    Buffer.concat([Buffer.from(label.padEnd(16, '\0'), 'latin1'), Buffer.from(address)]);

  it('is read record by record, longest labels included', () => {
    const records = Buffer.concat([record('lo', 127, 0, 0, 1), record('enx001122334455', 10, 0, 0, 1)]);
    expect(parseAddresses(records)).toEqual([
      { label: 'lo', address: '127.0.0.1' },
      { label: 'enx001122334455', address: '10.0.0.1' },
    ]);
  });

  it('is kept current through a batch', () => {
    const book = new AddressBook({ addresses: () => record('eth0', 10, 0, 0, 1) });
    const everywhere = () => true;
    expect(book.labelsOf('10.0.0.1', everywhere)).toEqual(['eth0']);
    book.added('eth0:1', '10.0.0.1');
    expect(book.labelsOf('10.0.0.1', (label) => label.includes(':'))).toEqual(['eth0:1']);
    book.removed('eth0', '10.0.0.1');
    expect([book.hasLabel('eth0'), book.hasLabel('eth0:1')]).toEqual([false, true]);
    book.removed('eth0:1', '10.0.0.1');
    expect(book.labelsOf('10.0.0.1', everywhere)).toEqual([]);
  });
});

describe('refusals', () => {
  it('carry the error number of whoever refused', () => {
    const error = Object.assign(new Error('ioctl(SIOCSIFADDR, eth0:7): EPERM'), { code: 'EPERM' });
    expect(refusalOf(error)).toEqual({ errno: 'EPERM', message: error.message });
    expect(refusalOf(new Error('what?'))).toEqual({ errno: 'EIO', message: 'what?' });
  });

  it('name what ioctl cannot do to a route, and why', () => {
    const route = { family: 4, destination: '192.0.2.0', prefixLength: 24, gateway: '10.0.0.1' } as const;
    const no = (more: object) => () => routeEntry({ ...route, ...more }, 'SIOCADDRT 192.0.2.0/24');
    expect(no({ metric: 32_766 })).not.toThrow();
    expect(no({ metric: 32_767 })).toThrow('SIOCADDRT 192.0.2.0/24: by ioctl a metric is 32766 at most');
    expect(no({ mtu: 1400 })).toThrow('by ioctl a route cannot have an MTU');
    expect(no({ family: 6 })).toThrow('IPv4 alone: EAFNOSUPPORT');
    expect(no({ gateway: 'uplink' })).toThrow("not an IPv4 address: 'uplink': EINVAL");
  });
});
