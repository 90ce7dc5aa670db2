/**
 * Which virtual routers stand by, as an operator asked, and until when: kept in a file, so that it holds over reloads,
 * restarts and crashes, and over reboots where the file does.
 */
import { mkdir, open, rename } from 'node:fs/promises';
import path from 'node:path';
import { type RouterIdentity, routerKey } from '../config/identity.ts';
import { messageOf } from '../shared/errors.ts';
import { readRegularFileSync } from '../shared/read-file.ts';
import type { HeldSlot } from '../threads/engine-messages.ts';

/** A timer may run for so many ms at most (a day); what is due later is looked at again then. */
const LONGEST_TIMER = 86_400_000;

/** A virtual router that stands by. */
interface Entry {
  readonly router: RouterIdentity;
  /** When that is over, ms since the epoch, for whoever asks; 0: not by itself. */
  readonly until: number;
  /** How long it was asked for, in ms; 0 as above. */
  readonly lasts: number;
  /** When it is over, on the clock that nobody sets; infinite as above. */
  readonly due: number;
}

/** First line of the file. */
const HEADER = { standby: 1 } as const;

/** Clocks and timers; tests make them up. */
export interface KeeperTime {
  /** ms since the epoch. */
  epoch(): number;
  /** Monotonic ms. */
  now(): number;
  /** @returns calls it off */
  after(ms: number, then: () => void): () => void;
}

/** The real ones. */
export const REAL_TIME: KeeperTime = {
  epoch: () => Date.now(),
  now: () => performance.now(),
  after: (ms, then) => {
    const timer = setTimeout(then, ms).unref();
    return () => clearTimeout(timer);
  },
};

/** See the file's comment. */
export class StandbyKeeper {
  private readonly entries = new Map<string, Entry>();
  private callOff: () => void = () => {};
  /** The write under way, and whether another one has to follow. */
  private writing: Promise<void> | undefined;
  private dirty = false;
  /** Why the file cannot be written; undefined: it can. */
  private fault: string | undefined;
  /** Told why the file cannot be written; undefined: it can again. */
  onTrouble: (text: string | undefined) => void = () => {};
  /** Told whose time is over; they do not stand by any more. */
  onDue: (routers: readonly RouterIdentity[]) => void = () => {};

  /** Reads the file. One that is not there, or damaged, is none. @param file absent: nothing is kept */
  constructor(
    private readonly file?: string,
    private readonly time: KeeperTime = REAL_TIME,
  ) {
    let lines: string[];
    try {
      lines = file === undefined ? [] : readRegularFileSync(file).toString('utf8').split('\n');
    } catch {
      return; // the first start
    }
    const [first = '', ...rest] = lines;
    if ((parsed(first) as Partial<typeof HEADER> | undefined)?.standby !== 1) return;
    for (const line of rest) this.read(parsed(line));
    this.watch();
  }

  /** Those of these virtual routers that stand by. */
  heldSlots(routers: readonly RouterIdentity[]): HeldSlot[] {
    return routers.flatMap((router, slot) => {
      const until = this.entryOf(router, routers)?.until;
      return until === undefined ? [] : [{ slot, held: true, until }];
    });
  }

  /** Whether it stands by. */
  isHeld(router: RouterIdentity): boolean {
    return this.entries.has(routerKey(router));
  }

  /**
   * They stand by from now on. Resolves when the file says so, or cannot.
   * @param lasts ms; 0: not over by itself
   * @returns when it is over, ms since the epoch; 0 as above
   */
  async hold(routers: readonly RouterIdentity[], lasts: number): Promise<number> {
    const until = lasts === 0 ? 0 : this.time.epoch() + lasts;
    const due = lasts === 0 ? Number.POSITIVE_INFINITY : this.time.now() + lasts;
    for (const { interface: on, vrid, family, version } of routers) {
      const router = { interface: on, vrid, family, version };
      this.entries.set(routerKey(router), { router, until, lasts, due });
    }
    this.watch();
    await this.save();
    return until;
  }

  /** They do not stand by any more. As {@link hold}. */
  async release(routers: readonly RouterIdentity[]): Promise<void> {
    let some = false;
    for (const router of routers) some = this.entries.delete(routerKey(router)) || some;
    if (!some) return;
    this.watch();
    await this.save();
  }

