import { expect, test } from 'vitest';
import { fromHostsFile, resolveHost } from '../src/resolve.ts';

const never = new AbortController().signal;

test('an address is itself, if it is of the family', async () => {
  expect(await resolveHost('192.0.2.1', undefined, never)).toEqual(['192.0.2.1']);
  expect(await resolveHost('2001:db8::1', 6, never)).toEqual(['2001:db8::1']);
  await expect(resolveHost('2001:db8::1', 4, never)).rejects.toThrow('no IPv4 address');
});

test('the hosts file: comments, several names, no difference between letters', () => {
  const text = '127.0.0.1 localhost\n# 10.0.0.1 web\n10.0.0.2\tWeb www # the web\n::2 web\nnonsense web\n\n';
  expect(fromHostsFile('web', text)).toEqual(['10.0.0.2', '::2']);
  expect(fromHostsFile('WWW', text)).toEqual(['10.0.0.2']);
  expect(fromHostsFile('we', text)).toEqual([]);
});
