import { authCompliance } from 'rvrrpd/plugin';
import { describe, expect, test } from 'vitest';
import manifest from '../package.json' with { type: 'json' };
import plugin from '../src/index.ts';

authCompliance({
  test,
  plugin,
  name: 'rfc2338-simple',
  authType: 1,
  integrity: false, // the password says nothing about the rest of the message
  allocationFree: true,
  vectors: [
    // as deployed rVRRPd 0.1.3 routers send it
    { secret: 'thissecretnolongeris', message: '2101fe010101bce20a6464017468697373656372' },
    // the same with a password shorter than the field: zero padded (RFC 2338 §5.3.10)
    { secret: 'abc', message: '2101fe0101010000c00002016162630000000000' },
    { secret: '', message: '2101fe0101010000c00002010000000000000000' },
  ],
});

describe('rfc2338-simple', () => {
  const context = { name: 'rfc2338-simple', options: {}, log: () => {} };
  const trailer = (secret: string): Uint8Array => {
    const packet = new Uint8Array(8);
    plugin.create(context, new TextEncoder().encode(secret)).sign(packet, 0, 0);
    return packet;
  };

  test('only the first eight octets of the secret count', () => {
    expect(trailer('12345678')).toEqual(trailer('123456789'));
    expect(trailer('12345678')).not.toEqual(trailer('1234567'));
  });

  test('octets count, not characters', () => {
    expect(Buffer.from(trailer('ééééé')).toString('hex')).toBe('c3a9c3a9c3a9c3a9');
  });

  test('a secret that changes after create does not change the authenticator', () => {
    const secret = new TextEncoder().encode('secret');
    const one = plugin.create(context, secret);
    secret.fill(0);
    const packet = new Uint8Array(8);
    one.sign(packet, 0, 0);
    expect(packet).toEqual(trailer('secret'));
  });

  test('the manifest names what is tested here', () => {
    expect(manifest.rvrrpd).toEqual({ api: '^1.0.0', kind: 'auth', names: ['rfc2338-simple'] });
  });
});
