/** `GET /events`: what happens, as it happens. */
import { type Static, Type } from '@sinclair/typebox';
import type { Routes } from '../deps.ts';
import type { EventEntry } from '../events/entry.ts';
import { EventStream } from '../events/stream.ts';
import { EventStreams, MOST_STREAMS } from '../events/streams.ts';
import { ProblemError, problemResponses } from '../problems.ts';

const TYPE = '(transition|rejected|clock-skew|tracker|priority|hold|reload)';

const Query = Type.Object({
  type: Type.Optional(
    Type.String({
      pattern: `^${TYPE}(,${TYPE})*$`,
      description:
        'Only events of these types, with commas between: `transition`, `rejected`, ' +
        '`clock-skew`, `tracker`, `priority`, `hold`, `reload`.',
    }),
  ),
  group: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 255,
      description: 'Only events about virtual routers of this group.',
    }),
  ),
  interface: Type.Optional(
    Type.String({ maxLength: 15, description: 'Only events about virtual routers on this interface.' }),
  ),
  last_event_id: Type.Optional(
    Type.String({
      description:
        'Resume behind this event. The header `Last-Event-ID`, which `EventSource` sends by itself, says the ' +
        'same and comes first.',
    }),
  ),
});

/** Whether a client wants an event. What was lost concerns everybody: it may have been theirs. */
function filterOf(query: Static<typeof Query>): (entry: EventEntry) => boolean {
  const types = query.type?.split(',');
  return (entry) =>
    entry.type === 'lost' ||
    ((types?.includes(entry.type) ?? true) &&
      (query.group === undefined || query.group === entry.group) &&
      (query.interface === undefined || query.interface === entry.interface));
}

/** Seconds after which a client may try again when there are too many. */
const RETRY_AFTER = 10;

export const eventRoutes: Routes = (app, deps) => {
  const streams = new EventStreams(deps.history, deps.tally);
  app.addHook('preClose', async () => streams.close());

  app.get<{ Querystring: Static<typeof Query> }>(
    '/events',
    {
      exposeHeadRoute: false, // there would be nothing to say
      schema: {
        operationId: 'getEvents',
        tags: ['telemetry'],
        summary: 'Events as they happen',
        description: [
          'Server-sent events, for `EventSource` or `curl -N`. `data` is one JSON object; `time` is ISO 8601.',
          '',
          '- `transition`: a virtual router changes its state. `time`, `interface`, `group`, `from`, `to`, `cause`.',
          '- `rejected`: `count` packets were rejected since the last such event, at a bounded rate. `time`, ' +
            '`interface`, `group`, `reason`, `count`, `peer`; null for what is not known. With the reason ' +
            '`address-list` also `detail`: the virtual addresses that were listed, and ours.',
          '- `reload`: the configuration was reloaded or changed. `time`, `generation`, `ok`, `error`, `issues`.',
          '- `lost`: `count` events could not be told, or null if nobody knows how many. Read the state again. ' +
            'It is told whatever `type`, `group` and `interface` say.',
          '',
          'A client that names the last `id` that it saw gets what it missed since, as long as that is kept (the ' +
            'last 10,000 events), also from the next version of this API. A comment comes every 15 s if nothing ' +
            'else does. The stream ends with the session.',
        ].join('\n'),
        querystring: Query,
        response: {
          200: { description: 'The events', content: { 'text/event-stream': { schema: Type.String() } } },
          ...problemResponses(400, 401, 500, 503),
        },
      },
      config: { access: 'read' },
    },
    (request, reply) => {
      if (streams.full) {
        deps.tally.refuse('connections');
        throw new ProblemError(503, `${MOST_STREAMS} clients listen to events already`, {
          headers: { 'retry-after': String(RETRY_AFTER) },
        });
      }
      const { query, caller } = request;
      const header = request.headers['last-event-id'];
      const stream = new EventStream({
        history: deps.history,
        wants: filterOf(query),
        lastEventId: typeof header === 'string' ? header : query.last_event_id,
        permitted: () => caller === undefined || (Date.now() < caller.expires && caller.stillValid()),
      });
      streams.add(stream, reply.raw);
      return reply.type('text/event-stream').header('cache-control', 'no-store').send(stream);
    },
  );
};
