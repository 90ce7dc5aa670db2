import { expect, test } from 'vitest';
import { isNamed, nameText, type RouterIdentity, routerKey, writtenIdentities } from './identity.ts';

const router: RouterIdentity = { interface: 'lan', vrid: 7, family: 4, version: 2 };

test('each of the four makes it another one', () => {
  const others: RouterIdentity[] = [
    router,
    { ...router, interface: 'wan' },
    { ...router, vrid: 8 },
    { ...router, family: 6 },
    { ...router, version: 3 },
    // Interface names may hold digits and nearly anything else.
    { ...router, interface: '4 lan' },
  ];
  expect(new Set(others.map(routerKey)).size).toBe(others.length);
});

test.each([
  [{ interface: 'lan', group: 7 }, true],
  [{ interface: 'lan', group: 7, family: 4 as const }, true],
  [{ interface: 'lan', group: 7, family: 6 as const }, false],
  [{ interface: 'lan', group: 7, version: 2 as const }, true],
  [{ interface: 'lan', group: 7, version: 3 as const }, false],
  [{ interface: 'wan', group: 7 }, false],
  [{ interface: 'lan', group: 8 }, false],
])('%j names it: %s', (name, is) => {
  expect(isNamed(router, name)).toBe(is);
});

const six: RouterIdentity = { ...router, family: 6 };
test.each([
  [{ interface: 'lan', group: 7, vip: '10.0.0.1' }, [router]],
  [{ interface: 'lan', group: 7, vip: '10.0.0.1/24', version: 3 }, [{ ...router, version: 3 as const }]],
  [{ interface: 'lan', group: 7, vip: ['2001:db8::1'] }, [six]],
  [{ interface: 'lan', group: 7, vip: ['nonsense', 5, '2001:db8::1/64'] }, [six]],
  [{ interface: 'lan', group: 7, vip: ['2001:db8::1', '10.0.0.1'] }, [router, six]],
  [{ interface: 'lan', group: 7 }, [router]],
  [{ interface: 5, group: 7 }, []],
  [{ interface: 'lan', group: '7' }, []],
])('written as %j', (table, identities) => {
  expect(writtenIdentities(table)).toEqual(identities);
});

test('a name says its family and version where it has them', () => {
  expect(nameText({ interface: 'lan', group: 7 })).toBe('group 7 on lan');
  expect(nameText({ interface: 'lan', group: 7, family: 6 })).toBe('group 7 on lan (IPv6)');
  expect(nameText({ interface: 'lan', group: 7, family: 6, version: 3 })).toBe(
    'group 7 on lan (IPv6, VRRPv3)',
  );
});
