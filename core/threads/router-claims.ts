/**
 * Which virtual routers this process runs in its network namespace: no two processes may run the same one (interface,
 * VRID, address family). They would be Master with one virtual MAC address, and not hear each other.
 */
import type { RouterIdentity } from '../config/identity.ts';
import { native } from '../native/index.ts';
import { descriptorLimit } from '../shared/descriptor-limit.ts';
import { messageOf } from '../shared/errors.ts';

/**
 * What a claim is for: the identity of a virtual router, its interface by index, because names change hands. Both versions
 * share one: a process can run them side by side.
 */
export interface ClaimedRouter extends Omit<RouterIdentity, 'interface' | 'version'> {
  /** Index of its interface. */
  readonly index: number;
}

/** The name that a virtual router is claimed by. */
export function claimName({ index, vrid, family }: ClaimedRouter): string {
  return `rvrrpd/vr/${index}/${vrid}/${family}`;
}

/** Reverse of {@link claimName}. */
export function claimedRouter(name: string): ClaimedRouter {
  const [index = 0, vrid = 0, family] = name.split('/').slice(2).map(Number);
  return { index, vrid, family: family === 6 ? 6 : 4 };
}

/** Descriptors that are left for everything else, where the limit allows. */
const RESERVE = 256;

/** Claims of one thread; the process has a router as long as one of its threads claims it. */
export class RouterClaims {
  private readonly claims = new native.Claims();
  private readonly highest = highestDescriptor();
  private told = false;

  /** @param onUnguarded told once should a claim fail for want of descriptors or the like: the router runs without */
  constructor(private readonly onUnguarded: (reason: string) => void) {}

  /** @returns false if another process has it */
  take(name: string): boolean {
    try {
      return this.claims.take(name, this.highest);
    } catch (error) {
      if (!this.told) this.onUnguarded(messageOf(error));
      this.told = true;
      return true;
    }
  }

  release(name: string): void {
    this.claims.release(name);
  }

  /** Process ids of those who wanted what we have since the last call. */
  callers(): { readonly name: string; readonly pid: number }[] {
    return this.claims.callers();
  }
}

/** The process that has a claim, undefined if it cannot be told. That process learns that we asked. */
export function claimantOf(name: string): number | undefined {
  try {
    return native.claimant(name) || undefined;
  } catch {
    return undefined; // no descriptor left: the answer is only for a message
  }
}

function highestDescriptor(): number {
  const limit = descriptorLimit() ?? 0x7fffffff;
  return Math.max(limit - RESERVE, Math.floor(limit / 2));
}
