import { describe, expect, test } from 'vitest';
import { complaints, read, router } from './test-read.ts';

const required = (vip: string): string => `group = 7\ninterface = "eth0"\nvip = ${vip}`;
/** Complaints about a router of this version; its directives are in line 6. */
const ofVersion = (version: 2 | 3, directives: string, vip = '"10.0.0.1"'): string[] =>
  complaints(router(`version = ${version}\n${directives}`, required(vip)));
/** The virtual routers of a file without errors. */
const routersOf = (content: string) => {
  const { config, issues } = read(content);
  expect(issues.filter(({ severity }) => severity === 'error')).toEqual([]);
  return config.virtualRouters;
};
const MADE_UP = 'notice 4: vrouter[0].vip = ';

describe('the interval', () => {
  const two = 'must be whole seconds, 1 to 255, with version 2 (version 3 has 0.01 to 40.95, in hundredths)';
  const three =
    'must be 0.01 to 40.95 seconds, in hundredths, with version 3 (version 2 has whole seconds, 1 to 255)';

  test.each([
    [2, '1', 100],
    [2, '1.0', 100],
    [2, '41', 4100],
    [2, '255', 25_500],
    [3, '0.01', 1],
    [3, '0.07', 7],
    [3, '0.29', 29],
    [3, '0.57', 57],
    [3, '1', 100],
    [3, '1.1', 110],
    [3, '16.38', 1638],
    [3, '40.95', 4095],
  ] as const)('version %d takes %s', (version, advert, cs) => {
    const [made] = routersOf(router(`version = ${version}\ntimers = { advert = ${advert} }`));
    expect(made?.advertisementIntervalCs).toBe(cs);
    const json = {
      group: 1,
      interface: 'eth0',
      vip: '10.0.0.1',
      version,
      timers: { advert: Number(advert) },
    };
    expect(routersOf(JSON.stringify({ vrouter: [json] }))[0]?.advertisementIntervalCs).toBe(cs);
  });

  test('all that version 3 can send are taken as they are written', () => {
    for (let cs = 1; cs <= 4095; cs++) {
      const text = `${Math.floor(cs / 100)}.${String(cs % 100).padStart(2, '0')}`;
      const json = `{"vrouter":[{"group":1,"interface":"e","vip":"10.0.0.1","version":3,"timers":{"advert":${text}}}]}`;
      expect(read(json).config.virtualRouters[0]?.advertisementIntervalCs).toBe(cs);
    }
  });

  test.each([
    [2, '0', two],
    [2, '256', two],
    [2, '0.5', two],
    [2, '1.5', two],
    [2, '0.01', two],
    [2, '"1"', two],
    [2, 'nan', two],
    [3, '0', three],
    [3, '-1', three],
    [3, '0.005', three],
    [3, '0.001', three],
    [3, '0.015', three],
    [3, '1.234', three],
    [3, '40.951', three],
    [3, '40.96', three],
    [3, '41', three],
    [3, '255', three],
    [3, '256', three],
    [3, 'inf', three],
    [3, '"0.1"', three],
  ] as const)('version %d refuses %s', (version, advert, message) => {
    expect(ofVersion(version, `timers = { advert = ${advert} }`)).toEqual([
      `error 6: vrouter[0].timers.advert = ${advert}: ${message}`,
    ]);
  });

  test('a version that is none does not hide or invent more', () => {
    expect(
      complaints(
        router('version = 4\ntimers.advert = 0.5\nauth_type = "x"\nauth_secret = "y"', required('"::2"')),
      ),
    ).toEqual([
      'error 5: vrouter[0].version = 4: must be 2 or 3',
      expect.stringContaining('notice 4: ') as string,
    ]);
  });
});

