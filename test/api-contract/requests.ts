/** Requests for an operation, well-formed and not. */
import fc from 'fast-check';
import type { RawRequest } from './client.ts';
import type { Contract } from './contract.ts';
import { isPublic, needsWriter, type Operation, type Parameter } from './document.ts';
import { invalid, valid } from './generate.ts';

type Headers = RawRequest['headers'] & object;

/** Who asks. `forged`: with credentials that nobody has issued. */
export type Asker = 'nobody' | 'forged' | 'reader' | 'writer' | 'browser';
/** The headers that each has. */
export type Credentials = Readonly<Record<Asker, Headers>>;

/** A part of a request. */
interface Part<T> {
  readonly value: T;
  /** It is what the document asks for. Absent: it is, or is not, depending on what there is. */
  readonly ok?: boolean;
}

/** A request, and what may come of it. */
export interface Trial {
  readonly asker: Asker;
  readonly request: RawRequest;
  /** All of it is what the document asks for; false: something in it is not. */
  readonly ok: boolean | undefined;
}

const ODD_PARTS = [
  '%',
  '%zz',
  '%c3%28',
  '%00',
  '%2e%2e',
  '..',
  '.',
  '%2f',
  'a%2fb',
  '%25',
  '%e4',
  '%e2%80%ae',
];
const LONG = [...['x'.repeat(511), 'x'.repeat(513), 'x'.repeat(4000)], '%61'.repeat(300)];

/** A value in a path. @param schema of the parameter */
function pathPart({ name, schema }: Parameter, contract: Contract): fc.Arbitrary<Part<string>> {
  const right = valid(schema, contract, name)
    .map((value) => encodeURIComponent(String(value)))
    .filter((value) => value !== '' && value.length < 400)
    // Nobody may end the sessions that this test needs.
    .filter((value) => value !== 'admin' && value !== 'carol');
  const wrong = invalid(schema, contract)
    .filter((value) => ['string', 'number', 'boolean'].includes(typeof value))
    .map((value) => encodeURIComponent(String(value)))
    .filter((value) => value !== '' && value.length < 2000 && !contract.allows(schema, read(value)));
  const odd = fc.constantFrom(...ODD_PARTS, ...LONG);
  return fc.oneof(
    { weight: 8, arbitrary: right.map((value) => ({ value, ok: true })) },
    ...(schema.type === 'string'
      ? []
      : [{ weight: 1, arbitrary: wrong.map((value) => ({ value, ok: false })) }]),
    { weight: 1, arbitrary: odd.map((value) => ({ value })) },
  );
}

/** A part of a path or query as its reader may take it. */
function read(value: string): unknown {
  return /^-?\d+$/.test(value) ? Number(value) : value;
}

/** The path with its parameters filled in. */
function pathOf({ path, parameters = [] }: Operation, contract: Contract): fc.Arbitrary<Part<string>> {
  const parts = path.split('/').map((part): fc.Arbitrary<Part<string>> => {
    const parameter = parameters.find(({ name, in: place }) => place === 'path' && part === `{${name}}`);
    return parameter === undefined ? fc.constant({ value: part, ok: true }) : pathPart(parameter, contract);
  });
  return fc.tuple(fc.boolean(), ...parts).map(([slash, ...all]) => {
    const value = all.map((part) => part.value).join('/');
    return { value: slash && path !== '/' ? `${value}/` : value, ...together(all) };
  });
}

/** `ok` of a whole. */
function together(parts: readonly Pick<Part<unknown>, 'ok'>[]): { readonly ok?: boolean } {
  if (parts.some(({ ok }) => ok === false)) return { ok: false };
  return parts.every(({ ok }) => ok === true) ? { ok: true } : {};
}

