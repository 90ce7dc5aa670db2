/** The schema of `[protocols]`: what is installed while a virtual router is Master. */
import { Type } from '@sinclair/typebox';
import type { RawEntry } from './directives.ts';

const PROTOCOL_ENTRY = { type: 'object', expected: 'a table' };

/** `[protocols]`. What an entry may hold is its plugin's own affair. */
export const ProtocolsSchema = Type.Unsafe<Record<string, RawEntry[]>>({
  type: 'object',
  additionalProperties: {
    type: 'array',
    items: PROTOCOL_ENTRY,
    expected: 'an array of tables: [[protocols.<name>]]',
  },
  description: 'What is installed while a virtual router is Master: `[[protocols.<name>]]` for each entry.',
  expected: 'a table',
  default: {},
});