describe('what goes with a version', () => {
  test('IPv6 needs version 3, given or not', () => {
    const two = ofVersion(2, '', '["10.0.0.1", "2001:db8::1"]');
    expect(two.filter((line) => line.startsWith('error'))).toEqual([
      'error 5: vrouter[0].version = 2: must be 3: VRRPv2 has no IPv6 (vip 2001:db8::1, line 4)',
    ]);
    expect(complaints(router('', required('"fe80::1"')))).toEqual([
      'error 1: vrouter[0].version: must be 3: VRRPv2 has no IPv6 (vip fe80::1, line 4)',
    ]);
  });

  test('a secret needs authentication', () => {
    const none = 'VRRPv3 has no authentication';
    expect(ofVersion(3, 'auth_secret = "x"')).toEqual([
      `warning 6: vrouter[0].auth_secret: is not used: ${none}`,
    ]);
  });

  test('a sort of checksum is for version 3 over IPv4', () => {
    expect(ofVersion(3, 'checksum = "rfc9568"')).toEqual([]);
    expect(routersOf(router('version = 3\nchecksum = "pseudo-header"'))[0]?.checksum).toBe('pseudo-header');
    expect(routersOf(router('version = 3'))[0]?.checksum).toBeUndefined();
    expect(ofVersion(3, 'checksum = "rfc5798"')).toEqual([
      'error 6: vrouter[0].checksum = "rfc5798": must be "auto", "rfc9568" or "pseudo-header"',
    ]);
    expect(ofVersion(2, 'checksum = "auto"')).toEqual([
      'warning 6: vrouter[0].checksum = "auto": does nothing: VRRPv2 has only one sort of checksum',
    ]);
    expect(ofVersion(3, 'checksum = "rfc9568"', '"fe80::1"')).toEqual([
      'warning 6: vrouter[0].checksum = "rfc9568": does nothing: over IPv6 there is only one sort of checksum',
    ]);
    expect(ofVersion(3, 'checksum = "rfc9568"', '["fe80::1", "10.0.0.1"]')).toEqual([]);
  });

  test('what advertisements list beside the virtual addresses is a question of version 2', () => {
    expect(ofVersion(2, 'rfc3768 = false')).toEqual([]);
    expect(ofVersion(3, 'rfc3768 = true')).toEqual([]);
    expect(ofVersion(3, 'rfc3768 = false')).toEqual([
      'warning 6: vrouter[0].rfc3768 = false: does nothing: RFC 3768 is version 2; advertisements of version 3 list the ' +
        'virtual addresses alone (RFC 9568 §5.2.9)',
    ]);
    expect(ofVersion(3, 'rfc3768 = "no"')).toEqual([
      'error 6: vrouter[0].rfc3768 = "no": must be true or false',
    ]);
  });

  test.each([2, 3] as const)('accept, with version %d', (version) => {
    expect(ofVersion(version, 'accept = "no"')).toEqual([
      'error 6: vrouter[0].accept = "no": must be true or false',
    ]);
    const acceptOf = (text: string) => routersOf(router(`version = ${version}\n${text}`))[0]?.accept ?? true;
    expect([acceptOf(''), acceptOf('accept = true'), acceptOf('accept = false')]).toEqual([
      true,
      true,
      false,
    ]);
  });
});

