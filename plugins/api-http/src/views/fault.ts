/** Fault: `Down` to the paths of rVRRPd 0.1.3, a state with a reason to all others. */
import { type Static, Type } from '@sinclair/typebox';
import type { RouterState, RouterStatus, TrackerStatus } from 'rvrrpd/plugin';

/** A virtual router's state with Fault. One that waits for a tracker and never ran is still in `Init`. */
export function shownState({ state, fault }: RouterStatus): RouterState | 'Fault' {
  return fault !== undefined && state === 'Down' ? 'Fault' : state;
}

const common = {
  name: Type.String({ description: '`name` of its `[[track]]`.' }),
  type: Type.String({ description: '`type` of its `[[track]]`.' }),
  verdict: Type.Unsafe<TrackerStatus['verdict']>({
    type: 'string',
    enum: ['up', 'down', 'waiting'],
    description: '`waiting`: there is none yet.',
  }),
  since: Type.String({ format: 'date-time', description: 'When the verdict has changed last.' }),
  words: Type.String({ description: 'What its last check has said.' }),
  held_until: Type.Unsafe<string | null>({
    type: ['string', 'null'],
    format: 'date-time',
    description: 'It has recovered, and counts as up from then on (`hold`); `null`: it has not.',
  }),
};

/** A tracker. */
export const TrackerSchema = Type.Object(common, { title: 'Tracker' });

/** A tracker as it counts for a virtual router. */
export const RouterTrackerSchema = Type.Object(
  {
    ...common,
    weight: Type.Unsafe<number | null>({
      type: ['integer', 'null'],
      description: 'As the virtual router has it; `null`: while it is down the virtual router is in Fault.',
    }),
    adds: Type.Unsafe<number | null>({
      type: ['integer', 'null'],
      description: 'What it adds to the priority now; `null`: it has no weight.',
    }),
  },
  { title: 'RouterTracker' },
);

/** What trackers mean to a virtual router. */
export const trackingProperties = {
  fault: Type.Unsafe<string | null>({
    type: ['string', 'null'],
    description:
      'Why it does not run although its interface can be used; `null`: nothing keeps it from that.',
  }),
  priority_parts: Type.Unsafe<string | null>({
    type: ['string', 'null'],
    description: 'What the priority comes of; `null`: it is as configured, or the address owner’s.',
    examples: ['100 - 30 (web) = 70'],
  }),
  trackers: Type.Array(RouterTrackerSchema, { description: 'The trackers that count for it.' }),
};

/** A tracker. */
export function tracker({
  name,
  type,
  verdict,
  since,
  words,
  heldUntil,
}: TrackerStatus): Static<typeof TrackerSchema> {
  return {
    ...{ name, type, verdict, words },
    since: new Date(since).toISOString(),
    held_until: heldUntil === undefined ? null : new Date(heldUntil).toISOString(),
  };
}

/** What trackers mean to a virtual router. */
export function tracking({ fault, priorityParts, trackers = [] }: RouterStatus) {
  return {
    fault: fault?.reason ?? null,
    priority_parts: priorityParts?.text ?? null,
    trackers: trackers.map((each) => ({
      ...tracker(each),
      weight: each.weight ?? null,
      adds: each.adds ?? null,
    })),
  };
}
