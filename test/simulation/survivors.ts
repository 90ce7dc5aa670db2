/** The mutants that are as good as the right state machine, and why. */
import { SOURCES, type SourceMutant } from './mutate.ts';

/** A mutant that no network could tell from the original. */
interface Equivalent {
  readonly file: string;
  /** The line, as it is. */
  readonly context: string;
  readonly before: string;
  readonly after: readonly string[];
  readonly reason: string;
}

const [MACHINE, TIMERS] = SOURCES;
const PRIORITY_ZERO = 'if (event.priority === 0) {';
const FOLLOW =
  'out.masterAdverInterval = router.version === 3 ? event.interval : router.advertisementInterval;';
const SAME_INTERVAL = 'VRRPv2: an advertisement with another interval does not get here (RFC 3768 §7.1)';

const EQUIVALENT: readonly Equivalent[] = [
  {
    ...{ file: MACHINE, before: '0', after: ['1', '-1'] },
    context: 'out: Outcome = { state: router.state, deadline: 0, masterAdverInterval: 0, actions: NOTHING },',
    reason: 'every field is written before it is read',
  },
  {
    ...{ file: MACHINE, before: '===', after: ['>='] },
    context: 'if (router.priority === 255) becomeMaster(router, now, out);',
    reason: 'there is no higher priority than 255',
  },
  {
    ...{ file: MACHINE, context: PRIORITY_ZERO, before: '===', after: ['<='] },
    reason: 'there is no lower priority than 0',
  },
  {
    ...{ file: MACHINE, before: '===', after: ['<='] },
    context: 'if (event.answer === false) break; // the cadence goes on',
    reason: 'false is the least of false and true',
  },
  {
    ...{ file: MACHINE, before: '===', after: ['>='] },
    context: '(event.priority === router.priority && event.addressOrder > 0)',
    reason: 'a higher priority has been seen to before',
  },
  {
    ...{ file: MACHINE, before: '===', after: ['>='] },
    context: '} else if (router.version === 3 && event.answer !== false) {',
    reason: 'there is no later version than 3',
  },
  {
    ...{ file: MACHINE, context: FOLLOW, before: '===', after: ['>='] },
    reason: 'there is no later version than 3',
  },
  { file: MACHINE, context: FOLLOW, before: '===', after: ['<='], reason: SAME_INTERVAL },
  {
    ...{ file: MACHINE, context: FOLLOW, reason: SAME_INTERVAL },
    before: 'router.version === 3 ? event.interval : router.advertisementInterval',
    after: ['(event.interval)'],
  },
  {
    ...{ file: TIMERS, before: '===', after: ['<='] },
    context: 'return ((256 - priority) * (version === 2 ? 1000 : masterAdverInterval)) / 256;',
    reason: 'there is no earlier version than 2',
  },
];

/** Why a mutant cannot be found out; undefined: it must be. */
export function equivalence({ file, context, before, after }: SourceMutant): string | undefined {
  return EQUIVALENT.find(
    (one) =>
      one.file === file && one.context === context && one.before === before && one.after.includes(after),
  )?.reason;
}
