/** What is wrong with a request that Node.js takes for one, before anybody looks at what it asks for. Pure. */
import type { IncomingMessage } from 'node:http';
import { LARGEST_BODY } from './body.ts';

/** Header fields of a request. */
export const MOST_HEADERS = 100;

/** The parts of a request that are looked at. */
export type RequestHead = Pick<IncomingMessage, 'headers' | 'rawHeaders' | 'httpVersionMinor'>;

/**
 * The status to refuse a request with; undefined: it is in order.
 *
 * Node.js drops header fields above its limit without a word: a request would be carried out without its
 * `If-Match`. Of several `Host` it takes the first, where a proxy may have taken another (RFC 9112 §3.2: 400).
 */
export function faultOf({ headers, rawHeaders, httpVersionMinor }: RequestHead): 400 | 417 | 431 | undefined {
  if (rawHeaders.length > 2 * MOST_HEADERS) return 431;
  const hosts = rawHeaders.filter((text, i) => i % 2 === 0 && text.toLowerCase() === 'host').length;
  if (hosts > 1 || (hosts === 0 && httpVersionMinor > 0)) return 400;
  // RFC 9110 §10.1.1
  if (headers.expect !== undefined && headers.expect.toLowerCase() !== '100-continue') return 417;
  return undefined;
}

/**
 * Whether the body of a request may go on for longer than any is read. If the answer does not wait for it, Node.js
 * reads what follows and throws it away, as fast as the client can send it: the connection has to end then.
 */
export function mayBeEndless({ headers }: Pick<RequestHead, 'headers'>): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > LARGEST_BODY;
}
