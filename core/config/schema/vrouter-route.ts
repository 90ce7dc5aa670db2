/** The schema of `[[vrouter.route]]`: routes that a Master installs. */
import { Type } from '@sinclair/typebox';
import { choice, closed, integer, text } from './directives.ts';

const TABLE = {
  description: 'Routing table. Default: 254, the main one.',
  expected: '1 to 4294967295',
} as const;

/** One `[[vrouter.route]]`. */
export const RouteEntry = Type.Object(
  {
    to: text({
      description: 'Destination: a network, an address, or `default`.',
      expected: 'a network such as 192.0.2.0/24, or "default"',
    }),
    via: Type.Optional(
      Type.Unsafe<string | string[]>({
        type: ['string', 'array'],
        items: { type: 'string', expected: 'an IPv4 or IPv6 address' },
        description:
          'The gateway, or several that share the load; `%eth1` behind one names its interface. Default: none.',
        expected: 'an address, or an array of them',
      }),
    ),
    interface: Type.Optional(
      text({
        description: 'The interface that it leads out on. Default: found by `via`.',
        expected: 'the name of an interface',
      }),
    ),
    source: Type.Optional(
      text({
        description: 'The address that what this host sends there comes from. Default: the kernel’s choice.',
        expected: 'an IPv4 or IPv6 address',
      }),
    ),
    table: Type.Optional(integer(1, 4_294_967_295, TABLE)),
    metric: Type.Optional(
      integer(0, 4_294_967_295, {
        description: 'The lowest is taken. Default: 0, for IPv6 1024.',
        expected: '0 to 4294967295',
      }),
    ),
    mtu: Type.Optional(
      integer(68, 65_535, {
        description: 'MTU of packets that go there. Default: the interface’s.',
        expected: '68 to 65535',
      }),
    ),
    scope: Type.Optional(
      choice(['global', 'link', 'host'], {
        description: 'IPv4. Default: `global` with a gateway, `link` without.',
        expected: '"global", "link" or "host"',
      }),
    ),
    type: Type.Optional(
      choice(['unicast', 'blackhole', 'unreachable', 'prohibit', 'throw'], {
        description: 'What becomes of packets there. Default: `unicast`.',
        expected: '"unicast", "blackhole", "unreachable", "prohibit" or "throw"',
      }),
    ),
  },
  { ...closed, description: 'A route.', expected: 'a table' },
);
