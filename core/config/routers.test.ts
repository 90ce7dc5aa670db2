import { describe, expect, test } from 'vitest';
import { complaints, router } from './test-read.ts';

describe('virtual routers', () => {
  test.each([
    ['priority = 300', 'error 5: vrouter[0].priority = 300: must be 1 to 254'],
    ['priority = 0', 'error 5: vrouter[0].priority = 0: must be 1 to 254'],
    [
      'priority = 255',
      'error 5: vrouter[0].priority = 255: must be 1 to 254; a router whose interface has the vip as its own ' +
        'address uses 255 by itself',
    ],
    ['priority = "high"', 'error 5: vrouter[0].priority = "high": must be 1 to 254'],
    ['preemption = 1', 'error 5: vrouter[0].preemption = 1: must be true or false'],
    ['rfc3768 = "yes"', 'error 5: vrouter[0].rfc3768 = "yes": must be true or false'],
    ['socket_filter = "on"', 'error 5: vrouter[0].socket_filter = "on": must be true or false'],
    ['address_check = true', 'error 5: vrouter[0].address_check = true: must be "any", "all" or "none"'],
    ['version = 4', 'error 5: vrouter[0].version = 4: must be 2 or 3'],
    ['timers = 1', 'error 5: vrouter[0].timers = 1: must be a table: { advert = 1 }'],
    [
      'timers = { advret = 1 }',
      'error 5: vrouter[0].timers.advret: unknown directive, did you mean "advert"?',
    ],
    ['netdrv = 1', 'error 5: vrouter[0].netdrv = 1: must be the name of a network driver'],
    ['iftype = ""', 'error 5: vrouter[0].iftype = "": must be the name of an interface type'],
    ['auth_type = []', 'error 5: vrouter[0].auth_type = []: must be the name of an authentication type'],
    ['priorty = 1', 'error 5: vrouter[0].priorty: unknown directive, did you mean "priority"?'],
    ['preempt = true', 'error 5: vrouter[0].preempt: unknown directive, did you mean "preemption"?'],
    [
      'vifname = "a234567890123456"',
      'error 5: vrouter[0].vifname = "a234567890123456": an interface name has at most 15 characters, this one has 16',
    ],
    [
      'vifname = "eth0"',
      'error 5: vrouter[0].vifname = "eth0": is the name of vrouter[0].interface (line 3): must be that of an ' +
        'interface to be made',
    ],
    [
      'vifname = "a/b"',
      'error 5: vrouter[0].vifname = "a/b": an interface name must not contain "/", ":", "%", white space or control ' +
        'characters',
    ],
    ['vifname = ""', 'error 5: vrouter[0].vifname = "": must be an interface name of at most 15 characters'],
  ])('%s', (line, complaint) => {
    expect(complaints(router(line))).toEqual([complaint]);
  });

  test.each([
    ['group = 256', 'error 2: vrouter[0].group = 256: must be 0 to 255'],
    ['group = -1', 'error 2: vrouter[0].group = -1: must be 0 to 255'],
    [
      'group = 0',
      'warning 2: vrouter[0].group = 0: RFC 3768 has 1 to 255: routers of other makes refuse group 0',
    ],
  ])('%s', (line, complaint) => {
    expect(complaints(router('', `${line}\ninterface = "eth0"\nvip = "10.0.0.1"`))).toEqual([complaint]);
  });

  test.each([
    ['"eth 0"', 'an interface name must not contain "/", ":", "%", white space or control characters'],
    ['"eth0:1"', 'an interface name must not contain "/", ":", "%", white space or control characters'],
    ['".."', '".." cannot be the name of an interface'],
    ['"1234567890123456"', 'an interface name has at most 15 characters, this one has 16'],
    ['"ééééééééé"', 'an interface name has at most 15 characters, this one has 18'],
    ['""', 'must be the name of an Ethernet interface'],
    ['5', 'must be the name of an Ethernet interface'],
  ])('interface = %s', (name, message) => {
    expect(complaints(router('', `group = 1\ninterface = ${name}\nvip = "10.0.0.1"`))).toEqual([
      `error 3: vrouter[0].interface = ${name}: ${message}`,
    ]);
  });

  test.each([
    ['"10.0.0"', 'must be an IPv4 address such as 192.0.2.1, or an IPv6 address such as 2001:db8::1'],
    ['"10.0.0.256"', 'must be an IPv4 address such as 192.0.2.1, or an IPv6 address such as 2001:db8::1'],
    ['"010.0.0.1"', 'must be an IPv4 address such as 192.0.2.1, or an IPv6 address such as 2001:db8::1'],
    ['" 10.0.0.1"', 'must be an IPv4 address such as 192.0.2.1, or an IPv6 address such as 2001:db8::1'],
    ['"router.example"', 'must be an IPv4 address such as 192.0.2.1, or an IPv6 address such as 2001:db8::1'],
    ['""', 'must be an IPv4 address such as 192.0.2.1, or an IPv6 address such as 2001:db8::1'],
    ['"0.0.0.0"', 'must be an address of a host: 0.0.0.0/8 is "this network" (RFC 1122)'],
    ['"127.0.0.1"', 'must not be a loopback address'],
    ['"224.0.0.18"', 'must not be a multicast address'],
    ['"239.255.255.255"', 'must not be a multicast address'],
    ['"255.255.255.255"', 'must not be the broadcast address'],
    ['"fe80::1%eth0"', 'must be an address without a zone'],
    ['5', 'must be an IPv4 or IPv6 address, or an array of them'],
    ['[]', 'must have at least one address'],
  ])('vip = %s', (vip, message) => {
    expect(complaints(router('', `group = 1\ninterface = "eth0"\nvip = ${vip}`))).toEqual([
      `error 4: vrouter[0].vip = ${vip}: ${message}`,
    ]);
  });

  test('an array of addresses, each with its own line and all judged', () => {
    expect(
      complaints(
        router(
          '',
          'group = 1\ninterface = "eth0"\nvip = [\n"10.0.0.1",\n"10.0.0.300",\n7,\n"127.0.0.1",\n"10.0.0.1"]',
        ),
      ),
    ).toEqual([
      'error 7: vrouter[0].vip[2] = 7: must be an IPv4 or IPv6 address',
      'error 6: vrouter[0].vip[1] = "10.0.0.300": must be an IPv4 address such as 192.0.2.1, or an IPv6 address such as 2001:db8::1',
      'error 8: vrouter[0].vip[3] = "127.0.0.1": must not be a loopback address',
      'error 9: vrouter[0].vip[4] = "10.0.0.1": is already in vrouter[0].vip[0] (line 5) on eth0: must be unique ' +
        'on an interface',
    ]);
  });

  test('an advertisement holds 255 addresses', () => {
    const vip = (count: number) =>
      `[${Array.from({ length: count }, (_, index) => `"10.0.${index >> 8}.${index & 255}"`).join(', ')}]`;
    const file = (count: number) => router('', `group = 1\ninterface = "eth0"\nvip = ${vip(count)}`);
    expect(complaints(file(255))).toEqual([]);
    expect(complaints(file(256))).toEqual([
      'error 4: vrouter[0].vip = […]: has 256 addresses: an advertisement holds 255 at most',
    ]);
  });

  test('what is missing', () => {
    expect(complaints('[[vrouter]]\n[[vrouter]]\npriority = 1').sort()).toEqual([
      'error 1: vrouter[0].group: is missing: must be 0 to 255',
      'error 1: vrouter[0].interface: is missing: must be the name of an Ethernet interface',
      'error 1: vrouter[0].vip: is missing: must be an IPv4 or IPv6 address, or an array of them',
      'error 2: vrouter[1].group: is missing: must be 0 to 255',
      'error 2: vrouter[1].interface: is missing: must be the name of an Ethernet interface',
      'error 2: vrouter[1].vip: is missing: must be an IPv4 or IPv6 address, or an array of them',
    ]);
  });

  test('null is missing', () => {
    expect(
      complaints('{"vrouter":[{"group":null,"interface":"eth0","vip":"10.0.0.1","vifname":null}]}'),
    ).toEqual(['error 1: vrouter[0].group: is missing: must be 0 to 255']);
  });

  test('an element that is no table leaves the others their index', () => {
    expect(
      complaints('{"vrouter":[7,\n{"group":1,"interface":"eth0","vip":"10.0.0.1","priority":0}]}'),
    ).toEqual(['error 1: vrouter[0]: must be a table', 'error 2: vrouter[1].priority = 0: must be 1 to 254']);
  });
});

