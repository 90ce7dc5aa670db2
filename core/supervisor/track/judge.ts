/** From results of checks to the verdict that counts: rise, fall, hold. Pure. */
import type { TrackerConfig } from '../../config/model.ts';
import { Verdict } from '../../threads/track-cell.ts';

/** What verdicts go by. Times in ms. */
export type TrackRules = Pick<TrackerConfig, 'rise' | 'fall' | 'hold' | 'initial'>;

/** What a judge has come to, for one in another process. */
export interface JudgeState {
  readonly verdict: Verdict;
  /** ms until what has recovered counts as up; 0: it does not recover. */
  readonly held: number;
  readonly good: number;
  readonly bad: number;
  readonly hasFailed: boolean;
}

/** What one tracker's results have come to. */
export class Judge {
  verdict: Verdict;
  /** When what has recovered counts as up, monotonic ms; 0: it does not recover. */
  heldUntil = 0;
  /** Good results in a row, and failed ones: one of them is 0. */
  private good = 0;
  private bad = 0;
  /** Checks have found it down: `initial` alone is nothing to recover from. */
  private hasFailed = false;

  /**
   * @param running there are virtual routers by now that run without it: they go on until there is a verdict, so that
   * one which is down at first is one without a verdict
   */
  constructor(
    private rules: TrackRules,
    running: boolean,
  ) {
    const { initial } = rules;
    this.verdict =
      initial === 'up' ? Verdict.Up : initial === 'down' && !running ? Verdict.Down : Verdict.None;
  }

  /**
   * Goes by other rules: what was counted stays. Of a hold that has begun no more than the new one is left.
   * @param now monotonic ms
   */
  follow(rules: TrackRules, now: number): void {
    this.rules = rules;
    if (this.heldUntil > 0) this.heldUntil = Math.min(this.heldUntil, now + rules.hold);
  }

  /** @param now monotonic ms */
  state(now: number): JudgeState {
    const { verdict, heldUntil, good, bad, hasFailed } = this;
    return { verdict, held: heldUntil === 0 ? 0 : Math.max(1, heldUntil - now), good, bad, hasFailed };
  }

  /** Goes on from there. */
  inherit({ verdict, held, good, bad, hasFailed }: JudgeState, now: number): void {
    this.verdict = verdict;
    this.heldUntil = held === 0 ? 0 : now + held;
    this.good = good;
    this.bad = bad;
    this.hasFailed = hasFailed;
  }

  /**
   * One result.
   * @param now monotonic ms
   * @returns whether the verdict is another one
   */
  judge(up: boolean, now: number): boolean {
    return up ? this.rise(now) : this.fall();
  }

  private rise(now: number): boolean {
    const { rise, hold } = this.rules;
    this.bad = 0;
    this.good++;
    if (this.verdict === Verdict.Up || this.good < rise) return false;
    if (this.hasFailed && hold > 0) {
      if (this.heldUntil === 0) this.heldUntil = now + hold;
      if (now < this.heldUntil) return false;
    }
    this.heldUntil = 0;
    this.verdict = Verdict.Up;
    return true;
  }

  private fall(): boolean {
    this.good = 0;
    this.heldUntil = 0;
    this.bad++;
    if (this.bad < this.rules.fall) return false;
    this.hasFailed = true;
    if (this.verdict === Verdict.Down) return false;
    this.verdict = Verdict.Down;
    return true;
  }
}
