/**
 * Password hashes of user lines: making them, checking passwords against them.
 *
 * - `SHA256`: SHA-256 over password and salt, for lines of older routers. It is fast, so a stolen line is soon
 *   guessed.
 * - `SCRYPT`: scrypt (RFC 7914), its salt and cost inside the hash: `$rscrypt$0$P$S$H$`.
 */
import { createHash, randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import type { User } from './user-line.ts';

/** Algorithms that passwords can be hashed with and checked against. */
export const HASH_ALGORITHMS = ['SCRYPT', 'SHA256'] as const;
/** One of {@link HASH_ALGORITHMS}. */
export type HashAlgorithm = (typeof HASH_ALGORITHMS)[number];

/** The parts of a user line that come of the password. */
export type PasswordHash = Pick<User, 'algorithm' | 'salt' | 'hash'>;

/** What scrypt costs (RFC 7914 §2). */
export interface ScryptCost {
  /** log2 of the CPU and memory cost N. */
  readonly logN: number;
  /** Block size in units of 128 octets. */
  readonly r: number;
  /** Parallelization. */
  readonly p: number;
}

/**
 * The OWASP Password Storage Cheat Sheet's minimum for scrypt: N = 2^17, r = 8, p = 1. 128 MiB and some tenths
 * of a second for each password.
 */
export const SCRYPT_COST: ScryptCost = { logN: 17, r: 8, p: 1 };

/** Octets. A line that needs more is refused: checking a password must not bring the machine down. */
const MOST_MEMORY = 1 << 30;
/** Blocks of 128 octets to mix, `2 N r p` times over; OWASP's cost is 2^20 of them. */
const MOST_WORK = 1 << 23;

const SCRYPT_SALT = 16;
const SCRYPT_KEY = 32;
const SHA256_SALT = 8;

/** A hash that can't be checked; the message says why, and names neither hash nor password. */
export class PasswordHashError extends Error {
  override readonly name = 'PasswordHashError';
}

/**
 * Hashes a new password with a fresh random salt.
 * @param cost of scrypt
 */
export async function hashPassword(
  password: string,
  algorithm: HashAlgorithm = 'SCRYPT',
  cost: ScryptCost = SCRYPT_COST,
): Promise<PasswordHash> {
  if (algorithm === 'SHA256') {
    const salt = BigInt(`0x${randomBytes(SHA256_SALT).toString('hex')}`).toString(16); // no leading zeros
    return { algorithm, salt, hash: sha256(password, salt).toString('hex') };
  }
  const salt = randomBytes(SCRYPT_SALT);
  const key = await deriveKey(password, salt, cost, SCRYPT_KEY);
  const parameters = Buffer.from([cost.logN, cost.r, cost.p]);
  const hash = `$rscrypt$0$${[parameters, salt, key].map((part) => part.toString('base64')).join('$')}$`;
  return { algorithm, salt: '', hash };
}

/**
 * Whether a password is the one that a hash was made of. The comparison takes constant time.
 * @throws PasswordHashError if the hash is of no known algorithm, damaged, or too costly to check
 */
export async function verifyPassword(hash: PasswordHash, password: string): Promise<boolean> {
  switch (hash.algorithm) {
    case 'SHA256':
      if (!/^[0-9A-Fa-f]{64}$/.test(hash.hash)) {
        throw new PasswordHashError('a SHA256 hash must be 64 hexadecimal digits');
      }
      return timingSafeEqual(sha256(password, hash.salt), Buffer.from(hash.hash, 'hex'));
    case 'SCRYPT': {
      const { cost, salt, key } = parseScrypt(hash.hash);
      return timingSafeEqual(await deriveKey(password, salt, cost, key.length), key);
    }
    default:
      throw new PasswordHashError(
        `no algorithm is called ${hash.algorithm}: there is ${HASH_ALGORITHMS.join(' and ')}`,
      );
  }
}

/** SHA-256 over the password, followed by the salt as it is written. */
function sha256(password: string, salt: string): Buffer {
  return createHash('sha256').update(password).update(salt).digest();
}

const BASE64 = '[A-Za-z0-9+/]+={0,2}';
const RSCRYPT = new RegExp(`^\\$rscrypt\\$([01])\\$(${BASE64})\\$(${BASE64})\\$(${BASE64})\\$$`);

/** Takes `$rscrypt$…` apart: format 0 has `log2 N, r, p` in an octet each, format 1 r and p in 4 (little-endian). */
function parseScrypt(text: string): { cost: ScryptCost; salt: Buffer; key: Buffer } {
  const damaged = new PasswordHashError('a SCRYPT hash must be $rscrypt$0$…$…$…$ or $rscrypt$1$…$…$…$');
  const match = RSCRYPT.exec(text);
  if (match === null) throw damaged;
  const [, format] = match;
  const [parameters, salt, key] = match.slice(2).map((part) => Buffer.from(part, 'base64')) as [
    Buffer,
    Buffer,
    Buffer,
  ];
  // A short key would make guessing it easier than guessing the password.
  if (parameters.length !== (format === '0' ? 3 : 9) || key.length < 16) throw damaged;
  const cost =
    format === '0'
      ? { logN: parameters[0]!, r: parameters[1]!, p: parameters[2]! }
      : { logN: parameters[0]!, r: parameters.readUInt32LE(1), p: parameters.readUInt32LE(5) };
  if (cost.logN < 1 || cost.r < 1 || cost.p < 1) throw damaged;
  return { cost, salt, key };
}

function deriveKey(password: string, salt: Buffer, cost: ScryptCost, length: number): Promise<Buffer> {
  const { logN, r, p } = cost;
  const N = 2 ** logN;
  // N and p blocks of 128 r octets are held (RFC 7914 §5 and §6).
  const memory = 128 * r * (N + p);
  if (memory > MOST_MEMORY || N * r * p > MOST_WORK) {
    throw new PasswordHashError(`scrypt with N = 2^${logN}, r = ${r}, p = ${p} costs too much to be checked`);
  }
  return new Promise((resolve, reject) => {
    // `maxmem` is a limit of our own: some blocks of working space come on top.
    scrypt(password, salt, length, { N, r, p, maxmem: memory + 1024 * r + (1 << 20) }, (error, key) =>
      error ? reject(error) : resolve(key),
    );
  });
}
