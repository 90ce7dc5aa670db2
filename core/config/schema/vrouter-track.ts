/** The schema of `track` of a `[[vrouter]]`: which trackers count for it, and how. */
import { Type } from '@sinclair/typebox';

/** An entry of `track` in its long form. */
export interface TrackEntry {
  readonly name: string;
  readonly weight?: number;
}

/** `track`. */
export const Tracks = Type.Optional(
  Type.Unsafe<(string | TrackEntry)[]>({
    type: 'array',
    items: {
      type: ['string', 'object'],
      minLength: 1,
      properties: {
        name: {
          type: 'string',
          minLength: 1,
          description: 'The tracker’s name.',
          expected: 'the name of a [[track]]',
        },
        weight: {
          type: 'integer',
          minimum: -253,
          maximum: 253,
          description:
            'What the tracker adds to the priority: below 0 while it is down, above 0 while it is up. Default: none, while it is down the virtual router is in Fault.',
          expected: '-253 to 253, and not 0',
        },
      },
      required: ['name'],
      additionalProperties: false,
      expected: 'the name of a [[track]], or { name = "…", weight = -30 }',
    },
    description:
      'The trackers ([[track]]) that count for this virtual router: `[ "uplink", { name = "web", weight = -30 } ]`. ' +
      'While one without a weight fails, the virtual router is in Fault: a Master says good-bye. Weights add up, ' +
      'and the priority stays within 1 to 254. Default: none.',
    expected: 'an array of names of [[track]], and of tables { name = "…", weight = -30 }',
  }),
);
