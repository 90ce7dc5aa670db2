/**
 * The actuator: brings the kernel to what the engine wants, and keeps it there.
 *
 * One loop does everything that touches the kernel, one thing after the other, so a reading never sees half
 * of a change. What a virtual router wants is a level (`Wanted` of the state table), not a queue of orders:
 * values that pass before its turn cost nothing.
 */

import { describe, identityOf, interfaceOf } from '../plugin/resource.ts';
import { grouped } from '../shared/grouped.ts';
import { counted, firstOf } from '../shared/words.ts';
import { Changes } from './changes.ts';
import { type Holding, Holdings } from './holdings.ts';
import { Leases } from './leases.ts';
import { sift } from './leftovers.ts';
import { Masters } from './masters.ts';
import type { ActuatorParts } from './parts.ts';
import { Urgency } from './urgency.ts';
import { View } from './view.ts';
import { WakeUp } from './wake-up.ts';
import { Watcher } from './watcher.ts';

/** Interfaces whose leftovers are taken back at once, where leases may have to be renewed. */
const TAKEN_BACK = 512;

/**
 * An actuator without work rehearses at once, and so often, in ms: Node.js throws away the compiled code of what has not
 * run for some collections of garbage (V8's bytecode flushing).
 */
const REHEARSE_EVERY = 300_000;

/**
 * So many ms of work at most before news, rings and the order to stop have their turn: in between, the news of what we have
 * just done ourselves would hold up the rest of a take-over.
 */
const AT_A_STRETCH = 10;

/** See the file's comment. */
export class Actuator {
  private readonly holdings = new Holdings();
  private readonly wakeUp = new WakeUp();
  private readonly changes: Changes;
  private readonly masters: Masters;
  private readonly leases: Leases;
  private readonly watcher: Watcher;
  private readonly urgency: Urgency;
  private stopping: 'take back' | 'leave' | undefined;
  /** Not before this monotonic time in ms it rehearses. */
  private rehearsesAt = 0;
  /** Something is to go once its address is where it is wanted now. */
  private awaits = false;

  constructor(private readonly parts: ActuatorParts) {
    const { plugins, journal } = parts;
    this.changes = new Changes(this.holdings, plugins.drivers, journal, new View());
    this.masters = new Masters(parts, this.holdings, this.changes);
    this.leases = new Leases(parts, this.holdings, this.changes, parts.clock);
    this.masters.leases = this.leases;
    this.urgency = new Urgency(
      (urgent) => parts.hurry?.(urgent),
      () => performance.now(),
    );
    this.watcher = new Watcher(parts, this.holdings, this.changes, this.masters, () => this.wakeUp.ring());
  }

  /**
   * Takes back what an earlier run left in the kernel, unless a present Master wants it; then tells the
   * engine the links. A virtual address that stayed would make us take ourselves for its owner.
   * @throws Error if the kernel cannot be read
   */
  async start(): Promise<void> {
    await this.adoptLeftovers();
    await this.watcher.read();
    this.masters.claimPresent();
    await this.leases.renewAll(); // some time has passed since the actuator before this one did
    await this.watcher.verify();
    const all = this.holdings.orphans();
    const orphans = this.masters.removable(all);
    this.awaits = orphans.length < all.length;
    if (all.length > 0) {
      this.parts.log(
        'info', // after a crash; and at each reload that removes something, or has a Master give up
        `taking back ${counted(all.length, 'thing')} in the kernel that no virtual router wants (any more)`,
      );
      const lists = byInterface(orphans);
      while (lists.length > 0) {
        await this.takeBack(lists.splice(0, this.leases.any ? TAKEN_BACK : lists.length));
        await this.leases.renewAll();
      }
      await this.watcher.read();
    }
    for (const advice of this.masters.advise()) this.parts.log('warn', advice);
    this.watcher.tellLinks();
    this.watcher.startAudits();
  }

  /** `Wanted` of some slots may have changed. */
  wantedChanged(): void {
    this.wakeUp.ring();
  }

