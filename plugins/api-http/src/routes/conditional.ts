/** Conditional requests (RFC 9110 §13): `If-Match` and `If-None-Match`. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ProblemError } from '../problems.ts';

/** An entity tag (RFC 9110 §8.8.3). */
interface EntityTag {
  readonly weak: boolean;
  readonly opaque: string;
}

/** An element of a list of entity tags; it may be empty (RFC 9110 §5.6.1.2). */
const ELEMENT = /[\t ]*(?:(W\/)?"([!\x23-\x7e\x80-\xff]*)"[\t ]*)?(?:,|$)/y;

/** The tags of a header, `*`, or undefined if it is malformed. */
function parseTags(header: string): '*' | readonly EntityTag[] | undefined {
  if (header.trim() === '*') return '*';
  const tags: EntityTag[] = [];
  for (ELEMENT.lastIndex = 0; ELEMENT.lastIndex < header.length; ) {
    const match = ELEMENT.exec(header);
    if (match === null) return undefined;
    const [, weak, opaque] = match;
    if (opaque !== undefined) tags.push({ weak: weak !== undefined, opaque });
  }
  return tags.length === 0 ? undefined : tags;
}

/**
 * Gives an answer its `ETag`, and makes it 304 if the client has it already: a weak comparison (RFC 9110
 * §13.1.2).
 * @param tag without quotes
 * @returns true: there is nothing else to say
 */
export function isKnown(request: FastifyRequest, reply: FastifyReply, tag: string): boolean {
  reply.header('etag', `"${tag}"`);
  const header = request.headers['if-none-match'];
  if (header === undefined) return false;
  const tags = parseTags(header);
  if (tags !== '*' && tags?.some(({ opaque }) => opaque === tag) !== true) return false;
  reply.code(304);
  return true;
}

/**
 * The tag that the configuration must have for a change to be made, undefined if any will do. Of several that
 * the client names it is the one in force; if it is none of them, the daemon has the last word.
 * @param tag of the configuration in force
 * @param exists whether there is what the request is about, which `*` asks for
 * @throws ProblemError 412 if a precondition does not hold, 400 if it is malformed
 */
export function requiredTag(request: FastifyRequest, tag: string, exists: boolean): string | undefined {
  const match = preconditionOf(request, 'if-match');
  let required: string | undefined;
  if (match === '*') {
    if (!exists) throw new ProblemError(412, 'If-Match does not hold: there is no such thing');
  } else if (match !== undefined) {
    // A weak tag never matches (RFC 9110 §13.1.1).
    const strong = match.filter(({ weak }) => !weak).map(({ opaque }) => opaque);
    if (strong.length === 0) throw new ProblemError(412, 'If-Match does not hold: a weak tag never does');
    required = strong.includes(tag) ? tag : strong[0];
  }
  const noneMatch = preconditionOf(request, 'if-none-match');
  if (noneMatch === undefined) return required;
  if (noneMatch === '*' ? exists : noneMatch.some(({ opaque }) => opaque === tag)) {
    throw new ProblemError(412, 'If-None-Match does not hold: there is such a thing');
  }
  return required ?? tag; // so that it still holds when the change is made
}

function preconditionOf(
  request: FastifyRequest,
  name: 'if-match' | 'if-none-match',
): '*' | readonly EntityTag[] | undefined {
  const header = request.headers[name];
  if (header === undefined) return undefined;
  const tags = parseTags(header);
  if (tags === undefined) throw new ProblemError(400, `${name} must be "*" or tags in double quotes`);
  return tags;
}
