/** Changes of the running configuration. */
import type { RouterName } from './daemon.ts';

/** A change of the configuration. */
export type ConfigurationChange =
  /** Sets a directive; a table is replaced as a whole. `value` undefined: removes it. Not for `vrouter`. */
  | { readonly op: 'set'; readonly path: readonly string[]; readonly value?: unknown }
  /** Adds a `[[vrouter]]`, behind the others. */
  | { readonly op: 'add-router'; readonly table: Readonly<Record<string, unknown>> }
  /** Changes directives of a `[[vrouter]]`: JSON Merge Patch (RFC 7396), `null` removes. */
  | {
      readonly op: 'change-router';
      readonly router: RouterName;
      readonly patch: Readonly<Record<string, unknown>>;
    }
  | { readonly op: 'remove-router'; readonly router: RouterName }
  /** Adds a table with a name of its own, behind the others (since 1.1). */
  | {
      readonly op: 'add-entry';
      readonly list: NamedTables;
      readonly table: Readonly<Record<string, unknown>>;
    }
  /** Changes directives of one (since 1.1): JSON Merge Patch (RFC 7396), `null` removes. */
  | {
      readonly op: 'change-entry';
      readonly list: NamedTables;
      readonly name: string;
      readonly patch: Readonly<Record<string, unknown>>;
    }
  /** Since 1.1. */
  | { readonly op: 'remove-entry'; readonly list: NamedTables; readonly name: string };

/** Arrays of tables whose `name` tells them apart: trackers (`[[track]]`) and groups (`[[sync]]`). */
export type NamedTables = 'track' | 'sync';

/** What to change, and how. */
export interface ChangeRequest {
  /** In this order. */
  readonly changes: readonly ConfigurationChange[];
  /** Masters that give up; they stand by then, and become Master again only if nobody else is. */
  readonly failOver?: readonly RouterName[];
  /**
   * Virtual routers that stand by from now on (since 1.1): Masters among them give up, one after the other, and none
   * becomes Master until it is resumed. Not together with changes or another such order; the answer comes when all is over.
   */
  readonly standby?: StandbyOrder;
  /** Virtual routers that stand by no longer (since 1.1). As `standby`. */
  readonly resume?: Pick<StandbyOrder, 'names'>;
  /** Only if the configuration in force still has this {@link RunningConfiguration.tag}. */
  readonly onlyIf?: string;
  /** Not written to the file: the next reload or start forgets it. */
  readonly temporary?: boolean;
  /** Only says what would come of it. */
  readonly dryRun?: boolean;
  /** Who asked for it, for the log. */
  readonly by?: string;
}

/** Which virtual routers are to stand by, and how. */
export interface StandbyOrder {
  /** Interfaces (`eth0`) and virtual routers (`eth0/7`, `eth0/7/ipv6/v3`), as on the command line; empty: all. */
  readonly names: readonly string[];
  /** Over after so many seconds, 1 to a year. Absent: when it is resumed. */
  readonly for?: number;
  /** Although no other router has been heard of that could take over, and whether one does or not. Default false. */
  readonly force?: boolean;
  /** So many Masters give up in a second, 0.1 to 1000. Default 10. */
  readonly rate?: number;
}

/** What came of a {@link StandbyOrder}; virtual routers as `eth0/7`. */
export interface StandbyResult {
  /** They stand by, or do so no longer. */
  readonly routers: readonly string[];
  /** Of them, those that were Master. */
  readonly moved: readonly string[];
  /** Nobody has taken over from them so far; only with `force`, otherwise that is a refusal. */
  readonly stuck: readonly string[];
  /** They were not touched any more: resumed meanwhile, or removed. */
  readonly left: readonly string[];
}

/** What came of a change. */
export type ChangeOutcome =
  | {
      readonly ok: true;
      /** Of the configuration in force now. */
      readonly tag: string;
      /** The configuration after the change, secrets hidden, also after a dry run. */
      readonly data: Readonly<Record<string, unknown>>;
      /** Warnings. */
      readonly issues: readonly ChangeIssue[];
      /** After `standby` and `resume` (since 1.1). */
      readonly standby?: StandbyResult;
    }
  | {
      readonly ok: false;
      readonly reason: ChangeRefusal;
      /** Why, more exactly: a code from the list in docs/operating.md. Since 0.3; absent before. */
      readonly code?: string;
      /** For the operator. */
      readonly message: string;
      readonly issues: readonly ChangeIssue[];
    };

/**
 * Why nothing was changed. `stale`: `onlyIf` does not hold. `missing`, `exists`: there is no such virtual router,
 * tracker or group, or there is one already. `invalid`: see `issues`. `conflict`: the file was edited since it was loaded, or the
 * virtual router cannot do what it is asked in its state. `failed`: a plugin or the kernel refused, or the file
 * cannot be written.
 */
export type ChangeRefusal = 'stale' | 'missing' | 'exists' | 'invalid' | 'conflict' | 'failed';

/** What is wrong with a configuration, or remarkable. */
export interface ChangeIssue {
  readonly severity: 'error' | 'warning' | 'notice';
  /** `vrouter[2].priority`; empty if it is about the whole. */
  readonly directive: string;
  /** As written; absent: there is none, or it is a secret. */
  readonly value?: string;
  /** What is wrong and what would be right. */
  readonly message: string;
}