describe('what virtual routers may not share', () => {
  const two = (first: string, second: string) => complaints(`[[vrouter]]\n${first}\n[[vrouter]]\n${second}`);

  test('group on an interface', () => {
    expect(
      two('group=1\ninterface="eth0"\nvip="10.0.0.1"', 'group=1\ninterface="eth0"\nvip="10.0.0.2"'),
    ).toEqual([
      'error 6: vrouter[1].group = 1: is already the group of vrouter[0] (line 1) on eth0: must be unique on an ' +
        'interface',
    ]);
    expect(
      two('group=1\ninterface="eth0"\nvip="10.0.0.1"', 'group=1\ninterface="eth1"\nvip="10.0.0.2"'),
    ).toEqual([]);
  });

  test('address on an interface', () => {
    expect(
      two(
        'group=1\ninterface="eth0"\nvip="10.0.0.1"',
        'group=2\ninterface="eth0"\nvip=["10.0.0.2","10.0.0.1"]',
      ),
    ).toEqual([
      'error 8: vrouter[1].vip[1] = "10.0.0.1": is already in vrouter[0].vip (line 4) on eth0: must be unique on ' +
        'an interface',
    ]);
    expect(
      two('group=1\ninterface="eth0"\nvip="10.0.0.1"', 'group=2\ninterface="eth1"\nvip="10.0.0.1"'),
    ).toEqual([]);
  });

  test('vifname, with each other and with interfaces', () => {
    expect(
      two(
        'group=1\ninterface="eth0"\nvip="10.0.0.1"\nvifname="eth1"',
        'group=1\ninterface="eth1"\nvip="10.0.0.1"\nvifname="eth1"',
      ),
    ).toEqual([
      'error 5: vrouter[0].vifname = "eth1": is the name of vrouter[1].interface (line 8): must be that of an ' +
        'interface to be made',
      'error 10: vrouter[1].vifname = "eth1": is the name of vrouter[1].interface (line 8): must be that of an ' +
        'interface to be made',
      'error 10: vrouter[1].vifname = "eth1": is already vrouter[0].vifname (line 5): must be unique',
    ]);
  });

  test('faulty groups and addresses take no part', () => {
    expect(
      two('group=300\ninterface="eth0"\nvip="10.0.0.1"', 'group=300\ninterface="eth0"\nvip="::1"'),
    ).toEqual([
      'error 2: vrouter[0].group = 300: must be 0 to 255',
      'error 6: vrouter[1].group = 300: must be 0 to 255',
      'error 8: vrouter[1].vip = "::1": must not be a loopback address',
    ]);
  });
});

test('the loopback interface is refused', () => {
  expect(complaints('[[vrouter]]\ngroup = 1\ninterface = "lo"\nvip = "10.0.0.1"\n')).toEqual([
    expect.stringContaining('vrouter[0].interface = "lo": is the loopback interface'),
  ]);
});
