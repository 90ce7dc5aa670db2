/**
 * One tracker: when it is checked, and what comes of it. It goes on whatever becomes of the plugin's thread: a check that
 * nobody has answered in time has failed. Time and thread are handed in.
 */
import { type TrackCell, Verdict } from '../../threads/track-cell.ts';
import { Judge, type JudgeState, type TrackRules } from './judge.ts';

/**
 * What a check is given beyond its own time before it counts as failed without an answer, in ms: its plugin ends it in
 * time as a rule, and a thread that has crashed is there again. A busy host must not fail anybody.
 */
export const GRACE = 2000;

/** A plugin that tells of changes without end is checked no sooner than so many ms after the last check. */
const LEAST_PAUSE = 25;

/** When a tracker is checked, and what its results come to. */
export type RunnerRules = TrackRules & { readonly interval: number; readonly timeout: number };

/** What a runner needs of the world. */
export interface RunnerWorld {
  /** Monotonic ms. */
  readonly now: () => number;
  /** ms since the epoch. */
  readonly date: () => number;
  /** Calls back after so many ms. @returns what calls that off */
  readonly after: (ms: number, then: () => void) => () => void;
  /** Told that the verdict, or the weight, is another one. */
  readonly onVerdict: (runner: TrackRunner, before: Verdict) => void;
}

/** The thread that checks, as it is at the moment. */
export interface Checker {
  /** Why it does not check now; undefined: it does. */
  readonly silence: string | undefined;
  /** Has it check once. */
  ask(): void;
  /** A check that it was asked for is not answered: nothing in that thread goes on. */
  isStuck(): void;
}

/** What a check has found, as the plugin's thread reports it. */
export interface CheckResult {
  readonly up: boolean;
  readonly words: string;
  readonly weight?: number;
}

/** What a tracker has come to, for another process. */
export interface TrackerState extends JudgeState {
  /** When the verdict changed last, ms since the epoch. */
  readonly since: number;
  readonly words: string;
  readonly weight: number | undefined;
}

/** See the file's comment. */
export class TrackRunner {
  private readonly judge: Judge;
  private checker: Checker | undefined;
  private since: number;
  private words = 'not checked yet';
  private weight: number | undefined;
  /** When the check that is under way was due, or the next one is; monotonic ms. */
  private due: number;
  /** When the thread was asked for the check that is due; undefined: it was not. */
  private asked: number | undefined;
  /** When the last check was over. */
  private checked = Number.NEGATIVE_INFINITY;
  /** It is to be checked once more, as soon as this check is over. */
  private again = false;
  private callOff: () => void = () => {};

  /**
   * @param name of the tracker
   * @param cell takes the verdict
   * @param running see `Judge`
   */
  constructor(
    readonly name: string,
    private rules: RunnerRules,
    readonly cell: TrackCell,
    private readonly world: RunnerWorld,
    running: boolean,
  ) {
    this.judge = new Judge(rules, running);
    this.since = world.date();
    this.due = world.now();
    this.write();
  }

  get verdict(): Verdict {
    return this.judge.verdict;
  }

  /** Of the last check. */
  get lastWords(): string {
    return this.words;
  }

  /** What it has come to. */
  get state(): TrackerState {
    const { since, words, weight } = this;
    return { ...this.judge.state(this.world.now()), since, words, weight };
  }

  /** Goes on with what that of another process has come to; before {@link follow}. */
  inherit({ since, words, weight, ...judged }: TrackerState): void {
    this.judge.inherit(judged, this.world.now());
    this.since = since;
    this.words = words;
    this.weight = weight;
    this.write();
  }

