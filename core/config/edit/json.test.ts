import { describe, expect, test } from 'vitest';
import type { ConfigurationChange } from '../../plugin/contracts/index.ts';
import { editText } from '../edit.ts';
import { add, change, difference, edited, parsed, refusal, remove, router, set } from './test-edit.ts';

describe('JSON text', () => {
  const data = {
    debug: 5,
    pid: null,
    vrouter: [
      { group: 1, interface: 'eth0', vip: '10.0.0.1', timers: null },
      { group: 2, interface: 'eth0', vip: ['10.0.0.2', '10.0.0.3'] },
    ],
    api: {},
  };
  const pretty = JSON.stringify(data, undefined, 2);

  test.each<[string, ConfigurationChange[], string[]]>([
    ['null is replaced', [set('pid', '/x')], ['-  "pid": null,', '+  "pid": "/x",']],
    ['null stays null', [set('pid')], []],
    ['a property less', [set('debug')], ['-  "debug": 5,']],
    ['the last property less', [set('api')], ['-  ],', '-  "api": {}', '+  ]']],
    [
      'a new table',
      [set('api users', ['a'])],
      ['-  "api": {}', '+  "api": {', '+    "users": ["a"]', '+  }'],
    ],
    [
      'a router changed',
      [change(1, { timers: { advert: 2 }, priority: 3 })],
      [
        '-      "timers": null',
        '+      "timers": {',
        '+        "advert": 2',
        '+      },',
        '+      "priority": 3',
      ],
    ],
    ['an address less', [change(2, { vip: ['10.0.0.3'] })], ['-        "10.0.0.2",']],
    [
      'the last address less',
      [change(2, { vip: ['10.0.0.2'] })],
      ['-        "10.0.0.2",', '-        "10.0.0.3"', '+        "10.0.0.2"'],
    ],
    [
      'the first router less',
      [remove(1)],
      [
        '-      "group": 1,',
        '-      "interface": "eth0",',
        '-      "vip": "10.0.0.1",',
        '-      "timers": null',
        '-    },',
        '-    {',
      ],
    ],
    [
      'a router more',
      [add({ vip: ['1', '2'], interface: 'eth1', group: 3, timers: { advert: 1 } })],
      [
        '+    },',
        '+    {',
        '+      "group": 3,',
        '+      "interface": "eth1",',
        '+      "vip": ["1", "2"],',
        '+      "timers": {',
        '+        "advert": 1',
        '+      }',
      ],
    ],
  ])('%s', (_, changes, lines) => {
    expect(difference(pretty, edited(pretty, ...changes))).toEqual(lines);
    for (const [indent, eol] of [
      ['    ', '\n'],
      ['\t', '\r\n'],
    ] as const) {
      const other = (text: string) =>
        text.replace(/^ +/gm, (spaces) => indent.repeat(spaces.length / 2)).replaceAll('\n', eol);
      expect(edited(other(pretty), ...changes)).toBe(other(edited(pretty, ...changes)));
    }
  });

  test('a file on one line stays one', () => {
    const changes = [
      change(1, { timers: { advert: 2 } }),
      remove(2),
      add({ ...router(3), vip: ['1'] }),
      set('api x', 1),
    ];
    expect(edited(JSON.stringify(data), ...changes)).toBe(
      '{"debug":5,"pid":null,"vrouter":[{"group":1,"interface":"eth0","vip":"10.0.0.1","timers":{"advert":2}},' +
        '{"group":3,"interface":"eth0","vip":["1"]}],"api":{"x":1}}',
    );
    expect(
      edited('{ "debug": 1, "api": { "tls": true } }\n', set('api host', 'x'), set('a b', [{ c: 1 }])),
    ).toBe('{ "debug": 1, "api": { "tls": true, "host": "x" }, "a": { "b": [{ "c": 1 }] } }\n');
    expect(edited('{}', set('debug', 1))).toBe('{\n  "debug": 1\n}');
  });

  test('the way that values are written is kept', () => {
    const text =
      '\uFEFF {"pid" : "\\u0041\\/", "debug":1e0,\n "vrouter": [ {"group": 1, "interface": "\\u0065th0"} ]}\n\n';
    expect(edited(text, change(1, { priority: 1 }), set('debug', 2))).toBe(
      '\uFEFF {"pid" : "\\u0041\\/", "debug":2,\n "vrouter": [ {"group": 1, "interface": "\\u0065th0", "priority" : 1} ]}\n\n',
    );
  });

  test('what is no text of the document is refused', () => {
    const document = parsed('{ "debug": 1 }', 'json');
    for (const text of ['{ "debug": 1, "pid": "x" }', '{ "debug": 1', '', '[]']) {
      expect(refusal(() => editText(document, text, [set('main_log', '/x')])).reason).toBe('invalid');
    }
  });
});
