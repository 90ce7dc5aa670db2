/** The schema of how a `[[vrouter]]` speaks to peers instead of the multicast group. */
import { Type } from '@sinclair/typebox';
import { integer, text } from './directives.ts';

/** See the file's comment: directives of the table. */
export const peers = {
  peers: Type.Optional(
    Type.Unsafe<string[]>({
      type: 'array',
      items: { type: 'string', expected: 'an IPv4 or IPv6 address' },
      description:
        'The addresses of the other routers of the group, up to 255 of each family of `vip`: advertisements go to ' +
        'each of them and are accepted from them alone, without multicast, across routers too. A link-local address ' +
        'is on the interface. Default: none: multicast.',
      expected: 'an array of IPv4 or IPv6 addresses',
    }),
  ),
  source: Type.Optional(
    text({
      description:
        'With `peers`: the address of this host that advertisements are sent from and peers know it by; the other ' +
        'family of `vip`, if there is one, has the default. Default: the primary address of the interface, for IPv6 ' +
        'a global one unless the peers are link-local.',
      expected: 'an IPv4 or IPv6 address of this host',
    }),
  ),
  min_ttl: Type.Optional(
    integer(1, 255, {
      description:
        'With `peers`: the least TTL (hop limit) that an advertisement is accepted with. Each router on the way takes one ' +
        'off: with 255 none is accepted that a router has forwarded. Default: 255.',
      expected: '1 to 255',
    }),
  ),
};
