/** Problem documents (RFC 9457): what every answer of status 400 and above is. */
import { type Static, type TSchema, Type } from '@sinclair/typebox';
import type { ChangeIssue } from 'rvrrpd/plugin';

/** Media type of a problem document (RFC 9457 §6.1). */
export const PROBLEM_TYPE = 'application/problem+json';

/** What each status that this API answers stands for, as `title` and in the OpenAPI document. */
const TITLES: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  406: 'Not Acceptable',
  408: 'Request Timeout',
  409: 'Conflict',
  412: 'Precondition Failed',
  413: 'Content Too Large',
  414: 'URI Too Long',
  415: 'Unsupported Media Type',
  417: 'Expectation Failed',
  422: 'Unprocessable Content',
  429: 'Too Many Requests',
  431: 'Request Header Fields Too Large',
  500: 'Internal Server Error',
  501: 'Not Implemented',
  503: 'Service Unavailable',
};

/** When a route answers each status, for the OpenAPI document. */
const REASONS: Readonly<Record<number, string>> = {
  400: 'The request is malformed.',
  401: 'No log-in, or one that has expired or was ended.',
  403: 'The user’s level does not allow it, or the request comes from another site.',
  404: 'There is no such thing.',
  405: 'Not with this method; see `Allow`.',
  406: 'No representation that the client accepts.',
  409: 'The daemon’s state does not allow it.',
  412: 'The configuration has changed: `If-Match` does not hold.',
  413: 'The body is too large.',
  414: 'A part of the path is too long.',
  415: 'A body of another media type.',
  422: 'The daemon refuses the configuration that would come of it; see `errors`.',
  429: 'Too many attempts; see `Retry-After`.',
  500: 'A fault of the API; the daemon’s log tells more.',
  503: 'Too much to do at the moment; see `Retry-After`.',
};

/** Headers that answers of a status have, for the OpenAPI document. */
const HEADERS: Readonly<Record<number, Readonly<Record<string, object>>>> = {
  401: { 'WWW-Authenticate': { type: 'string', description: 'How to log in (RFC 9110 §11.6.1).' } },
  429: { 'Retry-After': { type: 'string', description: 'When to try again, in seconds.' } },
  503: { 'Retry-After': { type: 'string', description: 'When to try again, in seconds.' } },
};

/** One thing that is wrong with a request, in the form of the contract's `ChangeIssue`. */
const IssueSchema = Type.Object({
  severity: Type.Unsafe<ChangeIssue['severity']>({ type: 'string', enum: ['error', 'warning', 'notice'] }),
  directive: Type.String({ description: 'What it is about, such as `vrouter[2].priority`; may be empty.' }),
  value: Type.Optional(Type.String({ description: 'The value as it was written.' })),
  message: Type.String({ description: 'What is wrong and what would be right.' }),
});

/**
 * Schema of a problem document. `registerProblems` (errors.ts) makes it known as `Problem`; routes refer to
 * it by {@link problemResponses}, so that the OpenAPI document holds it once.
 */
export const ProblemSchema = Type.Object(
  {
    type: Type.String({ description: '`about:blank`: `status` says what kind of problem it is.' }),
    title: Type.String({ description: 'Name of the status.' }),
    status: Type.Integer({ description: 'HTTP status of this answer.' }),
    detail: Type.String({ description: 'What is wrong here and what would be right.' }),
    code: Type.Optional(
      Type.String({
        description: 'Of what the daemon refuses: which error of its list (docs/operating.md), for programs.',
      }),
    ),
    errors: Type.Optional(Type.Array(IssueSchema, { description: 'Everything that is wrong, one by one.' })),
  },
  { $id: 'Problem', title: 'Problem', description: 'A problem document (RFC 9457).' },
);

/** A problem document. */
export type Problem = Static<typeof ProblemSchema>;

/** What a {@link ProblemError} tells beside its status and detail. */
export interface ProblemExtra {
  /** The daemon's code for it. */
  readonly code?: string;
  /** Everything that is wrong, one by one. */
  readonly errors?: readonly ChangeIssue[];
  /** Headers of the answer, such as `Retry-After` or `Allow`. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** Any handler or hook may throw it: it becomes the answer. */
export class ProblemError extends Error {
  override readonly name = 'ProblemError';
  readonly code: string | undefined;
  readonly errors: readonly ChangeIssue[] | undefined;
  readonly headers: Readonly<Record<string, string>>;

  /**
   * @param statusCode 400 to 599
   * @param detail what is wrong and what would be right; the client reads it
   */
  constructor(
    readonly statusCode: number,
    detail: string,
    extra: ProblemExtra = {},
  ) {
    super(detail);
    this.code = extra.code;
    this.errors = extra.errors;
    this.headers = extra.headers ?? {};
  }
}

/** The problem document of an error status. @param code see {@link ProblemExtra} */
export function problem(
  status: number,
  detail: string,
  errors?: readonly ChangeIssue[],
  code?: string,
): Problem {
  const title = TITLES[status] ?? 'Error';
  return {
    ...{ type: 'about:blank', title, status, detail },
    ...(code !== undefined && { code }),
    ...(errors && { errors: [...errors] }),
  };
}

/** The `response` entries of a route's schema for these error statuses. */
export function problemResponses(...statuses: readonly number[]): Record<number, TSchema> {
  return Object.fromEntries(
    statuses.map((status) => [
      status,
      {
        description: REASONS[status] ?? TITLES[status] ?? 'Error.',
        ...(HEADERS[status] && { headers: HEADERS[status] }),
        content: { [PROBLEM_TYPE]: { schema: Type.Unsafe<Problem>({ $ref: 'Problem#' }) } },
      },
    ]),
  ) as unknown as Record<number, TSchema>;
}
