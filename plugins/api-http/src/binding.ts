/** Getting hold of a place to listen at, and moving from one to another. */
import { setTimeout as delay } from 'node:timers/promises';
import type { ListenAddress } from './address.ts';
import type { Listener } from './listener.ts';
import { messageOf } from './reasons.ts';

/** ms between two attempts. */
const PAUSE = 50;

/**
 * Binds a listener.
 * @param patience ms for which the port may be in use: a predecessor is about to give it back
 * @param signal ends the patience
 * @throws Error that says why it cannot, and what to do
 */
export async function bind(listener: Listener, patience: number, signal?: AbortSignal): Promise<void> {
  const deadline = performance.now() + patience;
  for (;;) {
    try {
      await listener.bind();
      return;
    } catch (error) {
      const code = codeOf(error);
      if (code !== 'EADDRINUSE' || performance.now() >= deadline || signal?.aborted) {
        throw new Error(refusalOf(listener.settings.address, code));
      }
    }
    await delay(PAUSE);
  }
}

/**
 * Makes sure that `next` can be bound in the place of `current`, which goes on. Then `next` is bound, or it is not
 * because `current` has its port: {@link takeOver} binds it then.
 * @throws Error if it cannot be bound
 */
export async function tryOut(next: Listener, current: Listener): Promise<void> {
  const there = current.settings.address;
  const { address } = next.settings;
  if (sameAddress(address, there)) return;
  const overlaps = address.port === there.port && address.port !== 0;
  try {
    await next.bind();
  } catch (error) {
    if (codeOf(error) !== 'EADDRINUSE' || !overlaps) throw new Error(refusalOf(address, codeOf(error)));
    // It may be ourselves who have the port, on another address or on all of them.
    current.unbind();
    try {
      await bind(next, 0);
      next.unbind();
    } finally {
      await bind(current, PAUSE);
    }
  }
}

/**
 * Lets `next` listen, and `current` no longer.
 * @throws Error if it cannot: `current` goes on
 */
export async function takeOver(next: Listener, current: Listener): Promise<void> {
  if (!next.bound) {
    current.unbind();
    try {
      await bind(next, 0);
    } catch (error) {
      await bind(current, PAUSE);
      throw error;
    }
  }
  next.admitting = true;
  current.unbind();
}

/** Whether they are one place. */
export function sameAddress(a: ListenAddress, b: ListenAddress): boolean {
  return a.host === b.host && a.port === b.port;
}

/** `0.0.0.0:7080`, `[::]:7080`. */
export function textOf({ host, port }: ListenAddress): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

function refusalOf(address: ListenAddress, code: string): string {
  const where = `the API cannot listen at ${textOf(address)} (api.host)`;
  switch (code) {
    case 'EADDRINUSE':
      return `${where}: another process has this port. "ss -ltnp" shows which`;
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return `${where}: this machine has no such address`;
    case 'EACCES':
      return `${where}: ports below 1024 need the capability CAP_NET_BIND_SERVICE`;
    default:
      return `${where}: ${code}`;
  }
}

function codeOf(error: unknown): string {
  if (error instanceof Error && 'code' in error) return String(error.code);
  return messageOf(error);
}