describe('addresses', () => {
  test.each([2, 3] as const)('with a prefix length or without, version %d', (version) => {
    const vip = '["10.0.0.1/24", "10.0.0.2", "10.1.0.3/32", "10.0.0.0/31"]';
    expect(routersOf(router(`version = ${version}`, required(vip)))).toMatchObject([
      { addresses: ['10.0.0.1', '10.0.0.2', '10.1.0.3', '10.0.0.0'], prefixLengths: [24, undefined, 32, 31] },
    ]);
    expect(routersOf(router(`version = ${version}`))[0]).not.toHaveProperty('prefixLengths');
  });

  test.each([
    ['"2001:DB8:0::1"', ['fe80::5e00:207', '2001:db8::1'], undefined],
    ['"fe80::1"', ['fe80::1'], undefined],
    ['["2001:db8::1/64", "fe80::1/64"]', ['fe80::1', '2001:db8::1'], [64, 64]],
    [
      '["2001:db8::1/64", "fd00::1", "febf::1", "fe80::2"]',
      ['febf::1', '2001:db8::1', 'fd00::1', 'fe80::2'],
      [undefined, 64, undefined, undefined],
    ],
    ['"2001:db8::1/64"', ['fe80::5e00:207', '2001:db8::1'], [undefined, 64]],
    ['"fec0::1"', ['fe80::5e00:207', 'fec0::1'], undefined],
  ])('IPv6 %s starts with a link-local one', (vip, addresses, prefixLengths) => {
    expect(routersOf(router('version = 3', required(vip)))).toEqual([
      expect.objectContaining({ family: 6, version: 3, vifname: 'standby7-6', addresses }),
    ]);
    expect(routersOf(router('version = 3', required(vip)))[0]?.prefixLengths).toEqual(prefixLengths);
  });

  test('one that is made up is told once, whatever number of routers there is', () => {
    const put = 'has no link-local address: fe80::5e00:207, made up from the group, is put in front';
    expect(ofVersion(3, '', '"2001:db8::1"')).toEqual([`${MADE_UP}"2001:db8::1": ${put}`]);
    const tables = [1, 2, 3].map((n) =>
      router('version = 3', `group = ${n}\ninterface = "eth0"\nvip = "2001:db8::${n}"`),
    );
    expect(complaints(tables.join(''))).toEqual([
      `${MADE_UP}"2001:db8::1": ${put.replace('207', '201')}; 2 more likewise, each made up from its group`,
    ]);
    expect(complaints(router('version = 3', 'group = 255\ninterface = "eth0"\nvip = "2001:db8::1"'))).toEqual(
      [expect.stringContaining('fe80::5e00:2ff') as string],
    );
  });

  test.each([
    ['"::"', 'must not be the unspecified address'],
    ['"::1"', 'must not be a loopback address'],
    ['"ff02::12"', 'must not be a multicast address'],
    ['"::ffff:10.0.0.1"', 'must not be an IPv4-mapped address: write the IPv4 address itself'],
    ['"fe80::1%eth0"', 'must be an address without a zone'],
    ['"fe80::1%eth0/64"', 'must be an address without a zone'],
    ['"2001:db8::1/0"', 'must have a prefix length of 1 to 128 behind the "/", or none'],
    ['"2001:db8::1/129"', 'must have a prefix length of 1 to 128 behind the "/", or none'],
    ['"2001:db8::1/"', 'must have a prefix length of 1 to 128 behind the "/", or none'],
    ['"2001:db8::1/64/64"', 'must have a prefix length of 1 to 128 behind the "/", or none'],
    [
      '"2001:db8::/64"',
      'must be an address of a host: this is the anycast address of all routers (RFC 4291 §2.6.1)',
    ],
    [
      '"2001:db8::80/121"',
      'must be an address of a host: this is the anycast address of all routers (RFC 4291 §2.6.1)',
    ],
    ['"10.0.0.1/0"', 'must have a prefix length of 1 to 32 behind the "/", or none'],
    ['"10.0.0.1/33"', 'must have a prefix length of 1 to 32 behind the "/", or none'],
    ['"10.0.0.1/-1"', 'must have a prefix length of 1 to 32 behind the "/", or none'],
    ['"10.0.0.1/024"', 'must have a prefix length of 1 to 32 behind the "/", or none'],
    ['"10.0.0.1/255.255.255.0"', 'must have a prefix length of 1 to 32 behind the "/", or none'],
    ['"10.0.0.0/24"', "must be an address of a host: this is the subnet's own"],
    ['"10.0.0.255/24"', "must be an address of a host: this is the subnet's broadcast address"],
    ['"2001:db8:::1"', 'must be an IPv4 address such as 192.0.2.1, or an IPv6 address such as 2001:db8::1'],
    ['"[2001:db8::1]"', 'must be an IPv4 address such as 192.0.2.1, or an IPv6 address such as 2001:db8::1'],
  ])('vip = %s', (vip, message) => {
    expect(ofVersion(3, '', vip)).toEqual([`error 4: vrouter[0].vip = ${vip}: ${message}`]);
  });

  test('255 of each family, the link-local one included', () => {
    const list = (count: number, first: number, text: (n: number) => string): string[] =>
      Array.from({ length: count }, (_, n) => `"${text(n + first)}"`);
    const six = (count: number): string[] => list(count, 1, (n) => `2001:db8::${n.toString(16)}`);
    const four = (count: number): string[] => list(count, 1, (n) => `10.0.${n >> 8}.${n & 255}`);
    const errors = (vips: string[]): string[] =>
      ofVersion(3, '', `[${vips.join(', ')}]`).filter((line) => line.startsWith('error'));
    expect(errors([...four(255), ...six(254)])).toEqual([]);
    expect(errors(six(255))).toEqual([
      'error 4: vrouter[0].vip = […]: has 256 IPv6 addresses, the link-local one included: an advertisement holds 255 at most',
    ]);
    expect(errors(['"fe80::1"', ...six(254)])).toEqual([]);
  });

  test('more IPv6 addresses than the usual MTU has room for are told', () => {
    const vip = (count: number): string =>
      `["fe80::1", ${Array.from({ length: count - 1 }, (_, n) => `"2001:db8::${n + 1}"`).join(', ')}]`;
    expect(ofVersion(3, '', vip(90))).toEqual([]);
    expect(ofVersion(3, '', vip(91))).toEqual([
      'notice 4: vrouter[0].vip = […]: an advertisement of 91 IPv6 addresses has 1504 octets: the interface needs an MTU of at least that',
    ]);
  });
});

