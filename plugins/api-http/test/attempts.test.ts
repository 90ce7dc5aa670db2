import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { clientOf, parseListenAddress, plainAddress } from '../src/address.ts';
import { AttemptLimit } from '../src/auth/attempt-limit.ts';
import { PasswordGate } from '../src/auth/password-gate.ts';
import { BoundedLog } from '../src/bounded-log.ts';

beforeEach(() => {
  vi.useFakeTimers({ now: 1_800_000_000_000 });
});
afterEach(() => {
  vi.useRealTimers();
});

/** None of the names below shares a bucket with this one; with one at random, two of them do once in a while. */
const SALT = '00'.repeat(16);

const fail = async (limit: AttemptLimit, address: string, user: string, times: number) => {
  for (let i = 0; i < times; i++) await limit.begin(address, user);
};

describe('failed log-ins', () => {
  test('an address has 10 a minute, whatever the users; another address is not concerned', async () => {
    const limit = new AttemptLimit(SALT);
    for (let i = 0; i < 10; i++) {
      expect(await limit.wait('192.0.2.1', `user${i}`)).toBe(0);
      await limit.begin('192.0.2.1', `user${i}`);
    }
    expect(await limit.wait('192.0.2.1', 'other')).toBe(60);
    expect(await limit.wait('192.0.2.2', 'other')).toBe(0);
    await vi.advanceTimersByTimeAsync(59_000);
    expect(await limit.wait('192.0.2.1', 'other')).toBe(1);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(await limit.wait('192.0.2.1', 'other')).toBe(0);
  });

  test('a user name has 20 a minute, from wherever', async () => {
    const limit = new AttemptLimit(SALT);
    for (let i = 0; i < 20; i++) {
      expect(await limit.wait(`192.0.2.${i}`, 'carol')).toBe(0);
      await limit.begin(`192.0.2.${i}`, 'carol');
    }
    expect(await limit.wait('198.51.100.1', 'carol')).toBe(60);
    expect(await limit.wait('198.51.100.1', 'admin')).toBe(0);
  });

  test('a log-in that goes well takes back itself, not the others', async () => {
    const limit = new AttemptLimit(SALT);
    await fail(limit, '192.0.2.1', 'carol', 9);
    const attempt = await limit.begin('192.0.2.1', 'carol');
    expect(await limit.wait('192.0.2.1', 'carol')).toBeGreaterThan(0);
    await attempt.forgive();
    expect(await limit.wait('192.0.2.1', 'carol')).toBe(0);
    await limit.begin('192.0.2.1', 'carol');
    expect(await limit.wait('192.0.2.1', 'carol')).toBeGreaterThan(0);
  });

  test('forgiven after its minute, it does not make up for later ones', async () => {
    const limit = new AttemptLimit(SALT);
    const attempt = await limit.begin('192.0.2.1', 'carol');
    await vi.advanceTimersByTimeAsync(61_000);
    await attempt.forgive();
    await fail(limit, '192.0.2.1', 'carol', 10);
    expect(await limit.wait('192.0.2.1', 'carol')).toBe(60);
  });

  test('an IPv6 /64 is one client', async () => {
    const limit = new AttemptLimit(SALT);
    for (let i = 0; i < 10; i++) await limit.begin(`2001:db8:1:2::${i}`, `user${i}`);
    expect(await limit.wait('2001:db8:1:2:ffff::1', 'other')).toBe(60);
    expect(await limit.wait('2001:db8:1:3::1', 'other')).toBe(0);
  });

  test('the next version of the plugin knows of them', async () => {
    const limit = new AttemptLimit(SALT);
    await fail(limit, '192.0.2.1', 'carol', 10);
    await vi.advanceTimersByTimeAsync(20_000);
    const next = new AttemptLimit('ff'.repeat(16));
    next.importState(structuredClone(limit.exportState()));
    expect(await next.wait('192.0.2.1', 'other')).toBe(40);
    await vi.advanceTimersByTimeAsync(40_000);
    expect(await next.wait('192.0.2.1', 'other')).toBe(0);
  });

  test.each([undefined, null, 1, {}, { salt: '', byAddress: {}, byUser: {} }])(
    'a state %j is refused',
    (state) => {
      expect(() => new AttemptLimit().importState(state)).toThrow('damaged');
    },
  );

  test('40,000 addresses and names need no more memory than so many buckets', async () => {
    const limit = new AttemptLimit(SALT);
    for (let i = 0; i < 40_000; i++)
      await limit.begin(`10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`, `user${i}`);
    const { byAddress, byUser } = limit.exportState() as Record<
      'byAddress' | 'byUser',
      { storage: unknown[] }
    >;
    for (const { storage } of [byAddress, byUser]) {
      expect(storage.length).toBeGreaterThan(20_000);
      expect(storage.length).toBeLessThanOrEqual(32_768);
    }
  });
});

