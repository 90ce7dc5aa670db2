/** What happens to a network of virtual routers in one run, made up from a seed. All times in ms. */
import { Random } from './random.ts';

/** A virtual router as it is configured. */
export interface RouterSpec {
  /** 1 to 254; 255: the address owner. */
  readonly priority: number;
  readonly preempt: boolean;
  readonly interval: number;
}

/** What the network does to packets. */
export interface Weather {
  /** Shares of the packets, 0 to 1. */
  readonly loss: number;
  readonly duplicate: number;
  /** A packet comes back to its sender. */
  readonly echo: number;
  /** A packet is under way for up to so long, beside the latency. */
  readonly delay: number;
}

/** Something that happens. `who`: index of a router. */
export type Step =
  | {
      readonly what: 'start' | 'stop' | 'crash' | 'pull' | 'fail-over' | 'stall' | 'resume';
      readonly who: number;
    }
  /** Its configuration changes: another engine goes on with its state. */
  | { readonly what: 'reload'; readonly who: number; readonly to: RouterSpec }
  /** It does not run for a while. */
  | { readonly what: 'nap'; readonly who: number; readonly ms: number }
  /** Routers of different sides do not hear each other. */
  | { readonly what: 'part'; readonly sides: readonly number[] }
  | { readonly what: 'heal' }
  /** For so long; 0: until another weather, or the end of the burst. */
  | { readonly what: 'weather'; readonly ms: number; readonly weather: Weather }
  | { readonly what: 'pause'; readonly ms: number };

/** Some steps one after the other; then the network is left alone. */
export interface Burst {
  readonly steps: readonly Step[];
  /** How long it is left alone once it must have settled. */
  readonly rest: number;
}

/** See the file's comment. */
export interface Scenario {
  readonly seed: number;
  readonly version: 2 | 3;
  readonly family: 4 | 6;
  /** In the order of their addresses: of equals the last is the highest. */
  readonly routers: readonly RouterSpec[];
  /** A packet is under way for at most so long in good weather. */
  readonly latency: number;
  /** Timers are served up to so much late. */
  readonly late: number;
  /** Timers of Masters are served up to this share of the interval early, see COALESCE in the engine. */
  readonly early: number;
  /** Or so many ms where that is more. Absent: 0. */
  readonly earlyMs?: number;
  /** A Master may listen this share of its interval longer before an advertisement, see LISTEN in the engine. Absent: 0. */
  readonly listens?: number;
  /** Whether the routers' intervals differ, or come to differ. */
  readonly mixed: boolean;
  /** The longest interval that any router has, ever. */
  readonly longest: number;
  readonly bursts: readonly Burst[];
}

/** VRRPv2 counts whole seconds, VRRPv3 hundredths. */
function interval(random: Random, version: 2 | 3): number {
  if (version === 2) return 1000 * Math.round(random.magnitude(1, 40));
  return 10 * Math.round(random.magnitude(1, 4095));
}

/** Another interval that a router of the group may have: the same as a rule. */
function otherInterval(random: Random, version: 2 | 3, usual: number, mixed: boolean): number {
  if (version === 2 || !mixed || random.chance(0.3)) return usual;
  if (random.chance(0.02)) return interval(random, version);
  return Math.min(40_950, Math.max(10, 10 * Math.round((usual * random.magnitude(1 / 8, 8)) / 10)));
}

/** Equal priorities and the ends of the range are more likely than by chance. */
function priority(random: Random): number {
  return random.chance(0.4) ? random.pick([1, 2, 100, 100, 101, 253, 254]) : random.whole(1, 254);
}