describe('a table of both families', () => {
  const vip = '["2001:db8::1/64", "10.0.0.1/24", "10.0.0.2"]';

  test('stands for two virtual routers', () => {
    const content = `${router('version = 3\npriority = 9', required(vip))}${router('', 'group = 8\ninterface = "eth0"\nvip = "10.0.0.8"')}`;
    expect(routersOf(content)).toMatchObject([
      {
        vrid: 7,
        family: 4,
        addresses: ['10.0.0.1', '10.0.0.2'],
        prefixLengths: [24, undefined],
        vifname: 'standby7',
        priority: 9,
      },
      {
        vrid: 7,
        family: 6,
        addresses: ['fe80::5e00:207', '2001:db8::1'],
        vifname: 'standby7-6',
        priority: 9,
        table: 0,
      },
      { vrid: 8, family: 4, vifname: 'standby8', table: 1 },
    ]);
  });

  test('vifname is IPv4’s, and IPv6’s has something behind it', () => {
    const names = (line: string): string[] =>
      routersOf(router(`version = 3\n${line}`, required(vip))).map(({ vifname }) => vifname);
    expect(names('vifname = "gate"')).toEqual(['gate', 'gate-6']);
    expect(names('vifname = "a234567890123"')).toEqual(['a234567890123', 'a234567890123-6']);
    expect(ofVersion(3, 'vifname = "a2345678901234"', vip)).toContain(
      'error 6: vrouter[0].vifname = "a2345678901234": must have at most 13 characters where vip has both families: ' +
        "IPv6's virtual interface is called a2345678901234-6",
    );
    expect(
      routersOf(router('version = 3\nvifname = "a23456789012345"', required('"fe80::1"')))[0]?.vifname,
    ).toBe('a23456789012345');
  });

  test('the name made for IPv6 is unique too', () => {
    const other = router('vifname = "gate-6"', 'group = 8\ninterface = "eth0"\nvip = "10.0.0.8"');
    const both = router('version = 3\nvifname = "gate"', required('["10.0.0.1", "fe80::1"]'));
    expect(complaints(`${other}${both}`)).toEqual([
      'error 11: vrouter[1].vifname = "gate": is already vrouter[0].vifname (line 5) (IPv6\'s is called gate-6): must be unique',
    ]);
    const on = router('', 'group = 8\ninterface = "gate-6"\nvip = "10.0.0.8"');
    expect(complaints(`${on}${both}`)).toEqual([
      'error 10: vrouter[1].vifname = "gate": is the name of vrouter[0].interface (line 3) (IPv6\'s is called gate-6): must be that of an interface to be made',
    ]);
  });
});