  /** Goes on with other rules, and another thread: what was counted stays. Begins, the first time. */
  follow(rules: RunnerRules, checker: Checker): void {
    const { now } = this.world;
    const isOther = checker !== this.checker;
    // It begins now: until here others of the generation were waited for.
    if (!this.checker) this.due = now();
    if (rules.interval !== this.rules.interval && this.asked === undefined)
      this.due = Math.min(this.due, now() + rules.interval);
    this.rules = rules;
    this.judge.follow(rules, now());
    // It is checked when what has recovered counts: that may be sooner by now.
    if (this.judge.heldUntil > 0 && this.asked === undefined)
      this.due = Math.min(this.due, this.judge.heldUntil);
    this.write();
    this.checker = checker;
    if (isOther) this.asked = undefined; // the one before is not listened to any more
    this.plan();
  }

  /** Ends it. */
  stop(): void {
    this.callOff();
    this.checker = undefined;
  }

  /** The thread can be asked, again perhaps. */
  ready(): void {
    this.asked = undefined;
    this.plan();
  }

  /** The thread is gone: a check that is under way is made up for by the next one. */
  lost(): void {
    this.asked = undefined;
    this.plan();
  }

  /** The plugin has seen something: it is checked at once. */
  changed(): void {
    if (this.asked !== undefined) this.again = true;
    else {
      this.due = Math.min(this.due, Math.max(this.world.now(), this.checked + LEAST_PAUSE));
      this.plan();
    }
  }

  /** A check is over. */
  found({ up, words, weight }: CheckResult): void {
    if (this.asked === undefined) return; // it had been given up
    this.conclude(up, words, weight);
  }

  private conclude(up: boolean, words: string, weight: number | undefined): void {
    const { judge, world, rules } = this;
    const now = world.now();
    const before = judge.verdict;
    const hasTurned = judge.judge(up, now);
    if (hasTurned) this.since = world.date();
    this.words = words;
    // A weight belongs to the verdict: that of a result which does not count (yet) does not either.
    const counts = (judge.verdict === Verdict.Up) === up;
    const weightBefore = this.weight;
    if (counts) this.weight = weight;
    this.write();
    this.checked = now;
    this.due = Math.max(now + LEAST_PAUSE, this.again ? 0 : this.due + rules.interval);
    if (judge.heldUntil > 0) this.due = Math.max(now + LEAST_PAUSE, Math.min(this.due, judge.heldUntil));
    this.again = false;
    this.asked = undefined;
    this.plan();
    if (hasTurned || this.weight !== weightBefore) world.onVerdict(this, before);
  }

  /** Asks if it is time, and sees to it that it is looked at again when there is something to do. */
  private plan(): void {
    this.callOff();
    const { checker, world, rules } = this;
    if (!checker) return;
    const now = world.now();
    if (now < this.due) {
      this.callOff = world.after(this.due - now, () => this.plan());
      return;
    }
    if (this.asked === undefined && checker.silence === undefined) {
      this.asked = now;
      checker.ask();
    }
    // Of a thread that is there, from when it was asked; of one that is not, from when it should have been.
    const end = (this.asked ?? this.due) + rules.timeout + GRACE;
    // What has arrived while this thread was busy is heard first: a timer comes before messages.
    this.callOff = world.after(Math.max(0, end - now), () => {
      this.callOff = world.after(0, () => this.giveUp());
    });
  }

  private giveUp(): void {
    const { checker, asked } = this;
    if (!checker) return;
    const seconds = (this.rules.timeout + GRACE) / 1000;
    const why = checker.silence ?? `no answer within ${seconds} s: its plugin is stuck`;
    this.conclude(false, why, undefined);
    if (asked !== undefined && checker.silence === undefined) checker.isStuck();
  }

  private write(): void {
    const { judge, world } = this;
    const held = judge.heldUntil === 0 ? 0 : world.date() + judge.heldUntil - world.now();
    const content = {
      verdict: judge.verdict,
      weight: this.weight,
      since: this.since,
      heldUntil: Math.round(held),
      words: this.words,
    };
    const { verdict, weight, since, heldUntil, words } = this.cell.read();
    const isSame =
      verdict === content.verdict &&
      weight === content.weight &&
      since === content.since &&
      words === content.words;
    if (!isSame || Math.abs(heldUntil - content.heldUntil) > 50) this.cell.write(content);
  }
}
