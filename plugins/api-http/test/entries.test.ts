import { describe, expect, test } from 'vitest';
import { app, ask, becomes, configure, daemon, refuses } from './changing.ts';

const UPLINK = { name: 'uplink', type: 'link', interface: 'eth1', interval: 2 };
const GROUP = { name: 'gw', routers: ['eth0/1', 'eth1/2'], track: ['uplink', { name: 'web', weight: -3 }] };
const DATA = { track: [UPLINK, { name: 'web', type: 'http', url: 'http://x/' }], sync: [GROUP] };

const SHOWN =
  '{"name":"uplink","type":"link","interval":2,"timeout":null,"rise":null,"fall":null,"initial":null,"hold":null,' +
  '"interface":"eth1"}';
const SHOWN_GROUP =
  '{"name":"gw","routers":["eth0/1","eth1/2"],"priority":null,"preemption":null,' +
  '"track":["uplink",{"name":"web","weight":-3}]}';

describe('reading', () => {
  test.each([
    ['/config/track/uplink', SHOWN],
    ['/config/sync/gw', SHOWN_GROUP],
    ['/config/sync', `[${SHOWN_GROUP}]`],
  ])('%s', async (url, body) => {
    configure(DATA);
    const response = await app.inject(url);
    expect([response.body, response.headers.etag]).toEqual([body, '"abc123"']);
    const again = await app.inject({ url, headers: { 'if-none-match': '"abc123"' } });
    expect(again.statusCode).toBe(304);
  });

  test('all of them; none; in the whole configuration too', async () => {
    configure(DATA);
    expect((await app.inject('/config/track')).json()).toMatchObject(DATA.track);
    expect((await app.inject('/config/global')).json()).toMatchObject(DATA);
    configure({});
    for (const url of ['/config/track', '/config/sync']) expect((await app.inject(url)).body).toBe('[]');
    expect((await app.inject('/config/global')).json()).not.toHaveProperty('track');
  });

  test.each(['/config/track/x', '/config/sync/uplink'])('%s is not there', async (url) => {
    configure(DATA);
    const response = await app.inject(url);
    expect(response.statusCode).toBe(404);
    expect(response.json().code).toBe('entry-missing');
  });
});

describe('changing', () => {
  test('POST adds a tracker, null is absent', async () => {
    becomes(DATA);
    const response = await ask('POST', '/config/track', { ...UPLINK, hold: null });
    expect(response.statusCode).toBe(201);
    expect(response.headers).toMatchObject({ location: '/config/track/uplink', etag: '"new456"' });
    expect(response.json()).toMatchObject({ configuration: JSON.parse(SHOWN) });
    expect(daemon.requests).toMatchObject([{ changes: [{ op: 'add-entry', list: 'track', table: UPLINK }] }]);
    expect(daemon.requests[0]!.changes[0]).not.toHaveProperty('table.hold');
  });

  test('PATCH passes a merge patch on as it is, and tells of another name', async () => {
    becomes({ sync: [{ ...GROUP, name: 'a/b' }] });
    const patch = { name: 'a/b', priority: 150, track: null };
    const response = await ask('PATCH', '/config/sync/gw', patch);
    expect(response.headers['content-location']).toBe('/config/sync/a%2Fb');
    expect(response.json().configuration.name).toBe('a/b');
    expect(daemon.requests).toMatchObject([
      { changes: [{ op: 'change-entry', list: 'sync', name: 'gw', patch }] },
    ]);
  });

  test('DELETE', async () => {
    const response = await ask('DELETE', '/config/sync/a%2Fb');
    expect(response.json().configuration).toBe(null);
    expect(daemon.requests).toMatchObject([{ changes: [{ op: 'remove-entry', list: 'sync', name: 'a/b' }] }]);
  });

  test('what the daemon refuses', async () => {
    refuses('missing', 'there is no tracker "x"');
    expect((await ask('PATCH', '/config/track/x', { interval: 1 })).statusCode).toBe(404);
    refuses('exists', 'there is a tracker "uplink" already');
    expect((await ask('POST', '/config/track', UPLINK)).statusCode).toBe(409);
  });

  test('what the form is wrong of', async () => {
    const secret = await ask('PATCH', '/config/track/uplink', { token: '***' });
    expect([secret.statusCode, secret.json().errors[0].directive]).toEqual([422, 'token']);
    const unknown = await ask('PATCH', '/config/sync/gw', { priorities: null });
    expect([unknown.statusCode, unknown.json().errors[0].directive]).toEqual([422, 'priorities']);
    expect((await ask('POST', '/config/sync', [GROUP])).statusCode).toBe(400);
    const elsewhere = await ask('PATCH', '/config/global', { track: [] });
    expect([elsewhere.statusCode, elsewhere.json().detail]).toEqual([
      422,
      expect.stringContaining('use /config/track'),
    ]);
    expect(daemon.requests).toEqual([]);
  });
});
