/** Compliance tests for network drivers: addresses. */
import assert from 'node:assert/strict';
import { address, DEV, GATEWAY, NOBODY, OWN, OWN6, PEER, type Stage } from './netdrv-stage.ts';

type Tests = Readonly<Record<string, (stage: Stage) => Promise<void>>>;

/** By name. */
export const ADDRESS_TESTS: Tests = {
  'adds an address with prefix length and label, global, without broadcast address': async (stage) => {
    await stage.must(
      address('add-address', '10.77.0.1', { label: `${DEV}:7` }),
      address('add-address', '172.20.1.1', { prefixLength: 24, label: `${DEV}:8` }),
      address('add-address', '192.0.2.1', { prefixLength: 24, label: `${DEV}:9` }),
    );
    const added = stage.addresses().filter(({ local }) => local !== OWN);
    assert.deepEqual(
      added.map(({ local, prefixlen, broadcast, scope, label }) => ({
        local,
        prefixlen,
        broadcast,
        scope,
        label,
      })),
      [
        { local: '10.77.0.1', prefixlen: 32, broadcast: undefined, scope: 'global', label: `${DEV}:7` },
        { local: '172.20.1.1', prefixlen: 24, broadcast: undefined, scope: 'global', label: `${DEV}:8` },
        { local: '192.0.2.1', prefixlen: 24, broadcast: undefined, scope: 'global', label: `${DEV}:9` },
      ],
    );
  },

  'adds nothing else: no route but what belongs to the address': async (stage) => {
    const routes = () => stage.run('ip route show table all').trimEnd().split('\n').sort();
    const before = routes();
    await stage.must(
      address('add-address', '10.77.0.1', { label: `${DEV}:7` }),
      address('add-address', '10.99.0.1', { label: `${DEV}:8` }),
    );
    const added = routes().filter((line) => !before.includes(line));
    assert.equal(added.length, 2, added.join('\n'));
    for (const line of added) assert.match(line, /^local 10\.(77|99)\.0\.1 dev rvc0 table local/);
    assert.deepEqual(
      before.filter((line) => !routes().includes(line)),
      [],
      'no route is gone',
    );
  },

  "leaves the interface's own addresses as they are": async (stage) => {
    stage.run(`ip addr add 10.77.0.11/24 dev ${DEV}`); // secondary to OWN
    const own = () => stage.addresses().filter(({ local }) => ['10.77.0.10', '10.77.0.11'].includes(local));
    const before = own();
    assert.equal(before.length, 2);
    const vips = [
      ['10.77.0.1', 32],
      ['10.77.0.2', 24],
      ['10.1.2.3', 8],
    ] as const;
    for (const [text, prefixLength] of vips) {
      await stage.must(address('add-address', text, { prefixLength, label: `${DEV}:7` }));
      assert.deepEqual(own(), before, `with ${text}/${prefixLength}`);
      assert.match(stage.run(`ip route get ${GATEWAY}`), new RegExp(`src ${OWN} `), 'still the source');
      await stage.must(address('remove-address', text, { prefixLength, label: `${DEV}:7` }));
      assert.deepEqual(own(), before, `after ${text}/${prefixLength}`);
    }
  },

  'takes an address back, and leaves no trace': async (stage) => {
    stage.run(`ip route add 10.88.0.0/16 via ${GATEWAY}; ip route add 10.0.0.0/8 via ${GATEWAY} metric 7`);
    const before = stage.state();
    const all = ['10.77.0.1', '10.1.1.1', '172.20.1.1', '192.0.2.1'].map((text, index) => ({
      text,
      more: { label: `${DEV}:${index}` },
    }));
    await stage.must(...all.map(({ text, more }) => address('add-address', text, more)));
    assert.notEqual(stage.state(), before);
    await stage.must(...all.map(({ text, more }) => address('remove-address', text, more)));
    assert.equal(stage.state(), before);
  },

  'takes back the one it was told to': async (stage) => {
    const texts = ['10.77.0.1', '10.77.0.2', '10.77.0.3'];
    await stage.must(
      ...texts.map((text, index) => address('add-address', text, { label: `${DEV}:7${'abc'[index]}` })),
    );
    await stage.must(address('remove-address', '10.77.0.2', { label: `${DEV}:7b` }));
    assert.deepEqual(
      stage
        .addresses()
        .map(({ local }) => local)
        .sort(),
      ['10.77.0.1', OWN, '10.77.0.3'].sort(),
    );
  },

  'tells EEXIST of an address that is there, and changes nothing': async (stage) => {
    await stage.must(address('add-address', '10.77.0.1', { label: `${DEV}:7` }));
    stage.run(`ip addr add 10.77.0.2/32 dev ${DEV}`); // somebody else's
    const before = stage.state();
    assert.deepEqual(
      await stage.apply(
        address('add-address', '10.77.0.1', { label: `${DEV}:7` }),
        address('add-address', '10.77.0.1', { label: `${DEV}:8` }),
        address('add-address', '10.77.0.2', { label: `${DEV}:9` }),
        address('add-address', OWN, { prefixLength: 24, label: `${DEV}:a` }),
      ),
      ['EEXIST', 'EEXIST', 'EEXIST', 'EEXIST'],
    );
    assert.equal(stage.state(), before);
  },

  'tells EADDRNOTAVAIL of an address that is not there, also with another prefix length': async (stage) => {
    const before = stage.state();
    assert.deepEqual(
      await stage.apply(
        address('remove-address', '10.77.0.1', { label: `${DEV}:7` }),
        address('remove-address', OWN, { prefixLength: 32 }),
      ),
      ['EADDRNOTAVAIL', 'EADDRNOTAVAIL'],
    );
    assert.equal(stage.state(), before);
  },

  'takes an address back twice: once, then EADDRNOTAVAIL': async (stage) => {
    const change = address('remove-address', '10.77.0.1', { label: `${DEV}:7` });
    await stage.must(address('add-address', '10.77.0.1', { label: `${DEV}:7` }));
    assert.deepEqual(await stage.apply(change, change), [null, 'EADDRNOTAVAIL']);
  },

  'adds an address without a label of its own, and takes it back': async (stage) => {
    const before = stage.state();
    await stage.must(address('add-address', '10.77.0.1'), address('add-address', '10.77.0.2'));
    const added = stage.addresses().filter(({ local }) => local !== OWN);
    assert.equal(added.length, 2);
    if (stage.provides('unlabelled-address')) {
      assert.deepEqual(
        added.map(({ label }) => label),
        [DEV, DEV],
        'the interface is the label',
      );
    }
    await stage.must(address('remove-address', '10.77.0.1'), address('remove-address', '10.77.0.2'));
    assert.equal(stage.state(), before);
  },

  'tells ENODEV of an interface that is not there': async (stage) => {
    const more = { interface: NOBODY, label: `${NOBODY}:7` };
    assert.deepEqual(
      await stage.apply(
        address('add-address', '10.77.0.1', more),
        address('remove-address', '10.77.0.1', more),
      ),
      ['ENODEV', 'ENODEV'],
    );
  },

  'tells EINVAL of what is no address': async (stage) => {
    const before = stage.state();
    assert.deepEqual(
      await stage.apply(
        address('add-address', 'nonsense', { label: `${DEV}:7` }),
        address('add-address', '10.77.0.1', { prefixLength: 33, label: `${DEV}:7` }),
      ),
      ['EINVAL', 'EINVAL'],
    );
    assert.equal(stage.state(), before);
  },

  'works through a batch in order, past what is refused': async (stage) => {
    const first = address('add-address', '10.77.0.1', { label: `${DEV}:1` });
    const second = address('add-address', '10.77.0.2', { label: `${DEV}:2` });
    assert.deepEqual(await stage.apply(first, first, address('remove-address', '10.77.0.1'), first, second), [
      null,
      'EEXIST',
      null,
      null,
      null,
    ]);
    const locals = stage.addresses().map(({ local }) => local);
    assert.deepEqual(locals.sort(), ['10.77.0.1', OWN, '10.77.0.2'].sort());
  },

  'adds hundreds in one batch': async (stage) => {
    const all = Array.from({ length: 400 }, (_, n) => `10.78.${n >> 8}.${n & 255}`);
    const label = (n: number) => ({ label: `${DEV}:${n}` });
    await stage.must(...all.map((text, n) => address('add-address', text, label(n))));
    assert.equal(stage.addresses().length, all.length + 1);
    await stage.must(...all.map((text, n) => address('remove-address', text, label(n))));
    assert.equal(stage.addresses().length, 1);
  },

  'knows IPv6 addresses, if it says so': async (stage) => {
    const add = address('add-address', '2001:db8::1');
    if (!stage.provides('ipv6')) {
      const before = stage.state();
      assert.notDeepEqual(await stage.apply(add), [null], 'refused, as it is not provided');
      assert.equal(stage.state(), before);
      return;
    }
    const before = stage.state();
    await stage.must(add);
    const [added] = stage.addresses(DEV, 6);
    assert.deepEqual([added?.local, added?.prefixlen, added?.scope], ['2001:db8::1', 128, 'global']);
    assert.deepEqual(await stage.apply(add, address('add-address', '2001:db8::1', { prefixLength: 64 })), [
      'EEXIST',
      'EEXIST',
    ]);
    const remove = address('remove-address', '2001:db8::1');
    const otherLength = address('remove-address', '2001:db8::1', { prefixLength: 64 });
    assert.deepEqual(await stage.apply(otherLength, remove, remove), [
      'EADDRNOTAVAIL',
      null,
      'EADDRNOTAVAIL',
    ]);
    assert.deepEqual(
      await stage.apply(address('add-address', '2001:db8::nonsense'), {
        ...add,
        prefixLength: 129,
      } as typeof add),
      ['EINVAL', 'EINVAL'],
    );
    assert.equal(stage.state(), before);
  },

  'adds IPv6 addresses that can be used at once, and are no source of what the host sends': async (stage) => {
    if (!stage.provides('ipv6')) return;
    stage.run(`ip -6 addr add ${OWN6}/64 dev ${DEV} nodad; ip -6 addr add fe80::77:10/64 dev ${DEV} nodad`);
    const before = stage.state();
    const all = [
      ['fe80::77:1', 64],
      ['2001:db8:77::1', 128],
      ['2001:db8:77::2', 64],
      ['2001:db8:88::1', 64],
    ] as const;
    // The other end has them too: who asked whether anybody has them would be told so.
    for (const [text] of all) stage.run(`ip -6 addr add ${text}/128 dev ${PEER} nodad`);
    const withRival = stage.state();
    await stage.must(...all.map(([text, prefixLength]) => address('add-address', text, { prefixLength })));
    const added = () => stage.addresses(DEV, 6).filter(({ local }) => all.some(([text]) => text === local));
    const check = () =>
      assert.deepEqual(
        added()
          .map(({ local, prefixlen, tentative, dadfailed, deprecated, nodad, dynamic }) => {
            return [local, prefixlen, tentative, dadfailed, deprecated, nodad, dynamic];
          })
          .sort(),
        all.map(([text, length]) => [text, length, undefined, undefined, true, true, undefined]).sort(),
      );
    check();
    // As long as detection would take, and before its first question it waits for up to a second.
    await new Promise((resolve) => setTimeout(resolve, 2500));
    check();
    const sourceTo = (text: string) =>
      / src (\S+)/.exec(stage.run(`ip -6 route get ${text} oif ${DEV}`))?.[1];
    assert.equal(sourceTo('2001:db8:77::99'), OWN6);
    assert.equal(sourceTo('2001:db8:88::99'), OWN6);
    assert.equal(sourceTo('fe80::77:99'), 'fe80::77:10');
    await stage.must(...all.map(([text, prefixLength]) => address('remove-address', text, { prefixLength })));
    assert.equal(stage.state(), withRival);
    for (const [text] of all) stage.run(`ip -6 addr del ${text}/128 dev ${PEER}`);
    assert.equal(stage.state(), before);
  },
};
