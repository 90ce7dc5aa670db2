import { describe, expect, test } from 'vitest';
import { LARGEST_BODY } from '../src/body.ts';
import { faultOf, MOST_HEADERS, mayBeEndless } from '../src/request-faults.ts';

/** A request with these header fields, by name and value in turn. */
function head(httpVersionMinor: number, ...rawHeaders: string[]) {
  const headers: Record<string, string> = {};
  for (let i = 0; i < rawHeaders.length; i += 2) headers[rawHeaders[i]!.toLowerCase()] = rawHeaders[i + 1]!;
  return { headers, rawHeaders, httpVersionMinor };
}

const many = (count: number): string[] => Array.from({ length: count }, () => ['X', 'y']).flat();

describe('a request', () => {
  test.each([
    ['in order', head(1, 'Host', 'a'), undefined],
    ['of HTTP/1.0 without Host', head(0), undefined],
    ['of HTTP/1.1 without Host', head(1, 'X', 'Host'), 400],
    ['with two Host', head(1, 'Host', 'a', 'hOsT', 'a'), 400],
    ['of HTTP/1.0 with two Host', head(0, 'Host', 'a', 'Host', 'b'), 400],
    ['with as many headers as there may be', head(1, 'Host', 'a', ...many(MOST_HEADERS - 1)), undefined],
    ['with one more', head(1, 'Host', 'a', ...many(MOST_HEADERS)), 431],
    ['that waits for 100', head(1, 'Host', 'a', 'Expect', '100-Continue'), undefined],
    ['that expects something else', head(1, 'Host', 'a', 'Expect', 'tea'), 417],
  ])('%s: %o is %s', (_what, request, status) => {
    expect(faultOf(request)).toBe(status);
  });
});

describe('a body', () => {
  test.each([
    ['none', head(1, 'Host', 'a'), false],
    ['the largest that is read', head(1, 'Content-Length', String(LARGEST_BODY)), false],
    ['a larger one', head(1, 'Content-Length', String(LARGEST_BODY + 1)), true],
    ['in chunks', head(1, 'Transfer-Encoding', 'chunked'), true],
  ])('%s', (_what, request, endless) => {
    expect(mayBeEndless(request)).toBe(endless);
  });
});