/** The scenario of a seed. */
export function scenarioOf(seed: number): Scenario {
  const random = new Random(seed);
  const version = random.chance(0.5) ? 2 : 3;
  const family = random.chance(0.5) && version === 3 ? 6 : 4;
  const mixed = version === 3 && random.chance(0.4);
  const usual = interval(random, version);
  const preempting = random.pick([0, 0.5, 1]);
  const spec = (): RouterSpec => ({
    ...{ priority: priority(random), preempt: random.chance(preempting) },
    interval: otherInterval(random, version, usual, mixed),
  });
  const routers = Array.from({ length: random.whole(2, 6) }, spec);
  if (random.chance(0.2)) {
    const who = random.whole(0, routers.length - 1);
    routers[who] = { ...routers[who]!, priority: 255 };
  }
  let shortest = Math.min(...routers.map((router) => router.interval));
  let longest = Math.max(...routers.map((router) => router.interval));
  const reload = (who: number): Step => {
    const to = spec();
    shortest = Math.min(shortest, to.interval);
    longest = Math.max(longest, to.interval);
    return { what: 'reload', who, to: routers[who]!.priority === 255 ? { ...to, priority: 255 } : to };
  };
  const start: Burst = {
    steps: routers.flatMap((_, who): Step[] => [
      { what: 'start', who },
      { what: 'pause', ms: random.chance(0.5) ? 0 : random.between(0, 5 * usual) },
    ]),
    rest: rest(random, usual),
  };
  const bursts = [start];
  for (let left = random.whole(3, 10); left > 0; left--) {
    const alone = random.chance(0.6);
    const steps = alone ? single(random, routers, usual, reload) : several(random, routers, usual, reload);
    bursts.push({ steps, rest: rest(random, usual) });
  }
  return {
    ...{ seed, version, family, routers, bursts, mixed, longest },
    latency: shortest * random.pick([0.0001, 0.01, 0.05]),
    late: random.chance(0.5) ? 0 : shortest * random.between(0, 0.02),
    early: random.chance(0.5) ? 0 : 1 / 250,
  };
}

function rest(random: Random, usual: number): number {
  return usual * random.magnitude(2, 200);
}

/** One thing happens. */
function single(
  random: Random,
  { length }: readonly RouterSpec[],
  usual: number,
  reload: (who: number) => Step,
): Step[] {
  const who = random.whole(0, length - 1);
  switch (random.whole(0, 11)) {
    case 0:
      return [{ what: 'crash', who }];
    case 1:
      return [{ what: 'stop', who }];
    case 2:
      return [{ what: 'pull', who }];
    case 3:
    case 4:
      return [{ what: 'start', who }];
    case 5:
      return [reload(who)];
    case 6:
    case 7:
      return [{ what: 'nap', who, ms: usual * random.between(0, 4) }];
    case 8:
      return [{ what: 'part', sides: Array.from({ length }, () => random.whole(0, 1)) }];
    case 9:
      return [{ what: 'heal' }];
    case 10:
      return [{ what: 'fail-over', who }];
    default:
      return [{ what: 'weather', ms: usual * random.between(0, 30), weather: gentle(random, usual) }];
  }
}

/** Weather that VRRP has to bear. */
function gentle(random: Random, usual: number): Weather {
  const clear = { loss: 0, duplicate: 0, echo: 0, delay: 0 };
  switch (random.whole(0, 2)) {
    case 0:
      return { ...clear, duplicate: random.next() };
    case 1:
      return { ...clear, delay: usual * random.between(0, 1.5) };
    default:
      return { ...clear, loss: 1 };
  }
}

/** Many things happen, faster than anybody could follow. */
function several(
  random: Random,
  routers: readonly RouterSpec[],
  usual: number,
  reload: (who: number) => Step,
): Step[] {
  const steps: Step[] = [];
  const stalled = new Set<number>();
  for (let left = random.whole(2, 6); left > 0; left--) {
    const who = random.whole(0, routers.length - 1);
    if (random.chance(0.25)) {
      const weather = {
        ...{
          loss: random.next() * 0.7,
          duplicate: random.next(),
          echo: random.chance(0.3) ? random.next() : 0,
        },
        delay: usual * random.magnitude(0.01, 5),
      };
      steps.push({ what: 'weather', ms: 0, weather });
    } else if (random.chance(0.2)) {
      const what = stalled.has(who) ? 'resume' : 'stall';
      stalled[what === 'stall' ? 'add' : 'delete'](who);
      steps.push({ what, who });
    } else steps.push(...single(random, routers, usual, reload));
    steps.push({ what: 'pause', ms: random.chance(0.2) ? 0 : usual * random.magnitude(0.1, 20) });
  }
  for (const who of stalled) steps.push({ what: 'resume', who });
  return steps;
}
