/** A hook that is told of transitions, as the API shows it. */
import { type Static, Type } from '@sinclair/typebox';
import type { HookStatus } from 'rvrrpd/plugin';

/** A hook. */
export const HookSchema = Type.Object(
  {
    name: Type.String({ description: '`name` of its `[[notify]]`.' }),
    type: Type.String({ description: '`type` of its `[[notify]]`.' }),
    queue: Type.Integer({ description: 'Events that wait, the one that is under way included.' }),
    delivered: Type.Integer({ description: 'Events that were delivered.' }),
    failed: Type.Integer({ description: 'Events whose delivery was given up.' }),
    dropped: Type.Integer({ description: 'Events that were not told, because too many waited.' }),
    joined: Type.Integer({ description: 'Events that were joined into newer ones (`latest`).' }),
  },
  { title: 'Hook' },
);

/** A hook. */
export function hook({
  name,
  type,
  queue,
  delivered,
  failed,
  dropped,
  joined,
}: HookStatus): Static<typeof HookSchema> {
  return { name, type, queue, delivered, failed, dropped, joined };
}
