/** The schema of `[[vrouter.rule]]`: rules of routing that a Master installs. */
import { Type } from '@sinclair/typebox';
import { choice, closed, integer, text } from './directives.ts';

const LOOKUP_TABLE = {
  description: 'Where the route is looked up, for `lookup` and there required. Default: none.',
  expected: '1 to 4294967295',
} as const;

/** One `[[vrouter.rule]]`. */
export const RuleEntry = Type.Object(
  {
    priority: integer(1, 4_294_967_295, {
      description: 'Rules are asked in its order; the main table has 32766.',
      expected: '1 to 4294967295',
    }),
    from: Type.Optional(
      text({ description: 'Source of the packets. Default: any.', expected: 'a network or an address' }),
    ),
    to: Type.Optional(
      text({ description: 'Destination of the packets. Default: any.', expected: 'a network or an address' }),
    ),
    iif: Type.Optional(
      text({
        description: 'Interface that they came in on. Default: any.',
        expected: 'the name of an interface',
      }),
    ),
    oif: Type.Optional(
      text({
        description: 'Interface that a socket of this host is bound to. Default: any.',
        expected: 'the name of an interface',
      }),
    ),
    fwmark: Type.Optional(
      integer(0, 4_294_967_295, {
        description: 'Mark of the packets. Default: any.',
        expected: '0 to 4294967295',
      }),
    ),
    family: Type.Optional(
      Type.Unsafe<4 | 6>({
        type: 'integer',
        enum: [4, 6],
        description: 'IP version. Default: that of `from` or `to`, and 4.',
        expected: '4 or 6',
      }),
    ),
    table: Type.Optional(integer(1, 4_294_967_295, LOOKUP_TABLE)),
    type: Type.Optional(
      choice(['lookup', 'blackhole', 'unreachable', 'prohibit'], {
        description: 'What becomes of the packets. Default: `lookup`, their route is looked up in `table`.',
        expected: '"lookup", "blackhole", "unreachable" or "prohibit"',
      }),
    ),
  },
  { ...closed, description: 'A rule.', expected: 'a table' },
);
