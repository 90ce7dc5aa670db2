/** The schema of `[[vrouter.address]]`: addresses that a Master has beside its virtual ones. */
import { Type } from '@sinclair/typebox';
import { choice, closed, flag, text } from './directives.ts';

/** One `[[vrouter.address]]`. */
export const AddressEntry = Type.Object(
  {
    address: text({
      description: 'The address, with or without a prefix length (without one it is /32 or /128).',
      expected: 'an IPv4 or IPv6 address such as 192.0.2.1/24',
    }),
    interface: Type.Optional(
      text({
        description: 'The interface that has it. Default: the one that has the virtual addresses.',
        expected: 'the name of an interface',
      }),
    ),
    advertised: flag({
      description:
        'Whether advertisements list it, after the virtual addresses: the same on all routers of the group.',
      default: false,
    }),
    scope: Type.Optional(
      choice(['global', 'link', 'host'], {
        description: 'Scope of an IPv4 address (man 8 ip-address). Default: `global`.',
        expected: '"global", "link" or "host"',
      }),
    ),
    label: Type.Optional(
      text({
        description:
          'Label of an IPv4 address: the interface’s name, or that with “:” and more behind it. Default: the interface’s name.',
        expected: 'a label of at most 15 characters',
      }),
    ),
  },
  { ...closed, description: 'An address.', expected: 'a table' },
);
