import { describe, expect, test } from 'vitest';
import type { Authenticator, SocketFilter } from '../plugin/contracts/index.ts';
import { PluginGuard } from './guard.ts';

const PLUGIN = { package: 'rvrrpd-plugin-x', version: '1.2.3', kind: 'auth' } as const;
const OF = { interface: 'lan', vrid: 7 };
const OTHER = { interface: 'lan', vrid: 8 };

/** A guard with a clock that the test moves, and what it has logged. */
function guarded() {
  const logged: { message: string; fields: Readonly<Record<string, unknown>> }[] = [];
  const clock = { now: 0 };
  const guard = new PluginGuard(
    PLUGIN,
    (message, fields) => logged.push({ message, fields }),
    () => clock.now,
  );
  return { guard, logged, clock };
}

const right: Authenticator = {
  authType: 200,
  sign: (packet, _, end) => packet.fill(9, end),
  verify: () => true,
};
const boom = (): never => {
  throw new Error('boom\nwith details');
};
const packet = new Uint8Array(24);

describe('authenticator', () => {
  test('does what the plugin does', () => {
    const { guard, logged } = guarded();
    const one = guard.authenticator(OF, () => right);
    expect(one.authType).toBe(200);
    expect(one.verify(packet, 0, 16)).toBe(true);
    const signed = new Uint8Array(24);
    one.sign(signed, 0, 16);
    expect([...signed.subarray(16)]).toEqual(new Array(8).fill(9));
    expect(guard.authenticator(OF, () => ({ ...right, verify: () => false })).verify(packet, 0, 16)).toBe(
      false,
    );
    expect(logged).toEqual([]);
  });

  test('keeps what a plugin has of its own', () => {
    class Counting implements Authenticator {
      readonly authType = 200;
      #count = 0;
      sign(): void {
        this.#count++;
      }
      verify(): boolean {
        return this.#count === 1;
      }
    }
    const one = guarded().guard.authenticator(OF, () => new Counting());
    one.sign(packet, 0, 16);
    expect(one.verify(packet, 0, 16)).toBe(true);
  });

  test('takes an exception in verify for a packet that could not be verified', () => {
    const { guard } = guarded();
    expect(guard.authenticator(OF, () => ({ ...right, verify: boom })).verify(packet, 0, 16)).toBe(false);
  });

  test.each([1, 'yes', {}, Promise.resolve(true), undefined])(
    'lets nobody in for %s instead of true',
    (verdict) => {
      const verify = (() => verdict) as unknown as Authenticator['verify'];
      const one = guarded().guard.authenticator(OF, () => ({ ...right, verify }));
      expect(one.verify(packet, 0, 16)).toBe(false);
    },
  );

  test('throws what tells plugin, version and cause if it cannot sign', () => {
    const one = guarded().guard.authenticator(OF, () => ({ ...right, sign: boom }));
    expect(() => one.sign(packet, 0, 16)).toThrow(
      'plugin rvrrpd-plugin-x 1.2.3 (kind auth): sign failed: boom',
    );
  });

  test('complains once in ten seconds, for all virtual routers together', () => {
    const { guard, logged, clock } = guarded();
    const broken = () => ({ ...right, verify: boom });
    const routers = [guard.authenticator(OF, broken), guard.authenticator(OTHER, broken)];
    for (; clock.now < 25_000; clock.now += 10) for (const one of routers) one.verify(packet, 0, 16);
    expect(logged).toHaveLength(3);
    expect(logged[0]!.message).toBe(
      'lan group 7: plugin rvrrpd-plugin-x 1.2.3 (kind auth): verify failed: boom: ' +
        'the advertisement is dropped as auth-failed',
    );
    expect(logged[1]!.message).toContain('(2000 times since the last such line)');
    expect(logged.map(({ fields }) => fields.count)).toEqual([1, 2000, 2000]);
    expect(logged[0]!.fields).toMatchObject({ plugin: 'rvrrpd-plugin-x', version: '1.2.3', group: 7 });
  });

  test('complains about sign although it has just complained about verify', () => {
    const { guard, logged } = guarded();
    const one = guard.authenticator(OF, () => ({ ...right, sign: boom, verify: boom }));
    one.verify(packet, 0, 16);
    expect(() => one.sign(packet, 0, 16)).toThrow();
    expect(logged.map(({ message }) => message)).toEqual([
      expect.stringContaining('verify failed'),
      expect.stringContaining('sign failed'),
    ]);
  });
});

describe('create', () => {
  const refusal = (create: () => unknown): string => {
    try {
      guarded().guard.authenticator(OF, create as () => Authenticator);
    } catch (error) {
      return (error as Error).message;
    }
    return 'accepted';
  };

  test.each([
    ['create failed: boom', boom],
    ['create must return an object', () => undefined],
    ['create must return an object', () => 7],
    ['authType must be 1 to 255, not 0', () => ({ ...right, authType: 0 })],
    ['authType must be 1 to 255, not undefined', () => ({ ...right, authType: undefined })],
    ['authType must be 1 to 255, not 256', () => ({ ...right, authType: 256 })],
    ['must have a function "sign"', () => ({ ...right, sign: undefined })],
    ['must have a function "verify"', () => ({ ...right, verify: true })],
  ])('refuses at the start, naming the plugin: %s', (reason, create) => {
    expect(refusal(create)).toContain(reason);
    expect(refusal(create)).toContain('plugin rvrrpd-plugin-x 1.2.3 (kind auth)');
  });
});

describe('filter', () => {
  test('is the plugin’s, with its name', () => {
    const inner: SocketFilter = { program: ({ vrids }) => [{ code: 6, jt: 0, jf: 0, k: vrids.length }] };
    const filter = guarded().guard.filter(() => inner);
    expect(filter.plugin).toBe('rvrrpd-plugin-x 1.2.3');
    expect(filter.program({ family: 4, vrids: [1, 2] })).toEqual([{ code: 6, jt: 0, jf: 0, k: 2 }]);
  });

  test('that cannot be made is refused', () => {
    expect(() => guarded().guard.filter(boom)).toThrow('create failed: boom');
  });
});
