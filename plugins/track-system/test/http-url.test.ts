import { expect, test } from 'vitest';
import { readHttpUrl } from '../src/http-url.ts';

test('where a URL leads', () => {
  expect(readHttpUrl('https://user:p%40ss@[::1]/a?b#c')).toEqual({
    ...{ tls: true, host: '::1', port: 443, path: '/a?b', hostHeader: '[::1]', credentials: 'user:p@ss' },
    words: 'https://[::1]/a',
  });
  expect(readHttpUrl('http://hooks.example:8080')).toEqual({
    ...{ tls: false, host: 'hooks.example', port: 8080, path: '/', hostHeader: 'hooks.example:8080' },
    words: 'http://hooks.example:8080/',
  });
  expect(readHttpUrl('http://:secret@x/').credentials).toBe(':secret');
});

test.each(['hooks.example', 'ftp://x/', 'http://', 'http://x:99999/'])('%s is none', (text) => {
  expect(() => readHttpUrl(text)).toThrow(`url = "${text}": must be a URL that begins with http://`);
});

test('a password is not shown, whatever is wrong with it', () => {
  expect(() => readHttpUrl('http://user:50%zz@x/')).toThrow(/^url: user and password must have %25/);
  expect(() => readHttpUrl('http://user:geheim@x:99999/')).toThrow(/^url: must be a URL/);
});
