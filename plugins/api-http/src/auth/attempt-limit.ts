/** Limits failed log-ins by address and by user name, before any password is checked. */
import { createHmac, randomBytes } from 'node:crypto';
import { Type } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import { RateLimiterMemory } from 'rate-limiter-flexible';
import { clientOf } from '../address.ts';

/** Failures that an address may have in {@link WINDOW}. */
const BY_ADDRESS = 10;
/** Failures that a user name may have, from anywhere: an attacker has many addresses. */
const BY_USER = 20;
/** s, from the first failure. */
const WINDOW = 60;
/**
 * Addresses, and names, are counted in so many buckets each, which bounds the memory. Who shares one is at random:
 * nobody can choose to share another's.
 */
const BUCKETS = 32_768;

const Snapshot = Type.Object({
  version: Type.Literal(1),
  storage: Type.Array(
    Type.Object({
      key: Type.String({ pattern: '^\\d{1,5}$' }),
      value: Type.Number(),
      expiresAt: Type.Number(),
    }),
    { maxItems: BUCKETS },
  ),
});

/** What {@link AttemptLimit.exportState} gives. */
const LimitState = Type.Object({
  salt: Type.String({ pattern: '^[0-9a-f]{32}$' }),
  byAddress: Snapshot,
  byUser: Snapshot,
});

/** A log-in that was let through to the check of its password. */
export interface Attempt {
  /** It went well, or was not checked: it does not count. */
  forgive(): Promise<void>;
}

export class AttemptLimit {
  private readonly byAddress = new RateLimiterMemory({ points: BY_ADDRESS, duration: WINDOW });
  private readonly byUser = new RateLimiterMemory({ points: BY_USER, duration: WINDOW });

  /** @param salt what decides who shares a bucket, 32 hexadecimal digits; tests give one that is known */
  constructor(private salt: string = randomBytes(16).toString('hex')) {}

  /** How long nobody at `address` may try to log in as `user`, in s; 0: now. */
  async wait(address: string, user: string): Promise<number> {
    const waits = [
      await waitOf(this.byAddress, this.bucketOf(clientOf(address)), BY_ADDRESS),
      await waitOf(this.byUser, this.bucketOf(user), BY_USER),
    ];
    return Math.max(...waits);
  }

  /** Counts a log-in as one that failed, until it is forgiven: many at once must not get through either. */
  async begin(address: string, user: string): Promise<Attempt> {
    const addressBucket = this.bucketOf(clientOf(address));
    const userBucket = this.bucketOf(user);
    await this.byAddress.penalty(addressBucket);
    await this.byUser.penalty(userBucket);
    return {
      forgive: async () => {
        await takeBack(this.byAddress, addressBucket);
        await takeBack(this.byUser, userBucket);
      },
    };
  }

  /** What the next version of this plugin needs. */
  exportState(): unknown {
    return { salt: this.salt, byAddress: this.byAddress.dump(), byUser: this.byUser.dump() };
  }

  /** Takes that over. @throws Error if this is no such state */
  importState(state: unknown): void {
    if (!Value.Check(LimitState, state)) throw new Error('the state of the log-in limit is damaged');
    this.salt = state.salt;
    this.byAddress.restore(state.byAddress);
    this.byUser.restore(state.byUser);
  }

  private bucketOf(name: string): string {
    const digest = createHmac('sha256', this.salt).update(name).digest();
    return String(digest.readUInt32BE(0) % BUCKETS);
  }
}

async function waitOf(limiter: RateLimiterMemory, bucket: string, points: number): Promise<number> {
  const state = await limiter.get(bucket);
  if (state === null || state.consumedPoints < points) return 0;
  return Math.max(0, Math.ceil(state.msBeforeNext / 1000));
}

/** Takes one failure back, unless the window in which it was counted is over. */
async function takeBack(limiter: RateLimiterMemory, bucket: string): Promise<void> {
  const state = await limiter.get(bucket);
  if (state !== null && state.consumedPoints > 0) await limiter.reward(bucket);
}
