import { execFileSync } from 'node:child_process';
import { appendFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { readTlsMaterial } from '../src/tls.ts';
import { type Certificate, Certificates } from './certificates.ts';

let made: Certificates;
let one: Certificate;
let other: Certificate;
beforeAll(() => {
  made = new Certificates();
  one = made.make('one');
  other = made.make('other');
});
afterAll(() => made.remove());
afterEach(() => {
  vi.useRealTimers();
});

/** A file with this content. */
function file(name: string, content: string): string {
  const path = made.path(name);
  writeFileSync(path, content);
  return path;
}

describe('key and certificate', () => {
  test('that fit together are taken as they are', () => {
    const { options, untimely } = readTlsMaterial(one);
    expect(options).toMatchObject({ minVersion: 'TLSv1.2', cert: one.pem });
    expect(untimely).toBeUndefined();
  });

  test('may be RSA, and a chain', () => {
    const rsa = made.make('rsa', '-newkey', 'rsa:2048');
    appendFileSync(rsa.tlsCert, other.pem);
    expect(readTlsMaterial(rsa).options.cert).toContain(other.pem);
  });

  test.each<[string, () => Partial<Certificate>, RegExp]>([
    [
      'a key that is not there',
      () => ({ tlsKey: '/nonexistent/key.pem' }),
      /^api\.tls_key \/nonexistent\/key\.pem cannot be read \(ENOENT\): name a PEM file there/,
    ],
    [
      'a certificate that is not there',
      () => ({ tlsCert: '/nonexistent/c.pem' }),
      /^api\.tls_cert \/nonexistent\/c\.pem cannot be read \(ENOENT\)/,
    ],
    ['a folder', () => ({ tlsCert: made.folder }), /^api\.tls_cert .* cannot be read \(EISDIR\)/],
    [
      'a device',
      () => ({ tlsKey: '/dev/zero' }),
      /^api\.tls_key \/dev\/zero cannot be read \(it is no regular file\)/,
    ],
    [
      'a FIFO',
      () => {
        const fifo = file('fifo', '');
        rmSync(fifo);
        execFileSync('mkfifo', [fifo]);
        return { tlsKey: fifo };
      },
      /^api\.tls_key .*fifo cannot be read \(it is no regular file\)/,
    ],
    [
      'an empty key',
      () => ({ tlsKey: file('empty', '') }),
      /^api\.tls_key .*empty is not PEM: it must have a line such as -----BEGIN PRIVATE KEY-----$/,
    ],
    [
      'an empty certificate',
      () => ({ tlsCert: file('empty', '') }),
      /^api\.tls_cert .*empty is not PEM: .* -----BEGIN CERTIFICATE-----$/,
    ],
    [
      'a key in the certificate’s place',
      () => ({ tlsCert: one.tlsKey }),
      /^api\.tls_cert .*one\.key does not hold a certificate/,
    ],
    [
      'a certificate in the key’s place',
      () => ({ tlsKey: one.tlsCert }),
      /^api\.tls_key .*one\.crt does not hold a private key/,
    ],
    [
      'a damaged key',
      () => ({ tlsKey: file('bad.key', readFileSync(one.tlsKey, 'utf8').replace('M', 'N')) }),
      /^api\.tls_key .*bad\.key does not hold a private key/,
    ],
    [
      'a damaged certificate',
      () => ({ tlsCert: file('bad.crt', one.pem.replace(/M[^\n]*\n/, '')) }),
      /^api\.tls_cert .*bad\.crt: certificate 1 is damaged/,
    ],
    [
      'a chain with a damaged link',
      () => ({ tlsCert: file('chain.crt', one.pem + other.pem.replace(/M[^\n]*\n/, '')) }),
      /certificate 2 is damaged/,
    ],
    [
      'another key',
      () => ({ tlsKey: other.tlsKey }),
      /^api\.tls_key .*other\.key does not belong to the certificate in .*one\.crt: use the key/,
    ],
  ])('%s: says what is wrong and where', (_what, change, message) => {
    expect(() => readTlsMaterial({ ...one, ...change() })).toThrow(message);
  });

  test('an encrypted key: nobody can be asked for the passphrase', () => {
    const tlsKey = made.path('encrypted.key');
    made.openssl('pkey', '-in', one.tlsKey, '-aes256', '-passout', 'pass:banana', '-out', tlsKey);
    expect(() => readTlsMaterial({ ...one, tlsKey })).toThrow(/encrypted\.key is encrypted: decrypt it/);
  });

  test('a key that is too weak for OpenSSL', () => {
    const weak = made.make('weak', '-newkey', 'rsa:512');
    expect(() => readTlsMaterial(weak)).toThrow(/weak\.crt cannot be used: OpenSSL says ".*key too small"/);
  });

  test('no complaint quotes a key', () => {
    const key = readFileSync(one.tlsKey, 'utf8');
    const lines = key.split('\n').filter((line) => line !== '' && !line.startsWith('-'));
    const bad = file('quoted.key', key.replace(lines[1]!, ''));
    let message = '';
    try {
      readTlsMaterial({ ...one, tlsKey: bad });
    } catch (error) {
      message = String(error);
    }
    expect(message).toContain('quoted.key');
    for (const line of lines) expect(message).not.toContain(line.slice(0, 8));
  });

  test.each<[string, number, RegExp]>([
    ['has expired', 31, /^api\.tls_cert .*one\.crt has expired on \d{4}-.*Z: replace it, and reload rvrrpd$/],
    [
      'is not valid yet',
      -1,
      /^api\.tls_cert .*one\.crt is not valid before \d{4}-.*Z: see that the clock is right$/,
    ],
  ])('a certificate that %s can be used, but it is said', (_what, days, message) => {
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + days * 86_400_000 });
    const { options, untimely } = readTlsMaterial(one);
    expect(options.cert).toBe(one.pem);
    expect(untimely).toMatch(message);
  });

  test('relative paths start at the working directory, which the complaint shows', () => {
    expect(() => readTlsMaterial({ tlsKey: 'ssl/key.pem', tlsCert: 'ssl/cert.pem' })).toThrow(
      `${process.cwd()}/ssl/key.pem`,
    );
  });
});
