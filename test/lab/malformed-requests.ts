/** Requests that are none, or that two parsers may understand in two ways: for tests about the client API. */

/** What is sent, and how it is refused. */
export interface MalformedRequest {
  readonly what: string;
  /** Latin-1. */
  readonly text: string;
  /** Sent behind it, over and over, as fast as it is taken. */
  readonly endless?: string;
  /** Statuses of the answers as `Outcome.answers` has them. */
  readonly answer: string;
  /** Why it is refused, as `/metrics` counts it; absent: it is not. */
  readonly reason?: string;
}

const HOST = 'Host: a\r\n';
const LOG_IN = `POST /auth HTTP/1.1\r\n${HOST}`;
const CHUNKED = 'Transfer-Encoding: chunked\r\n';
const CHUNK = `8000\r\n${'x'.repeat(0x8000)}\r\n`;

const bad = (what: string, text: string): MalformedRequest => ({
  what,
  text,
  answer: '400',
  reason: 'malformed',
});
const tooLong = (what: string, text: string): MalformedRequest => ({
  what,
  text,
  answer: '431',
  reason: 'malformed',
});
/** The fault is in the body, whose request is being handled: there can be no other answer any more. */
const cutOff = (what: string, text: string): MalformedRequest => ({
  what,
  text,
  answer: 'none',
  reason: 'malformed',
});

/** Requests that hide another one from one of two parsers (RFC 9112 §11.2). */
const SMUGGLING: readonly MalformedRequest[] = [
  bad('length and chunks', `${LOG_IN}Content-Length: 4\r\n${CHUNKED}\r\n0\r\n\r\n`),
  bad('chunks and length', `${LOG_IN}${CHUNKED}Content-Length: 4\r\n\r\n0\r\n\r\n`),
  bad('two lengths', `${LOG_IN}Content-Length: 4\r\nContent-Length: 5\r\n\r\nxxxxx`),
  bad('two lengths in one', `${LOG_IN}Content-Length: 4, 5\r\n\r\nxxxxx`),
  bad('the same length twice', `${LOG_IN}Content-Length: 4\r\nContent-Length: 4\r\n\r\nxxxx`),
  bad('a length with a sign', `${LOG_IN}Content-Length: +4\r\n\r\nxxxx`),
  bad('a negative length', `${LOG_IN}Content-Length: -4\r\n\r\nxxxx`),
  bad('a length of 2^64 and more', `${LOG_IN}Content-Length: 18446744073709551620\r\n\r\nxxxx`),
  bad('a hexadecimal length', `${LOG_IN}Content-Length: 0x4\r\n\r\nxxxx`),
  bad('a space before the colon', `${LOG_IN}Content-Length : 4\r\n\r\nxxxx`),
  cutOff('an unknown coding', `${LOG_IN}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n`),
  bad('chunks that are not last', `${LOG_IN}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n`),
  bad('a coding behind a vertical tab', `${LOG_IN}Transfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n`),
  bad('a header that begins with a space', `GET / HTTP/1.1\r\n ${HOST}\r\n`),
  bad('a header without a colon', `GET / HTTP/1.1\r\n${HOST}X\r\n\r\n`),
  bad('a carriage return alone', `GET / HTTP/1.1\r\n${HOST}X: y\rZ: w\r\n\r\n`),
  bad('a null octet', `GET / HTTP/1.1\r\n${HOST}X: \0\r\n\r\n`),
  bad('two Host', `GET /healthz HTTP/1.1\r\n${HOST}${HOST}\r\n`),
  bad('no Host', 'GET /healthz HTTP/1.1\r\n\r\n'),
  cutOff('a chunk size that is none', `${LOG_IN}${CHUNKED}\r\nxy\r\n`),
  cutOff('a negative chunk size', `${LOG_IN}${CHUNKED}\r\n-1\r\n`),
  cutOff('a chunk size of 2^64 and more', `${LOG_IN}${CHUNKED}\r\n10000000000000004\r\nxxxx\r\n0\r\n\r\n`),
  cutOff('a chunk that is longer than it says', `${LOG_IN}${CHUNKED}\r\n1\r\nxxx\r\n0\r\n\r\n`),
  cutOff('a chunk size with a line feed alone', `${LOG_IN}${CHUNKED}\r\n4\nxxxx\r\n0\r\n\r\n`),
  {
    what: 'a request in the body of a GET',
    text: `GET /healthz HTTP/1.1\r\n${HOST}Connection: close\r\nContent-Length: 40\r\n\r\n${`GET / HTTP/1.1\r\n${HOST}`.padEnd(36, 'x')}\r\n\r\n`,
    answer: '200',
  },
];

