import { expect, test } from 'vitest';
import { accountOf } from './accounts.ts';

test.each([
  [undefined, []],
  [['root'], [['user', 'root']]],
  [
    ['root', 'root'],
    [
      ['user', 'root'],
      ['group', 'root'],
    ],
  ],
  [['65123'], [['user', '65123']]],
])('%j', (account, entries) => expect(accountOf(account)).toEqual({ entries, comments: [] }));

test('whom this host does not know is told', () => {
  expect(accountOf(['nosuchuser', 'nosuchgroup']).comments).toEqual([
    'user nosuchuser: is not there on this host, and keepalived does not run it then',
    'group nosuchgroup: is not there on this host, and keepalived does not run it then',
  ]);
});
