/** The schema of a `[[track]]`: a tracker. */
import { Type } from '@sinclair/typebox';
import { type Annotations, choice, integer, text } from './directives.ts';

/** Of a tracker: a time in seconds, fractions allowed. */
const trackerSeconds = (minimum: number, annotations: Annotations) =>
  Type.Optional(Type.Number({ minimum, maximum: 86_400, ...annotations }));

/** One `[[track]]`: the core's directives. All others are its plugin's affair. */
export const TrackerSchema = Type.Object(
  {
    name: text({
      description:
        'What virtual routers name it by in `track`, 63 characters at most. A tracker is its name: after a reload one of the same name keeps its ' +
        'verdict and its counts, even if all else about it has changed.',
      expected: 'a name: letters, digits, "-", "_" and "."',
    }),
    type: text({
      description:
        'What is checked, and how: a type that a `track` plugin offers. All directives that are not listed here are the ' +
        'type’s own.',
      expected: 'the type of a tracker, which a plugin of kind track offers',
    }),
    interval: trackerSeconds(0.05, {
      description:
        'Seconds from one check to the next; a type that is told of changes is checked at once then. Default: 1, unless ' +
        'the type has another.',
      expected: '0.05 to 86400 seconds',
    }),
    timeout: trackerSeconds(0.01, {
      description:
        'Seconds that a check may take: after that it has failed, and is told to end. Default: the interval.',
      expected: '0.01 to 86400 seconds',
    }),
    rise: Type.Optional(
      integer(1, 1000, {
        description:
          'How many checks in a row must be good until it counts as up. Default: 1, unless the type has another.',
        expected: '1 to 1000',
      }),
    ),
    fall: Type.Optional(
      integer(1, 1000, {
        description:
          'How many checks in a row must fail until it counts as down. Default: 1, unless the type has another.',
        expected: '1 to 1000',
      }),
    ),
    initial: Type.Optional(
      choice(['up', 'down', 'wait'], {
        description:
          'What counts until there is a verdict: `up`, `down`, or `wait`, where virtual routers are not started before ' +
          'there is one. Default: `wait`.',
        expected: '"up", "down" or "wait"',
      }),
    ),
    hold: trackerSeconds(0, {
      description:
        'Seconds that what was down must stay up before that counts, against flapping; a failed check begins them anew. Default: 0.',
      expected: '0 to 86400 seconds',
    }),
  },
  { description: 'A tracker.', expected: 'a table' },
);