describe('tables beside each other', () => {
  const table = (lines: string): string => `[[vrouter]]\ngroup = 7\ninterface = "eth0"\n${lines}\n`;

  test('both versions of a group may share addresses and vifname', () => {
    const lines = 'vip = ["10.0.0.1/24", "10.0.0.2"]\nvifname = "gate"\n';
    expect(complaints(table(`${lines}version = 2`) + table(`${lines}version = 3`))).toEqual([]);
    expect(
      complaints(table('vip = "10.0.0.1"') + table('vip = ["10.0.0.1", "fe80::1"]\nversion = 3')),
    ).toEqual([]);
  });

  test('but with one prefix length', () => {
    expect(complaints(table('vip = "10.0.0.1/24"') + table('vip = "10.0.0.1"\nversion = 3'))).toEqual([
      'error 8: vrouter[1].vip = "10.0.0.1": must have the same prefix length as in vrouter[0].vip (line 4): both versions share the address',
    ]);
    const several = 'vip = ["10.0.0.2", "10.0.0.3/24", "10.0.0.1"]\nversion = 3';
    expect(complaints(table('vip = ["10.0.0.1", "10.0.0.3/25"]') + table(several))).toEqual([
      'error 8: vrouter[1].vip[1] = "10.0.0.3/24": must have the same prefix length as in vrouter[0].vip[1] (line 4): both versions share the address',
    ]);
  });

  test('which is /32 where none is written', () => {
    expect(complaints(table('vip = "10.0.0.1/32"') + table('vip = "10.0.0.1"\nversion = 3'))).toEqual([]);
    expect(complaints(table('vip = "10.0.0.1"') + table('vip = "10.0.0.1/32"\nversion = 3'))).toEqual([]);
  });

  test('others may not', () => {
    const shared = 'is already in vrouter[0].vip (line 4) on eth0: must be unique on an interface';
    const other = '[[vrouter]]\ngroup = 8\ninterface = "eth0"\nvip = "10.0.0.1"\nversion = 3\n';
    expect(complaints(table('vip = "10.0.0.1"') + other)).toEqual([
      `error 8: vrouter[1].vip = "10.0.0.1": ${shared}`,
    ]);
    expect(complaints(table('vip = ["fe80::1", "fe80:0::1/64"]\nversion = 3'))).toEqual([
      'error 4: vrouter[0].vip[1] = "fe80:0::1/64": is already in vrouter[0].vip[0] (line 4) on eth0: must be unique on an interface',
    ]);
    const third = table('vip = "10.0.0.2"');
    expect(complaints(table('vip = "10.0.0.1"') + table('vip = "10.0.0.1"\nversion = 3') + third)).toEqual([
      'error 11: vrouter[2].group = 7: is already the group of vrouter[0] (line 1) on eth0: must be unique on an interface',
    ]);
  });

  test('both families in tables of their own', () => {
    expect(
      complaints(table('vip = "10.0.0.1"\nversion = 3') + table('vip = "fe80::1"\nversion = 3')),
    ).toEqual([]);
    expect(
      complaints(
        table('vip = ["10.0.0.1", "fe80::1"]\nversion = 3') +
          table('vip = ["10.0.0.2", "fe80::2"]\nversion = 3'),
      ),
    ).toEqual([
      'error 7: vrouter[1].group = 7: is already the group of vrouter[0] (line 1) on eth0: must be unique on an interface',
    ]);
  });

  test('a group that is there twice is told once, not again for the link-local address that is made up from it', () => {
    const errors = complaints(
      table('vip = "2001:db8::1"\nversion = 3') + table('vip = "2001:db8::2"\nversion = 3'),
    ).filter((line) => line.startsWith('error'));
    expect(errors).toEqual([
      'error 7: vrouter[1].group = 7: is already the group of vrouter[0] (line 1) on eth0: must be unique on an interface',
    ]);
  });

  test('an address that is made up may be another’s already', () => {
    const other = '[[vrouter]]\ngroup = 8\ninterface = "eth0"\nvip = "fe80::5e00:207"\nversion = 3\n';
    const errors = complaints(other + table('vip = "2001:db8::1"\nversion = 3')).filter((line) =>
      line.startsWith('error'),
    );
    expect(errors).toEqual([
      'error 9: vrouter[1].vip = "2001:db8::1": must have a link-local address: fe80::5e00:207, which is made up from the group, is already in vrouter[0].vip (line 4) on eth0',
    ]);
  });
});
