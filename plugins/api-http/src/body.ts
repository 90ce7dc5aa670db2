/** Bodies: JSON. Those of requests within bounds, those of answers as handlers make them. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { ProblemError } from './problems.ts';

/** Octets of a body. A `[[vrouter]]` has some hundred. */
export const LARGEST_BODY = 64 * 1024;

/** Tables in tables. Code that looks at a value calls itself for each level: it must not run out of stack. */
const DEEPEST = 32;

const MEDIA_TYPES = ['application/json', 'application/merge-patch+json'];

/**
 * Makes `app` take and give JSON. Bodies of requests may be merge patches (RFC 7396); an empty one is none.
 *
 * Answers have all that their handlers put into them. Fastify would compile a serializer for each status of each
 * route, which takes longer than all the rest of the start.
 */
export function acceptJson(app: FastifyInstance): void {
  app.setSerializerCompiler(() => (answer) => JSON.stringify(answer));
  app.removeAllContentTypeParsers();
  const parse = app.getDefaultJsonParser('error', 'error');
  app.addContentTypeParser(
    MEDIA_TYPES,
    { parseAs: 'buffer', bodyLimit: LARGEST_BODY },
    (request: FastifyRequest, body: Buffer, done) => {
      if (body.length === 0) {
        done(null, undefined);
        return;
      }
      let text: string;
      try {
        text = new TextDecoder('utf-8', { fatal: true }).decode(body);
      } catch {
        done(new ProblemError(400, 'the body is not UTF-8'));
        return;
      }
      if (depthOf(text) > DEEPEST)
        done(new ProblemError(400, `the body is nested deeper than ${DEEPEST} levels`));
      else parse(request, text, done);
    },
  );
}

/** How deep arrays and objects are nested in a JSON text, valid or not. */
function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  for (const [token] of text.matchAll(/"[^"\\]*(?:\\.[^"\\]*)*"?|[[\]{}]/gs)) {
    if (token === '[' || token === '{') deepest = Math.max(deepest, ++depth);
    else if (token === ']' || token === '}') depth--;
  }
  return deepest;
}