  /** Works until {@link stop}; then takes everything back, or leaves it to another actuator. */
  async run(): Promise<void> {
    let turned = performance.now();
    while (!this.stopping) {
      this.urgency.work();
      const now = performance.now();
      if (now >= this.watcher.due) {
        await this.watcher.work();
        this.watcher.tellLinks();
      }
      if (this.leases.wait <= 0) await this.leases.work();
      const more = await this.masters.work();
      if (this.awaits) await this.takeBackAwaited();
      const done = performance.now();
      if (more <= done && done - turned < AT_A_STRETCH) continue;
      await new Promise(setImmediate); // lets rings, news and the order to stop in
      turned = performance.now();
      if (this.stopping) break;
      const due = Math.min(more, this.watcher.due) - performance.now();
      const pause = Math.min(due, this.leases.wait);
      if (pause > 0 && !this.wakeUp.rung) {
        this.urgency.rest();
        if (await this.rehearse()) continue; // in small pieces: something may be wanted meanwhile
      }
      await this.wakeUp.sleep(pause);
    }
    this.urgency.end();
    if (this.stopping === 'take back') {
      await this.watcher.tryRead(); // names may have changed hands since the last reading
      const { protocols, routers } = this.masters.releaseAll();
      await this.takeBack([protocols]);
      await this.takeBack(routers);
      await this.takeBack(byInterface(this.holdings.orphans()));
    }
    // The next actuator takes a while until it renews them.
    else await this.leases.renewAll();
    this.close();
  }

  /** Rehearses if it is time to. @returns whether it has */
  private async rehearse(): Promise<boolean> {
    const now = performance.now();
    if (now < this.rehearsesAt) return false;
    const again = await this.parts.rehearse?.();
    if (again !== true) this.rehearsesAt = now + REHEARSE_EVERY;
    return true;
  }

  /** Ends {@link run}. */
  stop(how: 'take back' | 'leave'): void {
    this.stopping = how;
    this.wakeUp.ring();
  }

  /** Gives back every descriptor. What is still ours stays in the journal. */
  close(): void {
    for (const driver of this.parts.plugins.drivers.values()) driver.close();
    this.parts.journal.close();
  }

  /** Makes holdings of what is left of an earlier run, as far as it can be told to be ours. */
  private async adoptLeftovers(): Promise<void> {
    const { journal, plugins, log } = this.parts;
    const entries = journal.list();
    if (entries.length === 0) return;
    const view = new View((await plugins.drivers.values().next().value?.links()) ?? []);
    const { ours, strangers } = sift(entries, view);
    const known = new Set(ours);
    for (const entry of entries) if (!known.has(entry)) journal.strike(identityOf(entry.resource));
    const unknown = new Set(entries);
    for (const entry of ours) {
      if (!unknown.has(entry)) journal.add(entry);
      this.holdings.adopt(entry);
    }
    journal.flush();
    if (strangers.length === 0) return;
    log(
      'warn',
      `left alone what an earlier run may have put into the kernel, because nothing proves that it is ours: ` +
        firstOf(strangers.map(({ resource }) => describe(resource))),
    );
  }

  private async takeBackAwaited(): Promise<void> {
    const all = this.holdings.orphans();
    const orphans = this.masters.removable(all);
    this.awaits = orphans.length < all.length;
    if (orphans.length > 0) await this.takeBack(byInterface(orphans));
  }

  private async takeBack(lists: readonly (readonly Holding[])[]): Promise<void> {
    for (const [{ resource }, { errno, message }] of await this.changes.takeBack(lists)) {
      this.parts.log('error', `cannot take back the ${describe(resource)}: ${message}`, { errno });
    }
  }
}

/** Lists to take back side by side: interfaces don't wait for each other. */
function byInterface(holdings: readonly Holding[]): Holding[][] {
  return [...grouped(holdings, ({ resource }) => interfaceOf(resource) ?? '').values()];
}
