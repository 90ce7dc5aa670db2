import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseForm, parseJson } from '../src/auth/credentials.ts';
import {
  fromBearer,
  fromCookies,
  keyOf,
  makeNonce,
  randomKey,
  sign,
  type Ticket,
  toBearer,
  toCookies,
  verify,
} from '../src/auth/ticket.ts';
import { usersOf } from '../src/auth/users.ts';
import { ADMIN, CAROL, DAVE } from './context.ts';

const KEY = keyOf('a secret', 'boot 1');
const TICKET: Ticket = {
  kind: 'session',
  user: 'carol',
  issued: 1_700_000_000_123,
  expires: 1_700_003_600_000,
  nonce: '00112233445566778899aabbccddeeff',
};

const anyTicket: fc.Arbitrary<Ticket> = fc.record({
  kind: fc.constantFrom('session', 'token'),
  user: fc.stringMatching(/^[A-Za-z0-9]{1,256}$/),
  issued: fc.integer({ min: 1_000, max: 4_000_000_000_000 }),
  expires: fc.integer({ min: 1, max: 0xffff_ffff }).map((seconds) => seconds * 1000),
  nonce: fc.stringMatching(/^[0-9a-f]{32}$/),
});

describe('a ticket', () => {
  test('cookies and bearer token say the same as it, whatever it says', () => {
    fc.assert(
      fc.property(anyTicket, (ticket) => {
        const signed = sign(ticket, CAROL, KEY);
        expect(fromBearer(toBearer(signed))).toEqual(signed);
        expect(fromCookies({ ...toCookies(signed) })).toEqual({ ...signed, kind: 'session' });
      }),
    );
  });

  test('holds for what was signed, and for nothing else', () => {
    const signed = sign(TICKET, CAROL, KEY);
    expect(verify(signed, CAROL, KEY)).toBe(true);
    for (const other of [
      { kind: 'token' } as const,
      { user: 'admin' },
      { issued: TICKET.issued + 1 },
      { expires: TICKET.expires + 1000 },
      { nonce: TICKET.nonce.replace('0', '1') },
    ]) {
      expect(verify({ ...signed, ...other }, CAROL, KEY), JSON.stringify(other)).toBe(false);
    }
    expect(verify(signed, `${CAROL}x`, KEY), 'another line').toBe(false);
    expect(verify(signed, CAROL, randomKey()), 'another key').toBe(false);
    expect(verify(signed, CAROL, keyOf('a secret', 'boot 2')), 'another era').toBe(false);
  });

  test('a single changed octet of the signature breaks it', () => {
    const signed = sign(TICKET, CAROL, KEY);
    fc.assert(
      fc.property(fc.nat(63), fc.integer({ min: 1, max: 15 }), (place, change) => {
        const digit = (Number.parseInt(signed.signature[place]!, 16) ^ change).toString(16);
        const signature = signed.signature.slice(0, place) + digit + signed.signature.slice(place + 1);
        expect(verify({ ...signed, signature }, CAROL, KEY)).toBe(false);
      }),
    );
  });

  test('its signature is HMAC-SHA-256 over all that it says and the user’s line', () => {
    const secret = new Uint8Array(32);
    // openssl dgst -sha256 -mac HMAC -macopt hexkey:00…00, of
    // ["session","carol",1700000000123,1700003600000,"00112233445566778899aabbccddeeff","LINE"]
    expect(sign(TICKET, 'LINE', secret).signature).toBe(
      'c21221333afd0b0a55f8c6178c1e26f29d61e4cb96059dbfb664c3446a6135b1',
    );
  });

  test('each has another nonce', () => {
    expect(new Set(Array.from({ length: 100 }, makeNonce)).size).toBe(100);
  });

  test('no other text is taken for one', () => {
    const good = toBearer(sign(TICKET, CAROL, KEY));
    const cookies = { ...toCookies(sign(TICKET, CAROL, KEY)) };
    for (const bad of [
      '',
      'rvrrpd_',
      good.slice(1),
      `${good}.`,
      `${good}0`,
      good.slice(0, -1),
      good.toUpperCase(),
      good.replace('carol', 'ca-rol'),
      good.replace('carol', ''),
      good.replace('session', 'cookie'),
      good.replace('.1700000000.', '.01700000000.'),
      good.replace('.1700000000.', '.-1.'),
      good.replace('.1700000000.', '.1e9.'),
      good.replace('carol', 'c'.repeat(2000)),
    ]) {
      expect(fromBearer(bad), bad).toBeUndefined();
    }
    for (const name of ['user', 'ts', 'nonce', 'token'] as const) {
      expect(fromCookies({ ...cookies, [name]: undefined }), name).toBeUndefined();
      expect(fromCookies({ ...cookies, [name]: '' }), name).toBeUndefined();
      expect(fromCookies({ ...cookies, [name]: `${cookies[name]}\n` }), name).toBeUndefined();
    }
    fc.assert(
      fc.property(fc.string(), fc.string(), (head, tail) => {
        if (head + tail !== '') expect(fromBearer(head + good + tail)).toBeUndefined();
      }),
    );
  });
});

describe('user lines', () => {
  test('name, level, the whole line; the first of a name counts', () => {
    const users = usersOf([CAROL, ADMIN, DAVE, CAROL.replace('carol:0', 'carol:9'), 'nonsense', '']);
    expect([...users.values()]).toEqual([
      { name: 'carol', level: 0, line: CAROL },
      { name: 'admin', level: 1, line: ADMIN },
      { name: 'dave', level: 0, line: DAVE },
    ]);
  });
});

describe('the body of a log-in', () => {
  test.each([
    ['user=carol passwd=banana', { user: 'carol', passwd: 'banana' }],
    ['user=carol passwd=', { user: 'carol', passwd: '' }],
    ['user=carol passwd= a  b ', { user: 'carol', passwd: ' a  b ' }],
    ['user=carol passwd=a=b&c%20d+é passwd=x', { user: 'carol', passwd: 'a=b&c%20d+é passwd=x' }],
    ['user=carol passwd=banana\n', { user: 'carol', passwd: 'banana' }],
    ['user=carol passwd=banana\r\n', { user: 'carol', passwd: 'banana' }],
    ['user=carol  passwd=banana', undefined],
    ['user=carol\npasswd=banana', undefined],
    ['user=carol&passwd=banana', undefined],
    ['user= passwd=banana', undefined],
    [' user=carol passwd=banana', undefined],
    ['passwd=banana user=carol', undefined],
    ['user=carol', undefined],
    ['', undefined],
    [`user=${'c'.repeat(257)} passwd=x`, undefined],
    [`user=c passwd=${'x'.repeat(4097)}`, undefined],
  ])('%j', (text, credentials) => {
    expect(parseForm(text)).toEqual(credentials);
  });

  test.each([
    ['{"user":"carol","passwd":"banana"}', { user: 'carol', passwd: 'banana' }],
    ['{"user":"carol"}', undefined],
    ['{"user":"carol","passwd":1}', undefined],
    ['{"user":"carol","passwd":"x","admin":true}', undefined],
    ['[]', undefined],
    ['null', undefined],
    ['{', undefined],
    ['', undefined],
  ])('%j as JSON', (text, credentials) => {
    expect(parseJson(text)).toEqual(credentials);
  });

  test('whatever the password is, it is taken as it is', () => {
    const password = fc.string({ maxLength: 4096 }).filter((text) => !text.endsWith('\n'));
    fc.assert(
      fc.property(password, (passwd) => {
        expect(parseForm(`user=carol passwd=${passwd}`)).toEqual({ user: 'carol', passwd });
      }),
    );
  });
});
