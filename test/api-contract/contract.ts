/** Whether answers are what the document says. */
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import type { RawAnswer, RawRequest } from './client.ts';
import type { ApiDocument, Operation, Response, Schema } from './document.ts';

const PROBLEM = 'application/problem+json';

/** Headers of every answer. */
const ALWAYS: Readonly<Record<string, string>> = {
  'cache-control': 'no-store',
  'x-content-type-options': 'nosniff',
};

/** RFC 3339 §5.6, as this API writes it. */
const DATE_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;

/** Checks answers against a document, and remembers which documented ones it has seen. */
export class Contract {
  /** `operationId status` of every answer so far. */
  readonly seen = new Set<string>();
  private readonly ajv = new Ajv2020({ strict: false });
  private readonly validators = new Map<string, ValidateFunction>();

  /** @param secrets that no answer may have */
  constructor(
    readonly document: ApiDocument,
    private readonly secrets: readonly string[],
  ) {
    this.ajv.addFormat('date-time', DATE_TIME);
  }

  /** Whether a value is what a schema describes. */
  allows(schema: Schema, value: unknown): boolean {
    return this.validator(schema, this.document.components)(value) === true;
  }

  /**
   * @param operation that the answer is of
   * @throws Error that says what the answer has that the document does not, or the other way round
   */
  check(operation: Operation, request: RawRequest, answer: RawAnswer): void {
    const { responses, operationId } = operation;
    const faults = [...this.faultsOfAny(answer)];
    const response = responses[answer.status];
    this.seen.add(`${operationId} ${answer.status}`);
    if (response === undefined) faults.push(`status ${answer.status} is not documented`);
    else faults.push(...this.faultsOf(response, answer));
    report(operationId, request, answer, faults);
  }

  /** The same for a request that is no operation. @param statuses that will do */
  checkProblem(request: RawRequest, answer: RawAnswer, ...statuses: readonly number[]): void {
    const faults = [...this.faultsOfAny(answer)];
    if (!statuses.includes(answer.status))
      faults.push(`status ${answer.status}, not ${statuses.join(' or ')}`);
    if (answer.status === 405 && !answer.headers.allow) faults.push('405 without Allow');
    faults.push(
      ...this.faultsOfBody({ [PROBLEM]: { schema: this.document.components.schemas.Problem! } }, answer),
    );
    report('no operation', request, answer, faults);
  }

  private *faultsOfAny({ status, headers, text }: RawAnswer): Generator<string> {
    if (status >= 500) yield `status ${status}`;
    const all = `${text}\n${JSON.stringify(headers)}`;
    for (const secret of this.secrets) if (all.includes(secret)) yield `a secret: ${secret}`;
    for (const [name, value] of Object.entries(ALWAYS)) {
      if (headers[name] !== value) yield `${name} is ${headers[name]}, not ${value}`;
    }
    if (status < 400) return;
    if (status === 401 && !headers['www-authenticate']) yield '401 without WWW-Authenticate';
    if (status === 429 && !/^[1-9]\d*$/.test(headers['retry-after'] ?? '')) yield '429 without Retry-After';
    const problem = jsonOf(text);
    if (typeof problem !== 'object' || problem === null) yield 'no problem document';
    else if (!('status' in problem) || problem.status !== status) yield 'a problem of another status';
  }

  private *faultsOf({ headers = {}, content }: Response, answer: RawAnswer): Generator<string> {
    for (const [name, { schema }] of Object.entries(headers)) {
      const value = answer.headers[name.toLowerCase()];
      if (value === undefined) yield `the header ${name} is missing`;
      else if (!this.allows(schema, value)) yield `the header ${name} is ${value}`;
    }
    if (content !== undefined) yield* this.faultsOfBody(content, answer);
    else if (answer.text !== '') yield 'a body that is not documented';
  }

  private *faultsOfBody(content: NonNullable<Response['content']>, answer: RawAnswer): Generator<string> {
    const type = answer.headers['content-type']?.split(';', 1)[0] ?? 'none';
    const media = content[type];
    if (media === undefined) {
      yield `content type ${type}, not ${Object.keys(content).join(' or ')}`;
      return;
    }
    const body = /\bjson$/.test(type) ? jsonOf(answer.text) : answer.text;
    const validate = this.validator(closed(media.schema) as Schema, closed(this.document.components));
    if (!validate(body))
      yield `the body is not what the schema says: ${this.ajv.errorsText(validate.errors)}`;
  }

  private validator(schema: Schema, components: unknown): ValidateFunction {
    const key = `${components === this.document.components} ${JSON.stringify(schema)}`;
    let validator = this.validators.get(key);
    if (validator === undefined) {
      validator = this.ajv.compile({ ...schema, components });
      this.validators.set(key, validator);
    }
    return validator;
  }
}

/** The same schema with nothing allowed in objects that it does not mention, unless it says so. */
function closed(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(closed);
  if (typeof node !== 'object' || node === null) return node;
  const copy = Object.fromEntries(Object.entries(node).map(([name, value]) => [name, closed(value)]));
  const isObject = typeof copy.properties === 'object' && 'type' in copy;
  return isObject && !('additionalProperties' in copy) ? { ...copy, additionalProperties: false } : copy;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function report(what: string, request: RawRequest, answer: RawAnswer, faults: readonly string[]): void {
  if (faults.length === 0) return;
  const body = request.body === undefined ? '' : Buffer.from(request.body).toString('latin1');
  throw new Error(
    [
      `${what}: ${faults.join('; ')}`,
      `> ${request.method} ${request.target}`.slice(0, 500),
      ...(request.headers ?? []).map(([name, value]) => `> ${name}: ${value}`.slice(0, 200)),
      `> ${body}`.slice(0, 500),
      `< ${answer.status} ${JSON.stringify(answer.headers)}`,
      `< ${answer.text}`.slice(0, 1000),
    ].join('\n'),
  );
}
