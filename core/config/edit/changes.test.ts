import { describe, expect, test } from 'vitest';
import type { ConfigurationChange } from '../../plugin/contracts/index.ts';
import { type EditError, editData } from '../edit.ts';
import { add, change, edited, parsed, refusal, remove, router, set } from './test-edit.ts';

describe('data', () => {
  const before = {
    debug: 1,
    vrouter: [
      { interface: 'eth0', group: 1, vip: '10.0.0.1', timers: { advert: 2, more: { a: 1 } } },
      { interface: 'eth0', group: 2, vip: ['10.0.0.2'] },
    ],
    api: { tls: true },
  };
  const [one, two] = before.vrouter;

  test.each<[string, ConfigurationChange[], object]>([
    ['a directive', [set('debug', 5)], { ...before, debug: 5 }],
    ['a directive in a new table', [set('a b c', 'x')], { ...before, a: { b: { c: 'x' } } }],
    ['a whole table', [set('api', { host: 'h', gone: null })], { ...before, api: { host: 'h' } }],
    ['a directive removed', [set('api tls')], { ...before, api: {} }],
    ['null removes as well', [set('api', null)], { debug: 1, vrouter: before.vrouter }],
    ['what is not there removed', [set('x y z')], before],
    ['merge patch', [change(1, { priority: 5 })], { ...before, vrouter: [{ ...one, priority: 5 }, two] }],
    [
      'merge patch of a nested table',
      [change(1, { vip: null, timers: { advert: null, more: { b: 2, c: null } } })],
      {
        ...before,
        vrouter: [{ interface: 'eth0', group: 1, timers: { more: { a: 1, b: 2 } } }, two],
      },
    ],
    [
      'merge patch with a table where there is none',
      [change(2, { timers: { advert: 1, x: null } })],
      { ...before, vrouter: [one, { ...two, timers: { advert: 1 } }] },
    ],
    [
      'merge patch replaces arrays',
      [change(2, { vip: ['10.0.0.3', '10.0.0.4'] })],
      { ...before, vrouter: [one, { ...two, vip: ['10.0.0.3', '10.0.0.4'] }] },
    ],
    ['another identity', [change(2, { group: 7 })], { ...before, vrouter: [one, { ...two, group: 7 }] }],
    ['its own identity', [change(2, { group: 2 })], before],
    ['a router less', [remove(1)], { ...before, vrouter: [two] }],
    ['no router left', [remove(1), remove(2)], { debug: 1, api: { tls: true } }],
    [
      'a router more',
      [add({ ...router(3), vip: 'x', auth_type: null })],
      { ...before, vrouter: [one, two, { ...router(3), vip: 'x' }] },
    ],
    [
      'in their order',
      [change(2, { group: 3 }), add({ ...router(2) }), change(2, { priority: 1 }), remove(3)],
      { ...before, vrouter: [one, { ...router(2), priority: 1 }] },
    ],
  ])('%s', (_, changes, after) => {
    const copy = structuredClone(before);
    expect(editData(before, changes)).toEqual(after);
    expect(before).toEqual(copy);
  });

  test.each<[string, ConfigurationChange[], EditError['reason'], string]>([
    ['change', [change(3, {})], 'missing', 'there is no virtual router with group 3 on eth0'],
    ['removal', [remove(1), remove(1)], 'missing', 'there is no virtual router with group 1 on eth0'],
    ['twin', [add({ ...router(2) })], 'exists', 'there is a virtual router with group 2 on eth0 already'],
    [
      'identity',
      [change(1, { group: 2 })],
      'exists',
      'there is a virtual router with group 2 on eth0 already',
    ],
    ['vrouter', [set('vrouter', [])], 'invalid', 'vrouter cannot be set: virtual routers are added,'],
    [
      'in vrouter',
      [set('vrouter 0 vip', 'x')],
      'invalid',
      'vrouter cannot be set: virtual routers are added,',
    ],
    ['no path', [{ op: 'set', path: [], value: 1 }], 'invalid', 'the path of the directive to set is empty'],
    ['scalar', [set('debug x', 1)], 'invalid', 'debug is not a table: there is no debug.x'],
    ['through a scalar', [set('api tls x')], 'invalid', 'api.tls is not a table: there is no api.tls.x'],
    ['array', [set('api users', []), set('api users 0', 'x')], 'invalid', 'api.users is not a table'],
    ['null in an array', [set('api users', ['a', null])], 'invalid', 'api.users[1] is missing'],
    ['NaN', [change(2, { priority: Number.NaN })], 'invalid', 'vrouter[1].priority is not a number'],
    ['infinity', [set('api', { x: [-1 / 0] })], 'invalid', 'api.x[0] is not a number'],
    ['surrogate', [set('pid', 'a\ud800')], 'invalid', 'pid is not valid Unicode'],
    ['surrogate key', [set('plugins', { '\udc00': 1 })], 'invalid', 'plugins is not valid Unicode'],
    ['bigint', [set('debug', 1n)], 'invalid', 'debug is nothing that a configuration file can hold'],
    ['date', [set('debug', new Date())], 'invalid', 'debug is nothing that a configuration file can hold'],
    [
      'function',
      [add({ x: () => 1 })],
      'invalid',
      'vrouter[2].x is nothing that a configuration file can hold',
    ],
  ])('refuses: %s', (_, changes, reason, message) => {
    const error = refusal(() => editData(before, changes));
    expect(error.reason).toBe(reason);
    expect(error.message).toContain(message);
  });

  test('refuses what is nested too deep, however deep', () => {
    let deep: unknown = 1;
    for (let depth = 0; depth < 100_000; depth++) deep = depth % 2 === 0 ? [deep] : { a: deep };
    for (const changes of [[set('plugins x', deep)], [change(1, { timers: deep })], [add({ x: deep })]]) {
      expect(refusal(() => editData(before, changes)).message).toContain('is nested too deep');
    }
  });

  test.each(['__proto__', 'constructor', 'toString', 'hasOwnProperty'])(
    'no directive is called %s',
    (name) => {
      const evil = JSON.parse(`{ "${name}": { "polluted": 1 } }`);
      for (const changes of [
        [set(`${name} polluted`, 1)],
        [set(`protocols ${name}`, [{ polluted: 1 }])],
        [set('api', evil)],
        [set('plugins', { x: { options: [evil] } })],
        [set(`plugins ${name}`)],
        [change(1, evil)],
        [change(1, { timers: evil })],
        [change(1, JSON.parse(`{ "${name}": null }`))],
        [add(evil)],
      ]) {
        expect(refusal(() => editData(before, changes)).message).toContain(`${name} cannot be the name of a`);
      }
      expect(Reflect.get({}, 'polluted')).toBe(undefined);
    },
  );

  test('but where the file has one it is data like any other', () => {
    const json = '{"__proto__":{"a":1}}'; // in TOML it is a syntax error already
    expect(editData(parsed(json, 'json').data, [set('x', 1)])).toEqual(
      JSON.parse('{"__proto__":{"a":1},"x":1}'),
    );
    expect(edited(json, set('x', 1))).toBe('{"__proto__":{"a":1},"x":1}');
  });
});
