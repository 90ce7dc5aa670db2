/** The schema of `announce` of a `[[vrouter]]`. */
import { Type } from '@sinclair/typebox';
import { closed, integer } from './directives.ts';
import { LONGEST_DELAY } from './vrouter-delays.ts';

/** `announce` of a `[[vrouter]]`. */
export const Announce = Type.Object(
  {
    count: Type.Optional(
      integer(1, 100, {
        description:
          'How often a new Master announces its addresses. Default: 5, one more than there are pauses.',
        expected: 'a number of announcements, 1 to 100',
      }),
    ),
    pauses: Type.Optional(
      Type.Unsafe<number[]>({
        type: 'array',
        minItems: 1,
        maxItems: 20,
        items: {
          type: 'number',
          minimum: 0.01,
          maximum: LONGEST_DELAY,
          expected: `a number of seconds, 0.01 to ${LONGEST_DELAY}`,
        },
        description:
          'Seconds before each announcement but the first; the last one repeats. Default: [ 0.5, 1, 2, 5 ].',
        expected: `an array of 1 to 20 numbers of seconds, each 0.01 to ${LONGEST_DELAY}`,
      }),
    ),
    refresh: Type.Optional(
      Type.Unsafe<number>({
        ...{ type: 'number', anyOf: [{ const: 0 }, { minimum: 1, maximum: 86400 }] },
        description: 'A Master announces again every so many seconds after that. Default: 0, never.',
        expected: 'seconds: 0 (never), or 1 to 86400',
      }),
    ),
    rate: Type.Optional(
      integer(0, 100_000, {
        description:
          'At most so many announcements a second on the interface, an address each, of all its virtual routers ' +
          'together; the lowest of theirs counts. Default: 0, no limit.',
        expected: 'a number of announcements a second, 0 (no limit) to 100000',
      }),
    ),
  },
  {
    ...closed,
    description: 'Gratuitous ARP and neighbour advertisements of a Master.',
    expected: 'a table: { count = 5, pauses = [ 0.5, 1, 2, 5 ], refresh = 60, rate = 100 }',
  },
);
