import { expect, test } from 'vitest';
import { whereIs } from './table-place.ts';

test.each([
  ['url = "x": must be a URL', 7],
  ['url: user and password must have %25 where a % is meant', 7],
  ['command_line[2]: must not be empty', 9],
  ['headers.Host = 5: must be text', 11],
  ['headers.Accept: is missing', 10],
  ['urls: must not be there', 5],
  ['one of process and pid_file must be there', 5],
  ['constructor: what objects inherit is no directive', 5],
  ['', 5],
])('a message names the line of the directive that it begins with: %s', (message, line) => {
  const at = (n: number) => ({ file: 'f', line: n });
  const place = {
    table: 'track[0]',
    position: at(5),
    positions: { url: at(7), command_line: at(9), headers: at(10), 'headers.Host': at(11) },
  };
  expect(whereIs(place, message)).toBe(`f:${line}: track[0]`);
});
