/** What the engine's sockets are there for, and which is which. */
import type { AddressFamily } from '../plugin/contracts/index.ts';
import type { HandedSocket } from '../threads/engine-messages.ts';

/** Advertisements to and from peers, by IP. */
export interface PeersUse {
  readonly kind: 'peers';
  /** Our address. */
  readonly source: string;
  /** Index of the interface that the source was taken from; 0: it may be on any. */
  readonly on: number;
  /** Index of the interface of a link-local source; else 0. */
  readonly scope: number;
}

/** What a socket is there for. */
export type Use =
  /** Advertisements of the multicast group, and announcements. */
  | { readonly kind: 'group' }
  /** Announcements alone. */
  | { readonly kind: 'announce' }
  /** To hear whether anything comes in at all, see ears.ts. */
  | { readonly kind: 'ear' }
  | PeersUse;

/** Advertisements of the multicast group, and announcements. */
export const GROUP: Use = { kind: 'group' };
/** Announcements alone. */
export const ANNOUNCE: Use = { kind: 'announce' };
/** To hear whether anything comes in at all. */
export const EAR: Use = { kind: 'ear' };

/** Identifies a socket: a link's index, a family, and what it is there for. */
export function groupKey(link: number, family: AddressFamily, use: Use = GROUP): string {
  if (use.kind === 'peers') return `${use.on}/${family}/${use.source}`;
  if (use.kind === 'ear') return `${link}/ear`;
  return use.kind === 'announce' ? `${link}/${family}/announce` : `${link}/${family}`;
}

/** The same of a socket that an engine before this one has had. */
export function handedKey({ link, family, announce, source, ear }: HandedSocket): string {
  if (ear) return groupKey(link, family, EAR);
  if (source !== undefined) return groupKey(0, family, { kind: 'peers', source, on: link, scope: 0 });
  return groupKey(link, family, announce ? ANNOUNCE : GROUP);
}