describe('passwords are checked', () => {
  test('2 at a time, 16 wait, more are turned away; each ends once', async () => {
    const gate = new PasswordGate();
    const ends: (() => void)[] = [];
    const task = () => new Promise<string>((resolve) => ends.push(() => resolve('done')));
    const runs = Array.from({ length: 18 }, () => gate.run(task));
    expect(runs.every((run) => run !== undefined)).toBe(true);
    expect(gate.run(task)).toBeUndefined();
    expect(ends.length).toBe(2);
    ends[0]!();
    expect(await runs[0]).toBe('done');
    await vi.waitFor(() => expect(ends.length).toBe(3));
    expect(gate.run(task), 'a place is free again').toBeDefined();
    for (let i = 1; i < 19; i++) {
      await vi.waitFor(() => expect(ends.length).toBeGreaterThan(i));
      expect(ends.length).toBeLessThanOrEqual(i + 2);
      ends[i]!();
    }
    await Promise.all(runs);
    const [first, second] = [gate.run(task), gate.run(task)];
    expect(ends.length).toBe(21);
    ends[19]!();
    ends[20]!();
    await Promise.all([first, second]);
  });

  test('one that fails gives its place back', async () => {
    const gate = new PasswordGate();
    for (let i = 0; i < 50; i++) {
      await expect(gate.run(() => Promise.reject(new Error('no')))).rejects.toThrow('no');
    }
    expect(await gate.run(async () => 1)).toBe(1);
  });
});

describe('addresses', () => {
  test.each([
    ['192.0.2.1', '192.0.2.1', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1', '192.0.2.1'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:0db8:0001::1', '2001:0db8:0001::1', '2001:db8:1:0::/64'],
    ['2001:db8::3:4:5:6:7', '2001:db8::3:4:5:6:7', '2001:db8:0:3::/64'],
    ['::1', '::1', '0:0:0:0::/64'],
    ['fe80::1%eth0', 'fe80::1%eth0', 'fe80:0:0:0::/64'],
    [undefined, 'unknown', 'unknown'],
  ])('%s is %s in the log, %s to the limits', (address, plain, client) => {
    expect(plainAddress(address)).toBe(plain);
    expect(clientOf(address)).toBe(client);
  });

  test.each([
    ['0.0.0.0:7080', { host: '0.0.0.0', port: 7080 }],
    ['[::]:7080', { host: '::', port: 7080 }],
    ['localhost:0', { host: 'localhost', port: 0 }],
  ])('to listen at: %s', (text, address) => {
    expect(parseListenAddress(text)).toEqual(address);
  });

  test.each([
    '',
    '7080',
    '0.0.0.0',
    '0.0.0.0:',
    ':7080',
    '::1:7080',
    '[1.2.3.4]:7080',
    '0.0.0.0:65536',
    '[::]',
  ])('not to listen at: %j', (text) => {
    expect(() => parseListenAddress(text)).toThrow(`api.host is "${text}"`);
  });
});

describe('the log', () => {
  test('is not flooded, and says what was left out', async () => {
    const lines: string[] = [];
    const log = new BoundedLog((level, message) => lines.push(`${level} ${message}`));
    for (let i = 0; i < 100; i++) log.warn(`failure ${i}`);
    expect(lines).toEqual(Array.from({ length: 10 }, (_, i) => `warn failure ${i}`));
    await vi.advanceTimersByTimeAsync(60_000);
    log.warn('another');
    log.warn('one more');
    expect(lines.slice(10)).toEqual(['warn another (90 more such messages were left out)', 'warn one more']);
  });
});