/** A query. That of a change is always a dry run. */
function queryOf(operation: Operation, contract: Contract): fc.Arbitrary<Part<string>> {
  const dry = needsWriter(operation) ? ['dry_run=true'] : [];
  const known = (operation.parameters ?? []).filter((each) => each.in === 'query' && each.name !== 'dry_run');
  const right = fc.tuple(
    ...known.map(({ name, schema }) =>
      fc.option(valid(schema, contract, name).map((value) => `${name}=${encodeURIComponent(String(value))}`)),
    ),
  );
  const odd = fc.constantFrom(
    '',
    '&',
    '=',
    '%',
    '%zz',
    'x',
    'x=%',
    '__proto__=1',
    '[]=1',
    '%00=%ff',
    '?',
    '#',
  );
  const mistyped = known
    .filter(({ schema }) => schema.type === 'boolean' || schema.type === 'integer')
    .flatMap(({ name }) => [`${name}=`, `${name}=maybe`, `${name}=1.5`, `${name}=true&${name}=false`]);
  // A change refuses what it does not know: it might be a misspelt `dry_run`.
  const wrong = [...mistyped, ...(needsWriter(operation) ? ['dryrun=true', 'Dry_run=true', 'force='] : [])];
  return fc.oneof(
    {
      weight: 12,
      arbitrary: right.map((pairs) => {
        const all = [...dry, ...pairs.filter((pair) => pair !== null)];
        return { value: all.length === 0 ? '' : `?${all.join('&')}`, ok: true };
      }),
    },
    { weight: 1, arbitrary: odd.map((value) => ({ value: `?${[...dry, value].join('&')}` })) },
    ...(wrong.length === 0
      ? []
      : [
          {
            weight: 2,
            arbitrary: fc
              .constantFrom(...wrong)
              .map((value) => ({ value: `?${[...dry, value].join('&')}`, ok: false })),
          },
        ]),
  );
}

/** Values of `If-Match` and `If-None-Match`. */
const CONDITIONS = [
  ...['*', ' * ', '"0"', 'W/"0"', '"a", "b"', ',"a",,', '"', '0', '', '*, "a"', '"a" "b"', '"\xe4"'],
  ...['"TAG"', 'W/"TAG"', '"0", "TAG"', `"${'x'.repeat(3000)}"`],
];
const ODD_HEADERS: Headers = [
  ['Accept', 'application/xml'],
  ['Accept', '*/*;q=0'],
  ['Accept-Encoding', 'gzip, br'],
  ['Content-Encoding', 'gzip'],
  ['Content-Language', '\xff'],
  ['Range', 'bytes=0-1'],
  ['Cookie', 'user=admin; ts=1; nonce=0; token=0'],
  ['Cookie', '=;;;,%zz; token'],
  ['X-HTTP-Method-Override', 'DELETE'],
  ['X-Forwarded-For', '127.0.0.99'],
  ['Origin', 'https://example.org'],
  ['Origin', 'null'],
  ['Last-Event-ID', '-1'],
  ['Last-Event-ID', '9'.repeat(400)],
  ['__proto__', 'x'],
  ['Content-Type', 'x'],
];

/** Headers beside those of the body. @param tag of the configuration */
function headersOf({ parameters = [] }: Operation, tag: string): fc.Arbitrary<Part<Headers>> {
  const conditions = parameters.some(({ name }) => name === 'If-Match')
    ? fc
        .tuple(fc.constantFrom('If-Match', 'If-None-Match'), fc.constantFrom(...CONDITIONS))
        .map(([name, value]): [string, string] => [name, value.replace('TAG', tag)])
    : fc.constantFrom(...CONDITIONS).map((value): [string, string] => ['If-None-Match', value]);
  const some = fc.array(fc.oneof(conditions, fc.constantFrom(...ODD_HEADERS)), {
    minLength: 1,
    maxLength: 3,
  });
  return fc.oneof(
    { weight: 4, arbitrary: fc.constant({ value: [], ok: true }) },
    { weight: 1, arbitrary: some.map((value) => ({ value })) },
  );
}

/** A body with the headers that describe it. */
interface Body {
  readonly body?: string | Uint8Array;
  readonly headers: Headers;
}

const typed = (type: string, body: string | Uint8Array): Body => ({
  body,
  headers: [['Content-Type', type]],
});

