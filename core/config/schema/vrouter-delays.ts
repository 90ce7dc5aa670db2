/** The schema of what keeps a `[[vrouter]]` from becoming Master, and of what makes a Master dead. */
import { Type } from '@sinclair/typebox';
import { integer, seconds } from './directives.ts';

/** The longest delay in seconds: an hour. */
export const LONGEST_DELAY = 3600;

/** See the file's comment: directives of the table. */
export const delays = {
  start_delay: seconds(
    LONGEST_DELAY,
    'Seconds after the start of the daemon in which the virtual router does not become Master, whether there is one ' +
      'or not. Default: 0.',
  ),
  boot_delay: seconds(
    LONGEST_DELAY,
    'The same, counted from the boot of the machine (CLOCK_BOOTTIME): a later restart of the daemon does not wait. ' +
      'Default: 0.',
  ),
  link_delay: seconds(LONGEST_DELAY, 'The same, each time that the interface has come up. Default: 0.'),
  link_debounce: seconds(
    60,
    'Losses of carrier that are over within so many seconds are not acted upon; the longest of the virtual routers ' +
      'of an interface counts. Default: 0.',
  ),
  hearing: seconds(
    LONGEST_DELAY,
    'After a start, and each time that the interface has come up: the virtual router does not become Master before ' +
      'anything of another station has been heard on the interface, or so many seconds have passed. Default: 0.',
  ),
  preempt_delay: seconds(
    LONGEST_DELAY,
    'Seconds that a Backup lets a Master of lower priority be before it preempts. A Master that dies meanwhile is ' +
      'taken over at once. Default: 0.',
  ),
  down_timer_adverts: Type.Optional(
    integer(1, 100, {
      description:
        'Off the RFC: how many intervals of silence make a Master dead, before the skew time. Default: 3.',
      expected: 'a number of intervals, 1 to 100',
    }),
  ),
};
