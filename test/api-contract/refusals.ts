/** For every status of a refusal that a client can bring about: the request that does, for any operation. */
import type { RawRequest } from './client.ts';
import { needsWriter, type Operation } from './document.ts';
import type { Credentials } from './requests.ts';

type Values = Readonly<Record<string, string>>;

/** Path parameters that name something that there is. */
const THERE: Values = { group: '1', interface: 'lan', user: 'victim', id: 'none' };
/** What is called `name`, by the second part of the path. */
const NAMES: Values = { plugins: 'rvrrpd-plugin-api-http', track: 'uplink', sync: 'gw' };
/** Path parameters that name nothing. */
const ABSENT: Values = { group: '99', interface: 'none', user: 'nobody', id: 'none', name: 'none' };

/** The path of an operation. @param values of its parameters; absent is what there is */
function pathOf({ path }: Operation, values: Values = {}): string {
  const kind = path.split('/')[2] ?? '';
  const name = NAMES[kind] ?? 'static';
  return path.replace(/\{(\w+)\}/g, (_, parameter: string) => values[parameter] ?? THERE[parameter] ?? name);
}

/** The path with each parameter `value`. */
function pathWith({ path }: Operation, value: string): string {
  return path.replace(/\{\w+\}/g, value);
}

/** A path of the operation that names what there is. */
export function existing(operation: Operation): string {
  return pathOf(operation);
}

const JSON_TYPE = ['Content-Type', 'application/json'] as const;
/** As the daemon takes it, or refuses it for what it says only. */
const BODIES: Readonly<Record<string, unknown>> = {
  setProtocol: [],
  logIn: { user: 'victim', passwd: 'wrong' },
};

/**
 * A request that must be answered with `status`; undefined: what this operation answers then depends on more than
 * the request (409, 422, 429, 503).
 */
export function refused(
  operation: Operation,
  status: number,
  credentials: Credentials,
): RawRequest | undefined {
  const { method, operationId, requestBody, parameters = [] } = operation;
  const query = needsWriter(operation) ? '?dry_run=true' : '';
  const body = requestBody === undefined ? {} : { body: JSON.stringify(BODIES[operationId] ?? {}) };
  const headers = requestBody === undefined ? credentials.writer : [...credentials.writer, JSON_TYPE];
  const usual = { method, target: `${pathOf(operation)}${query}`, headers, ...body };
  switch (status) {
    case 400: {
      const flag = parameters.find(({ in: place, schema }) => place === 'query' && schema.type !== 'string');
      if (flag !== undefined) return { ...usual, target: `${pathOf(operation)}?${flag.name}=maybe` };
      if (operation.path.includes('{')) return { ...usual, target: pathWith(operation, '%zz') };
      return { ...usual, headers: [...credentials.writer, JSON_TYPE], body: '{' };
    }
    case 401:
      return operationId === 'logIn' ? usual : { ...usual, headers: credentials.nobody };
    case 403:
      return { ...usual, headers: [...headers, ['Origin', 'https://example.org']] };
    case 404:
      return { ...usual, target: `${pathOf(operation, ABSENT)}${query}` };
    case 412:
      return { ...usual, headers: [...headers, ['If-Match', '"0"']] };
    case 413:
      return {
        ...usual,
        headers: [...credentials.writer, JSON_TYPE],
        body: JSON.stringify('x'.repeat(70_000)),
      };
    case 414:
      return { ...usual, target: pathWith(operation, 'x'.repeat(600)) };
    case 415:
      return { ...usual, headers: [...credentials.writer, ['Content-Type', 'text/plain']], body: 'x' };
    default:
      return undefined;
  }
}