const MALFORMED: readonly (string | Uint8Array)[] = [
  ...['{', '', ' ', 'null', '"', '[1,]', '{"a":1}}', '{"a":NaN}', "{'a':1}", '{"__proto__":{"a":1}}'],
  ...['{"constructor":{"prototype":{"a":1}}}', '{"a":"\\ud800"}', '\ufeff{}', '['.repeat(5000)],
  ...[`${'{"a":'.repeat(40)}1${'}'.repeat(40)}`, '{"a":1e999}'],
  new Uint8Array([0x22, 0xff, 0x22]),
  new Uint8Array([0x1f, 0x8b, 0x08, 0x00]),
];
const WRONG_TYPES = [
  ...['text/plain', 'application/xml', 'application/jsonx', 'application/problem+json', 'x', ''],
  ...['multipart/form-data; boundary=x', 'application/json, text/plain', 'application /json'],
];
/** More than any body may have. */
const LARGE = JSON.stringify({ name: 'x'.repeat(70_000) });

function bodyOf({ requestBody, operationId }: Operation, contract: Contract): fc.Arbitrary<Part<Body>> {
  const none: Body = { headers: [] };
  const malformed = fc.constantFrom(...MALFORMED).map((body) => ({ value: typed('application/json', body) }));
  const untyped = fc.constantFrom(...WRONG_TYPES).map((type) => ({ value: typed(type, '{}') }));
  const large = fc.constant({ value: typed('application/json', LARGE) });
  if (requestBody === undefined) {
    const odd = fc.oneof(malformed, untyped, large);
    return fc.oneof(
      { weight: 4, arbitrary: fc.constant({ value: none, ok: true }) },
      { weight: 1, arbitrary: odd },
    );
  }
  const wrong = (part: fc.Arbitrary<Part<Body>>) => part.map((each) => ({ ...each, ok: false }));
  const json = Object.entries(requestBody.content).filter(([type]) => /\bjson$/.test(type));
  const [type, { schema }] = json[0]!;
  const right = json.map(([name]) =>
    valid(schema, contract).map((value) => ({ value: typed(name, JSON.stringify(value)), ok: true })),
  );
  const not = invalid(schema, contract).map((value) => ({
    value: typed(type, JSON.stringify(value)),
    ok: false,
  }));
  return fc.oneof(
    ...right.map((arbitrary) => ({ weight: 6 / right.length, arbitrary })),
    { weight: 3, arbitrary: not },
    { weight: 1, arbitrary: malformed },
    // A log-in takes any media type.
    { weight: 1, arbitrary: operationId === 'logIn' ? untyped : wrong(untyped) },
    { weight: 1, arbitrary: wrong(fc.oneof(large, fc.constant({ value: none }))) },
  );
}

const EVERYBODY: readonly [Asker, weight: number][] = [
  ['nobody', 1],
  ['forged', 1],
  ['reader', 1],
  ['writer', 1],
  ['browser', 1],
];

/** Trials of an operation. */
export function trialsOf(operation: Operation, contract: Contract, credentials: Credentials, tag: string) {
  const askers: readonly [Asker, weight: number][] = isPublic(operation)
    ? EVERYBODY
    : [...EVERYBODY, ['writer', 4], ['reader', needsWriter(operation) ? 0 : 3]];
  return fc
    .record({
      asker: fc.oneof(...askers.map(([asker, weight]) => ({ weight, arbitrary: fc.constant<Asker>(asker) }))),
      path: pathOf(operation, contract),
      query: queryOf(operation, contract),
      headers: headersOf(operation, tag),
      body: bodyOf(operation, contract),
    })
    .map(({ asker, path, query, headers, body }): Trial => {
      const { method } = operation;
      const all = [...credentials[asker], ...body.value.headers, ...headers.value];
      const content = body.value.body === undefined ? {} : { body: body.value.body };
      const request = { method, target: `${path.value}${query.value}`, headers: all, ...content };
      // Directives of protocols that there are no plugins for are anything; see the document.
      const free = /^\/config\/protocols\/(?!static\b)/.test(path.value) && body.ok === false;
      return { asker, request, ok: together([path, query, headers, free ? {} : body]).ok };
    });
}
