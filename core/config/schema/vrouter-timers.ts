/** The schema of `timers` of a `[[vrouter]]`. */
import { Type } from '@sinclair/typebox';
import { closed } from './directives.ts';

/** `timers` of a `[[vrouter]]`. */
export const Timers = Type.Object(
  {
    advert: Type.Number({
      minimum: 0.01,
      maximum: 255,
      description:
        'Advertisement_Interval in seconds. Version 2: whole seconds, the same on all routers of a group (RFC 3768 ' +
        '§5.3.7). Version 3: 0.01 to 40.95, in hundredths; a Backup follows the Master’s.',
      expected: 'seconds: whole ones, 1 to 255, with version 2; 0.01 to 40.95, in hundredths, with version 3',
      default: 1,
    }),
  },
  {
    ...closed,
    description: 'Timers of the virtual router.',
    expected: 'a table: { advert = 1 }',
    default: {},
  },
);
