/** The schema of a `[[notify]]`: a hook. */
import { Type } from '@sinclair/typebox';
import { choice, flag, integer, text } from './directives.ts';

/** One `[[notify]]`: the core's directives. All others are its plugin's affair. */
export const HookSchema = Type.Object(
  {
    name: text({
      description:
        'Name of the hook, 63 characters at most. A queue of events is known by it: after a reload a hook of the same name goes on ' +
        'where it was, even if all else about it has changed.',
      expected: 'a name: letters, digits, "-", "_" and "."',
    }),
    type: text({
      description:
        'Who is told, and how: a type that a `notify` plugin offers. All directives that are not listed here are the type’s own.',
      expected: 'the type of a hook, which a plugin of kind notify offers',
    }),
    routers: Type.Optional(
      Type.Array(Type.String({ description: 'A virtual router.', expected: '"INTERFACE/GROUP": "eth0/7"' }), {
        description:
          'The virtual routers whose transitions are told, named as in `routers` of [[sync]]. Default: all, unless there is ' +
          '`groups`.',
        expected: 'an array of virtual routers: [ "eth0/7", "eth1/8" ]',
      }),
    ),
    groups: Type.Optional(
      Type.Array(Type.String({ description: 'A group.', expected: 'the name of a [[sync]]' }), {
        description:
          'The groups ([[sync]]) whose transitions as a whole are told. Default: all, unless there is `routers`.',
        expected: 'an array of names of [[sync]]',
      }),
    ),
    states: Type.Optional(
      Type.Array(
        choice(['master', 'backup', 'fault', 'down', 'stop'], {
          description: 'A state.',
          expected: '"master", "backup", "fault", "down" or "stop"',
        }),
        {
          minItems: 1,
          description:
            'The new states that are told: `master`, `backup`, `fault` (a tracker fails), `down` (the interface cannot be used), ' +
            '`stop` (the daemon ends, or the virtual router has gone from the configuration). Default: all.',
          expected: 'an array of states, one at least: [ "master", "backup" ]',
        },
      ),
    ),
    latest: Type.Optional(
      flag({
        description:
          'Whether of events of the same virtual router or group that have waited for longer than a second only the newest is ' +
          'told. Default: `false`, each event is told.',
      }),
    ),
    timeout: Type.Optional(
      Type.Number({
        minimum: 0.1,
        maximum: 3600,
        description:
          'Seconds that a delivery may take: after that it has failed, and is told to end. Default: 30, unless the type has another.',
        expected: '0.1 to 3600 seconds',
      }),
    ),
    retries: Type.Optional(
      integer(0, 1_000_000, {
        description:
          'How often a delivery that has failed is tried again: after half a second, then after twice as long each time, a ' +
          'minute at most. Events behind it wait. Default: 0, unless the type has another.',
        expected: '0 to 1000000',
      }),
    ),
  },
  { description: 'A hook that is told of transitions.', expected: 'a table' },
);
