/** Turns whatever goes wrong with a request into a problem document. */
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { ChangeIssue, PluginContext } from 'rvrrpd/plugin';
import { PathTable } from './path-table.ts';
import { PROBLEM_TYPE, ProblemError, ProblemSchema, problem } from './problems.ts';
import type { Tally } from './tally.ts';

/** What a fault of a client's is called, by Fastify's code: its own messages may quote the request. */
const DETAILS: Readonly<Record<string, string>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: 'the body is too large',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'the body is not as long as Content-Length says',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'the body must be JSON, Content-Type: application/json',
  FST_ERR_CTP_INVALID_JSON_BODY: 'the body is not valid JSON',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'the body is empty: it must be JSON',
  FST_ERR_BAD_URL: 'the path is not a valid URL path',
  FST_ERR_MAX_PARAM_LENGTH: 'a part of the path is too long',
};

/** Where {@link registerProblems} tells of faults, and what it may know. */
export interface ProblemSettings {
  /** Told of exceptions, which are faults of the API. Default: nobody is. */
  readonly log?: PluginContext['log'];
  readonly tally?: Tally;
}

/**
 * Makes `app` answer errors, unknown paths and methods with problem documents. To be called before routes are
 * added.
 * @returns the paths and methods that are added from then on
 */
export function registerProblems(app: FastifyInstance, settings: ProblemSettings = {}): PathTable {
  const paths = new PathTable();
  paths.watch(app);
  app.addSchema(ProblemSchema);
  app.setErrorHandler((error: FastifyError | Error, request, reply) => {
    sendError(error, request, reply, settings);
  });
  app.setNotFoundHandler((request) => {
    const methods = paths.methods(request.url);
    if (methods.size === 0 || methods.has(request.method)) {
      throw new ProblemError(404, 'there is nothing at this path; see /docs');
    }
    throw new ProblemError(405, `this path does not have the method ${request.method}`, {
      headers: { allow: [...methods.keys()].join(', ') },
    });
  });
  return paths;
}

/** Answers with the problem document of `error`. */
export function sendError(
  error: FastifyError | Error,
  request: FastifyRequest,
  reply: FastifyReply,
  { log, tally }: ProblemSettings,
): void {
  const document = documentOf(error);
  if (document.status >= 500 && !(error instanceof ProblemError)) {
    // The route's pattern, not the path: that may hold anything.
    const route = request.routeOptions.url ?? 'a path without a route';
    log?.('error', `${request.method} ${route} failed: ${error.stack ?? String(error)}`);
  }
  if (document.status === 413) tally?.refuse('too-large');
  if (error instanceof ProblemError) reply.headers(error.headers);
  // As text: the schemas of the route have no say in it.
  reply.code(document.status).type(PROBLEM_TYPE).send(JSON.stringify(document));
}

function documentOf(error: FastifyError | Error): ReturnType<typeof problem> {
  if (error instanceof ProblemError)
    return problem(error.statusCode, error.message, error.errors, error.code);
  if ('validation' in error && error.validation !== undefined) {
    const issues = issuesOf(error);
    return problem(400, issues.map(({ directive, message }) => `${directive} ${message}`).join('; '), issues);
  }
  const status = 'statusCode' in error ? (error.statusCode ?? 500) : 500;
  if (status < 400 || status >= 500) {
    return problem(500, 'a fault of the API; the daemon’s log tells more');
  }
  const code = 'code' in error ? error.code : '';
  return problem(status, DETAILS[code] ?? 'the request is malformed');
}

/** What JSON Schema finds wrong. Its messages name no values. */
function issuesOf({ validation = [], validationContext = 'body' }: FastifyError): ChangeIssue[] {
  return validation.map(({ instancePath, message = 'is not valid', params }) => {
    const extra = params.additionalProperty;
    return {
      severity: 'error',
      directive: `${validationContext}${instancePath.replace(/\/(\d+)(?=\/|$)/g, '[$1]').replaceAll('/', '.')}`,
      message: typeof extra === 'string' ? `${message}: ${extra}` : message,
    };
  });
}