/** More than is read. */
const OVERSIZED: readonly MalformedRequest[] = [
  tooLong('headers of 20 KiB', `GET / HTTP/1.1\r\n${HOST}X: ${'x'.repeat(20_000)}\r\n\r\n`),
  tooLong('headers without an end', `GET / HTTP/1.1\r\n${HOST}X: ${'x'.repeat(200_000)}`),
  tooLong('a path of 20 KiB', `GET /${'x'.repeat(20_000)} HTTP/1.1\r\n${HOST}\r\n`),
  tooLong('101 headers', `GET /healthz HTTP/1.1\r\n${HOST}${'X: y\r\n'.repeat(100)}\r\n`),
  tooLong('3000 headers', `GET /healthz HTTP/1.1\r\n${HOST}${'a:\r\n'.repeat(3000)}\r\n`),
  tooLong('10,000 headers', `GET /healthz HTTP/1.1\r\n${HOST}${'a:\r\n'.repeat(10_000)}\r\n`),
  {
    what: 'a body of 100 GB, as it says',
    text: `${LOG_IN}Content-Length: 100000000000\r\n\r\n`,
    endless: CHUNK,
    answer: '413',
    reason: 'too-large',
  },
  {
    what: 'a body in chunks that does not end',
    text: `${LOG_IN}${CHUNKED}\r\n`,
    endless: CHUNK,
    answer: '413',
    reason: 'too-large',
  },
  {
    what: 'a body that does not end, of somebody who has not logged in',
    text: `POST /config/vrouter HTTP/1.1\r\n${HOST}${CHUNKED}\r\n`,
    endless: CHUNK,
    answer: '401',
    reason: 'unauthorized',
  },
  {
    what: 'a body that does not end, of a request that has none',
    text: `GET /healthz HTTP/1.1\r\n${HOST}${CHUNKED}\r\n`,
    endless: CHUNK,
    answer: '200',
  },
  {
    what: 'a body that does not end, for a path that is none',
    text: `POST /%ff HTTP/1.1\r\n${HOST}${CHUNKED}\r\n`,
    endless: CHUNK,
    answer: '400',
    reason: 'malformed',
  },
  { ...cutOff('a chunk extension that does not end', `${LOG_IN}${CHUNKED}\r\n1;x=`), endless: CHUNK },
  { ...cutOff('trailers that do not end', `${LOG_IN}${CHUNKED}\r\n0\r\n`), endless: 'x: y\r\n'.repeat(1000) },
];

/** Other protocols, and what is no request of HTTP. */
const NOT_HTTP: readonly MalformedRequest[] = [
  bad('SSH', 'SSH-2.0-OpenSSH_9.6\r\n'),
  bad('TLS', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'),
  bad('HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0'),
  bad('HTTP/0.9', 'GET /\r\n\r\n'),
  bad('a method that is none', `BREW /pot HTTP/1.1\r\n${HOST}\r\n`),
  bad('a target that is none', `GET healthz HTTP/1.1\r\n${HOST}\r\n`),
  bad('octets above 127 in a target', `GET /\xff HTTP/1.1\r\n${HOST}\r\n`),
  bad('an answer', `HTTP/1.1 200 OK\r\n${HOST}\r\n`),
  { ...bad('a tunnel', `CONNECT 10.0.0.3:22 HTTP/1.1\r\n${HOST}\r\n`), answer: '501' },
  { ...bad('an expectation', `GET / HTTP/1.1\r\n${HOST}Expect: tea\r\n\r\n`), answer: '417' },
];

export const MALFORMED_REQUESTS: readonly MalformedRequest[] = [...SMUGGLING, ...OVERSIZED, ...NOT_HTTP];
