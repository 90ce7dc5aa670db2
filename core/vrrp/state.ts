/** State of a virtual router. The first three are RFC 3768 §6.3's. */
export const State = {
  Initialize: 0,
  Backup: 1,
  Master: 2,
  /** Initialize, because it cannot run: its interface is missing, down or without an address. */
  Down: 3,
} as const;
/** One of {@link State}. */
export type State = (typeof State)[keyof typeof State];

/** Names of {@link State}, as the API and the log show them. */
export const STATE_NAMES = ['Init', 'Backup', 'Master', 'Down'] as const;
