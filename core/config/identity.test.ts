import { expect, test } from 'vitest';
import { isNamed, nameText, type RouterIdentity, routerKey, writtenIdentity } from './identity.ts';

const router: RouterIdentity = { interface: 'lan', vrid: 7, family: 4 };

test('each of the three makes it another one', () => {
  const others: RouterIdentity[] = [
    router,
    { ...router, interface: 'wan' },
    { ...router, vrid: 8 },
    { ...router, family: 6 },
    // Interface names may hold digits and nearly anything else.
    { ...router, interface: '4 lan' },
  ];
  expect(new Set(others.map(routerKey)).size).toBe(others.length);
});

test.each([
  [{ interface: 'lan', group: 7 }, true],
  [{ interface: 'lan', group: 7, family: 4 as const }, true],
  [{ interface: 'lan', group: 7, family: 6 as const }, false],
  [{ interface: 'wan', group: 7 }, false],
  [{ interface: 'lan', group: 8 }, false],
])('%j names it: %s', (name, is) => {
  expect(isNamed(router, name)).toBe(is);
});

test.each([
  [{ interface: 'lan', group: 7, vip: '10.0.0.1' }, router],
  [
    { interface: 'lan', group: 7, vip: ['2001:db8::1'] },
    { ...router, family: 6 },
  ],
  [
    { interface: 'lan', group: 7, vip: ['nonsense', 5, '2001:db8::1'] },
    { ...router, family: 6 },
  ],
  [{ interface: 'lan', group: 7 }, router],
  [{ interface: 5, group: 7 }, undefined],
  [{ interface: 'lan', group: '7' }, undefined],
])('written as %j', (table, identity) => {
  expect(writtenIdentity(table)).toEqual(identity);
});

test('a name says its family where it has one', () => {
  expect(nameText({ interface: 'lan', group: 7 })).toBe('group 7 on lan');
  expect(nameText({ interface: 'lan', group: 7, family: 6 })).toBe('group 7 on lan (IPv6)');
});
