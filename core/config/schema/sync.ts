/** The schema of a `[[sync]]`: a group of virtual routers. */
import { Type } from '@sinclair/typebox';
import { closed, flag, integer, text } from './directives.ts';
import { VirtualRouterSchema } from './vrouter.ts';

/** One `[[sync]]`. */
export const SyncSchema = Type.Object(
  {
    name: text({
      description: 'Name of the group, in the log, in `status` and in metrics.',
      expected: 'a name',
    }),
    routers: Type.Array(Type.String({ expected: 'a string: "INTERFACE/GROUP"' }), {
      description:
        'The virtual routers that are Master together or not at all: "INTERFACE/GROUP" each, such as "eth0/7", both ' +
        'families of its table. With "/ipv4" or "/ipv6", "/v2" or "/v3" behind it one of several.',
      expected: 'an array of virtual routers: [ "eth0/7", "eth1/8" ]',
    }),
    priority: Type.Optional(
      integer(1, 254, {
        description:
          'Priority of all of them, instead of that of their tables. Default: that of their tables, which must be the same.',
        expected: '1 to 254',
      }),
    ),
    preemption: Type.Optional(
      flag({
        description:
          'Preempt_Mode of all of them, instead of that of their tables. Default: that of their tables, which must be the same.',
      }),
    ),
    track: {
      ...VirtualRouterSchema.properties.track,
      description:
        'The trackers ([[track]]) that count for all of them, as in `track` of a [[vrouter]]: while one without a weight ' +
        'fails, all are in Fault; weights change the priority of all. Default: none.',
    },
  },
  {
    ...closed,
    description: 'Virtual routers that are Master together or not at all.',
    expected: 'a table',
  },
);
