import { expect, test } from 'vitest';
import type { ConfigurationChange } from '../../plugin/contracts/index.ts';
import { add, change, edited, remove, router, set } from './test-edit.ts';

test.each<[string, string, ConfigurationChange[], string]>([
  ['an empty file', '', [set('debug', 1), set('api tls', true)], 'debug = 1\n\n[api]\ntls = true\n'],
  ['only comments', '# c\n', [set('debug', 1)], '# c\n\ndebug = 1\n'],
  ['no newline at the end', 'debug = 1', [set('pid', 'x')], 'debug = 1\npid = "x"'],
  [
    'no newline at the end, the last one removed',
    '[[vrouter]]\ngroup = 1\ninterface = "eth0"\n\n[api]\ntls = true',
    [set('api')],
    '[[vrouter]]\ngroup = 1\ninterface = "eth0"',
  ],
  [
    'no general directive yet',
    '# head\n\n# one\n[[vrouter]]\ngroup = 1\ninterface = "eth0"\n',
    [set('debug', 1)],
    '# head\n\ndebug = 1\n\n# one\n[[vrouter]]\ngroup = 1\ninterface = "eth0"\n',
  ],
  [
    'no general directive yet, and another router in the place of the first one',
    '[[vrouter]]\ngroup = 1\ninterface = "eth0"\n',
    [remove(1), add({ ...router(2) }), set('debug', 1)],
    'debug = 1\n\n[[vrouter]]\ngroup = 2\ninterface = "eth0"\n',
  ],
  [
    'the first general directive removed',
    '# why\ndebug = 1\n\n# one\n[[vrouter]]\ngroup = 1\ninterface = "eth0"\n',
    [set('debug')],
    '# one\n[[vrouter]]\ngroup = 1\ninterface = "eth0"\n',
  ],
  [
    'nothing between the tables',
    '[[vrouter]]\ngroup = 1\ninterface = "eth0"\n[[vrouter]]\ngroup = 2\ninterface = "eth0"\n[api]\ntls = true\n',
    [remove(1), add({ ...router(3) })],
    '[[vrouter]]\ngroup = 2\ninterface = "eth0"\n\n[[vrouter]]\ngroup = 3\ninterface = "eth0"\n\n[api]\ntls = true\n',
  ],
  [
    'a comment that is right above the next header belongs to that',
    '[[vrouter]]\ngroup = 1\ninterface = "eth0"\n# two\n[[vrouter]]\ngroup = 2\ninterface = "eth0"\n',
    [remove(1)],
    '# two\n[[vrouter]]\ngroup = 2\ninterface = "eth0"\n',
  ],
  [
    'an inline array of routers',
    'vrouter = [ { group = 1, interface = "eth0" }, # one\n  { group = 2, interface = "eth0" } ] # all\n',
    [change(2, { timers: { advert: 1 } }), remove(1), add({ ...router(3) })],
    'vrouter = [ { group = 2, interface = "eth0", timers = { advert = 1 } },\n  { group = 3, interface = "eth0" } ] # all\n',
  ],
  [
    'an empty inline array of routers',
    'vrouter = []\n',
    [add({ ...router(3) })],
    'vrouter = [{ group = 3, interface = "eth0" }]\n',
  ],
  [
    'routers that the rest of the file stands between',
    '[[vrouter]]\ngroup = 1\ninterface = "eth0"\n\n[api]\ntls = true\n\n[vrouter.timers]\nadvert = 1\n\n[[vrouter]]\ngroup = 2\ninterface = "eth0"\n',
    [remove(1)],
    '[api]\ntls = true\n\n[[vrouter]]\ngroup = 2\ninterface = "eth0"\n',
  ],
  [
    'a table of which there are only tables',
    '[[protocols.static]]\na = 1\n\n# o\n[plugins."./p".options]\nb = 1\n',
    [set('plugins ./p version', '1'), set('protocols static')],
    '[protocols]\n\n[plugins."./p"]\nversion = "1"\n\n# o\n[plugins."./p".options]\nb = 1\n',
  ],
  [
    'a dotted table',
    'api . "tls" = true\napi.host = "x"\npid = "y"\n',
    [set('api tls'), set('api users', []), set('api secret', 's')],
    'api.host = "x"\napi.users = []\napi.secret = "s"\npid = "y"\n',
  ],
  [
    'dotted keys in an inline table',
    'plugins = { x.version = "1", x.options.a = 1, y = "1" }\n',
    [set('plugins y', '2'), set('plugins z', '3')],
    'plugins = { x.version = "1", x.options.a = 1, y = "2", z = "3" }\n',
  ],
  [
    'dotted keys in an inline table, changed',
    'plugins = { x.version = "1", x.options.a = 1, y = "1" }\n',
    [set('plugins x options')],
    'plugins = { y = "1", x = { version = "1" } }\n',
  ],
  [
    'an inline table emptied and filled',
    'api = { tls = true }\n',
    [set('api', { host: 'x' })],
    'api = { host = "x" }\n',
  ],
  ['an empty inline table', 'api = {}\n', [set('api host', 'x')], 'api = { host = "x" }\n'],
  [
    'a comment behind the last element',
    'a = [ 1, 2, # two\n 3 ]\n',
    [set('a', [1, 2])],
    'a = [ 1, 2 # two\n ]\n',
  ],
  [
    'commas at the start of lines',
    'a = [ 1 # one\n , 2\n , 3\n ]\n',
    [set('a', [1, 3])],
    'a = [ 1 # one\n , 3\n ]\n',
  ],
  ['elements of an array on a line', 'a = [ 1, 0x2, 3 ]\n', [set('a', [2, 3, 4])], 'a = [ 0x2, 3, 4 ]\n'],
  ['an emptied array', 'a = [\n  1, # one\n]\n', [set('a', [])], 'a = []\n'],
  [
    'text that looks like something else',
    'pid = """\n# no comment\n[[vrouter]]\n\n"""\n[[vrouter]]\ninterface = "eth0"\ngroup = 1 # 1\nvifname = \'\'\'\n# x\'\'\'\n',
    [change(1, { vifname: null }), set('pid', 'x')],
    'pid = "x"\n[[vrouter]]\ninterface = "eth0"\ngroup = 1 # 1\n',
  ],
  [
    'numbers',
    '',
    [set('a', [1e21, 2 ** 53 + 2, -1e-7, 0.5, -0, -7080])],
    'a = [1e+21, 9007199254740994.0, -1e-7, 0.5, 0, -7080]\n',
  ],
  ['a mark at the start', '\uFEFFdebug = 1\n', [set('debug', 2)], '\uFEFFdebug = 2\n'],
  [
    'CRLF',
    'debug = 1\r\n\r\n[[vrouter]]\r\ngroup = 1\r\ninterface = "eth0"\r\nvip = [\r\n  "10.0.0.1"\r\n]',
    [set('pid', 'x'), change(1, { vip: ['10.0.0.1', '10.0.0.2'] }), add({ ...router(2) })],
    'debug = 1\r\npid = "x"\r\n\r\n[[vrouter]]\r\ngroup = 1\r\ninterface = "eth0"\r\nvip = [\r\n  "10.0.0.1",\r\n  "10.0.0.2"\r\n]\r\n\r\n' +
      '[[vrouter]]\r\ngroup = 2\r\ninterface = "eth0"',
  ],
])('%s', (_, before, changes, after) => {
  expect(edited(before, ...changes)).toBe(after);
});