  /**
   * A configuration is in force: a router that goes on with the other version of VRRP stands by as before. Those that are
   * not configured stay known, they may come back.
   */
  follow(routers: readonly RouterIdentity[]): void {
    for (const router of routers) {
      const entry = this.entryOf(router, routers);
      const key = routerKey(router);
      if (entry === undefined || this.entries.has(key)) continue;
      this.entries.delete(routerKey(entry.router));
      const { interface: on, vrid, family, version } = router;
      this.entries.set(key, { ...entry, router: { interface: on, vrid, family, version } });
      void this.save();
    }
  }

  /** Why what stands by would not be known after a restart; undefined: it would. */
  get trouble(): string | undefined {
    return this.fault;
  }

  /** Its own, or that of the other version, if that is not configured. */
  private entryOf(router: RouterIdentity, routers: readonly RouterIdentity[]): Entry | undefined {
    if (this.entries.size === 0) return undefined;
    const own = this.entries.get(routerKey(router));
    if (own) return own;
    const other = routerKey({ ...router, version: router.version === 2 ? 3 : 2 });
    const entry = this.entries.get(other);
    return entry && routers.some((each) => routerKey(each) === other) ? undefined : entry;
  }

  private read(line: unknown): void {
    const {
      interface: on,
      group: vrid,
      family,
      version,
      until,
      lasts,
    } = (line ?? {}) as Record<string, unknown>;
    if (typeof on !== 'string' || typeof vrid !== 'number') return;
    if ((family !== 4 && family !== 6) || (version !== 2 && version !== 3)) return;
    if (typeof until !== 'number' || typeof lasts !== 'number') return;
    const router: RouterIdentity = { interface: on, vrid, family, version };
    // The clock may have been set since: never for longer than it was asked for.
    const left = Math.min(until - this.time.epoch(), lasts);
    const due = until === 0 ? Number.POSITIVE_INFINITY : this.time.now() + left;
    if (until === 0 || left > 0) this.entries.set(routerKey(router), { router, until, lasts, due });
  }

  /** Waits for whoever is due next. */
  private watch(): void {
    this.callOff();
    const next = Math.min(...[...this.entries.values()].map(({ due }) => due));
    if (next === Number.POSITIVE_INFINITY) return;
    const pause = Math.min(Math.max(0, next - this.time.now()), LONGEST_TIMER);
    this.callOff = this.time.after(pause, () => this.look());
  }

  private look(): void {
    const now = this.time.now();
    const over = [...this.entries.values()].filter(({ due }) => due <= now).map(({ router }) => router);
    for (const router of over) this.entries.delete(routerKey(router));
    this.watch();
    if (over.length === 0) return;
    void this.save();
    this.onDue(over);
  }

  /** Writes the file; what is asked for while it is written follows. */
  private save(): Promise<void> {
    this.dirty = true;
    this.writing ??= this.write().finally(() => {
      this.writing = undefined;
    });
    return this.writing;
  }

  private async write(): Promise<void> {
    while (this.dirty) {
      this.dirty = false;
      const lines = [...this.entries.values()].map(
        ({ router: { vrid: group, ...router }, until, lasts }) => ({
          ...{ ...router, group, until, lasts },
        }),
      );
      const text = [HEADER, ...lines].map((line) => `${JSON.stringify(line)}\n`).join('');
      const failed = await this.replace(text).then(
        () => undefined,
        (error: unknown) =>
          `which routers stand by cannot be written: ${messageOf(error)}: a restart would not know of it`,
      );
      if (failed === this.fault) continue;
      this.fault = failed;
      this.onTrouble(failed);
    }
  }

  private async replace(text: string): Promise<void> {
    if (this.file === undefined) return;
    const next = `${this.file}.new`;
    await mkdir(path.dirname(this.file), { recursive: true, mode: 0o750 });
    const handle = await open(next, 'w', 0o600);
    try {
      await handle.writeFile(text);
      await handle.sync(); // a reboot may follow at once
    } finally {
      await handle.close();
    }
    await rename(next, this.file);
  }
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
