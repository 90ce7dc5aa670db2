import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { type RawAnswer, RawClient, type RawRequest } from './api-contract/client.ts';
import { Contract } from './api-contract/contract.ts';
import {
  type ApiDocument,
  isPublic,
  needsWriter,
  type Operation,
  operationsOf,
  resolved,
} from './api-contract/document.ts';
import { SENT_SECRET, valid } from './api-contract/generate.ts';
import { existing, refused } from './api-contract/refusals.ts';
import { type Asker, type Credentials, type Trial, trialsOf } from './api-contract/requests.ts';
import { type Step, stepsOn } from './api-contract/steps.ts';
import { API_ADDRESS, type ApiStage, apiTable, USERS, withApi } from './lab/api-stage.ts';
import { expectUndisturbed, INTERVAL, router, SECRET, verdict } from './lab/reloading.ts';
import { describeSystem } from './lab/requirements.ts';
import { sleep } from './lab/wait.ts';

// The API of the real daemon is what its OpenAPI document says: every operation, whatever is sent to it.

/** They log in with the same password as the others. The sessions of `victim` are there to be ended. */
const MORE_USERS = ['victim', 'leaver'].map((name) => USERS[0]!.replace('admin:1', `${name}:0`));
const API_SECRET = 'a-long-and-random-string-0123456789';
const TABLES = `${apiTable({ users: [...USERS, ...MORE_USERS], secret: API_SECRET })}
[[protocols.static]]
route = "198.51.100.0"
mask = "255.255.255.0"
nh = "10.0.0.100"

[[track]]
name = "uplink"
type = "link"
interface = "lan"

[[sync]]
name = "gw"
routers = ["lan/1"]

[plugins]
"rvrrpd-plugin-api-http" = { options = { session_lifetime = 900 } }
`;
/** Nothing that the daemon says may have any of these. The password itself is an example in the document. */
const SECRETS = [SECRET, SENT_SECRET, API_SECRET, ...USERS[0]!.split(':').slice(-2)];

/** Wrong passwords come from here, so that they do not keep the others from logging in. */
const ELSEWHERE = '127.0.0.9';
/** And those that are not counted here: how many of them are a minute old by then depends on the machine. */
const FAR_AWAY = '127.0.0.8';

/** Trials of each operation; a change takes longer, as all of it is checked each time. */
const RUNS = 70;
const RUNS_OF_CHANGES = 50;
/** Changes that are made, not only tried. */
const RUNS_OF_REAL_CHANGES = 25;
/** Operations that are tried at the same time. */
const AT_ONCE = 4;
/** ms for all trials of one operation; those that are left over are left out. */
const TIME = 30_000;

/** What a test plays with. */
interface Bench extends ApiStage {
  readonly raw: RawClient;
  readonly contract: Contract;
  readonly operations: readonly Operation[];
  readonly credentials: Credentials;
}

/** Logs in as a browser does. @returns the `Cookie` header */
async function cookieOf({ api }: ApiStage, user: string): Promise<string> {
  const { cookies } = await api.request('/auth', {
    method: 'POST',
    body: `user=${user} passwd=banana`,
    headers: {},
  });
  return cookies.map((cookie) => cookie.split(';', 1)[0]).join('; ');
}

/** Logs in for a token. @returns the `Authorization` header */
async function bearerOf({ api }: ApiStage, user: string): Promise<string> {
  const { json } = await api.request('/auth', { method: 'POST', body: { user, passwd: 'banana' } });
  return `Bearer ${(json as { token: string }).token}`;
}

/** Plays with the API, and makes sure that VRID 2 has noticed nothing and that no secret has got out. */
function withBench(body: (bench: Bench) => Promise<void>): () => Promise<void> {
  return withApi(
    async (stage) => {
      const raw = new RawClient(stage.r1, Number(API_ADDRESS.split(':')[1]));
      const { text } = await raw.send({ method: 'GET', target: '/openapi.json' });
      const document = JSON.parse(text) as ApiDocument;
      const cookie = await cookieOf(stage, 'admin');
      const [writer, reader] = [await bearerOf(stage, 'admin'), await bearerOf(stage, 'carol')];
      const credentials: Credentials = {
        nobody: [],
        forged: [['Authorization', writer.replace(/.{8}$/, 'AAAAAAAA')]],
        reader: [['Authorization', reader]],
        writer: [['Authorization', writer]],
        browser: [['Cookie', cookie]],
      };
      const tokens = [writer, reader].map((each) => each.replace('Bearer ', ''));
      const contract = new Contract(document, [...SECRETS, ...tokens]);
      const begin = Date.now();
      const said = stage.master.log().length; // before, such as that the API is late on a crowded machine
      await body({ ...stage, raw, contract, operations: operationsOf(document), credentials });
      await sleep(1.2 * INTERVAL);
      expectUndisturbed(stage.wire, begin - 1200, [2]);
      const { output } = stage.master.running;
      for (const secret of [...SECRETS, 'banana', ...tokens]) expect(output).not.toContain(secret);
      const since = stage.master.log().slice(said);
      expect(since.filter(({ level }) => level === 'error')).toEqual([]);
    },
    {
      vrouters: [router(1, { auth_type: 'p0-t8-sha256', auth_secret: SECRET }), router(2)],
      tables: TABLES,
    },
  );
}

/** A plugin that does nothing, in the folder of the configuration. It takes any options. */
function writePlugin(folder: string): void {
  const place = path.join(folder, 'rvrrpd-plugin-nothing');
  mkdirSync(place);
  const manifest = { api: '^1.0.0', kind: 'protocol', names: ['nothing'] };
  const description = { name: 'rvrrpd-plugin-nothing', version: '1.2.3', exports: './index.js' };
  writeFileSync(
    path.join(place, 'package.json'),
    JSON.stringify({ ...description, type: 'module', rvrrpd: manifest }),
  );
  writeFileSync(
    path.join(place, 'index.js'),
    "export default { kind: 'protocol', create: () => ({ plan: () => [] }) };\n",
  );
}

/** Statuses that say that a request is not what the document asks for. */
const MALFORMED = [400, 405, 413, 414, 415];

/** What an answer to a trial must be, beyond what the document says of its form. */
function expectSense(operation: Operation, { asker, ok }: Trial, { status, text }: RawAnswer): void {
  const what = `${asker}, request ${ok === true ? '' : 'not '}as documented: ${status} ${text}`;
  const { operationId } = operation;
  const stranger = (asker === 'nobody' || asker === 'forged') && !isPublic(operation);
  const lowly = asker === 'reader' && needsWriter(operation);
  if (ok === false || stranger || lowly) expect(status, what).toBeGreaterThanOrEqual(400);
  if (ok !== true) return;
  expect(MALFORMED, what).not.toContain(status);
  if (stranger) expect(status, what).toBe(401);
  else if (lowly) expect(status, what).toBe(403);
  else if (operationId !== 'logIn') expect(status, what).not.toBe(401);
  if (!lowly && operationId !== 'endSessions') expect(status, what).not.toBe(403);
}

/** Directives that answers show in another way than they were sent. */
const SHOWN_OTHERWISE = ['auth_secret', 'timers'];

/** An answer to a merge patch shows what was sent, also if it was a dry run. */
function expectEffect({ method }: Operation, { request }: Trial, { status, text }: RawAnswer): void {
  if (method !== 'PATCH' || status !== 200) return;
  // A byte order mark is passed over by the API, as RFC 8259 §8.1 allows, and not by JSON.parse.
  const patch = JSON.parse(String(request.body).replace(/^\uFEFF/, '')) as Readonly<Record<string, unknown>>;
  // Without an API nobody is there to answer: what a dry run would say then, it does not.
  if (typeof patch.client_api === 'string') return;
  const { configuration } = JSON.parse(text) as { readonly configuration: Readonly<Record<string, unknown>> };
  const { advert } = (patch.timers ?? {}) as { readonly advert?: unknown };
  if (typeof advert === 'number') expect(configuration.timers, text).toMatchObject({ advert });
  for (const [name, value] of Object.entries(patch)) {
    if (SHOWN_OTHERWISE.includes(name)) continue;
    // Newer directives are left out where they are absent.
    expect(configuration[name] ?? null, `${name} in ${text}`).toEqual(value);
  }
}

/** `operationId status` of every answer that can be brought about here. */
function documentedBy(operations: readonly Operation[]): string[] {
  return operations.flatMap(({ operationId, responses, requestBody }) => {
    // Not those of faults and of overload; nor that the kernel refuses what is well-formed.
    const never = ['500', '503', ...(requestBody === undefined ? ['422'] : [])];
    const statuses = Object.keys(responses).filter((status) => !never.includes(status));
    return statuses.map((status) => `${operationId} ${status}`);
  });
}

/** Runs tasks, a few at a time, all of them even if some fail. @throws Error with what all of those say */
async function inParallel<T>(items: readonly T[], task: (item: T) => Promise<void>): Promise<void> {
  const left = [...items];
  const failures: string[] = [];
  const worker = async (): Promise<void> => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) {
      await task(item).catch((error: Error) => {
        failures.push(`${error.message}\n${error.cause instanceof Error ? error.cause.message : ''}`);
      });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  if (failures.length > 0) throw new Error(failures.join('\n\n'));
}

/** Directives that would give VRID 1 another name, and so another path. */
const NAME = ['group', 'interface'];

/** Changes VRID 1 at random, for real but not in the file. What the answer says is what runs then. */
async function changeTemporarily({ raw, contract, operations, credentials }: Bench): Promise<void> {
  const operation = operations.find(({ operationId }) => operationId === 'changeVrouter')!;
  const { schema } = operation.requestBody!.content['application/json']!;
  const { properties, ...rest } = resolved(schema, contract.document);
  const others = Object.entries(properties ?? {}).filter(([name]) => !NAME.includes(name));
  const target = existing(operation);
  await fc.assert(
    fc.asyncProperty(valid({ ...rest, properties: Object.fromEntries(others) }, contract), async (patch) => {
      const headers = [...credentials.writer, ['Content-Type', 'application/json'] as const];
      const body = JSON.stringify(patch);
      const change = { method: 'PATCH', target: `${target}?temporary=true`, headers, body };
      const changed = await raw.send(change);
      contract.check(operation, change, changed);
      expect([200, 422], changed.text).toContain(changed.status);
      if (changed.status === 422) return;
      const now = await raw.send({ method: 'GET', target, headers: credentials.reader });
      expect(JSON.parse(changed.text)).toMatchObject({
        configuration: JSON.parse(now.text),
        temporary: true,
        dry_run: false,
      });
      expect(now.headers.etag).toBe(changed.headers.etag);
    }),
    { numRuns: RUNS_OF_REAL_CHANGES, interruptAfterTimeLimit: TIME / 3 },
  );
}

describeSystem('the API and its OpenAPI document', () => {
  it.concurrent(
    'every operation succeeds, and is refused, in every way that is documented',
    withBench(async (bench) => {
      const { raw, contract, operations, credentials, lab, file, text } = bench;
      writePlugin(lab.folder);
      const byId = new Map(operations.map((operation) => [operation.operationId, operation]));
      const expectStatus = async (operation: Operation, status: number, request: RawRequest) => {
        const answer = await raw.send(request);
        contract.check(operation, request, answer);
        expect([operation.operationId, answer.status]).toEqual([operation.operationId, status]);
      };
      const take = async ([id, status, request]: Step) => {
        const operation = byId.get(id)!;
        const usual = { method: operation.method, target: existing(operation), headers: credentials.writer };
        await expectStatus(operation, status, { ...usual, ...request });
      };
      for (const operation of operations) {
        for (const status of Object.keys(operation.responses).map(Number)) {
          const request = refused(operation, status, credentials);
          const from = operation.operationId === 'logIn' ? { from: FAR_AWAY } : {};
          if (request !== undefined) await expectStatus(operation, status, { ...request, ...from });
        }
      }
      const { all, edited, logIns } = await stepsOn(bench, ELSEWHERE);
      expect(new Set(all.map(([id]) => id))).toEqual(new Set(byId.keys()));
      for (const step of all) await take(step);
      const before = text();
      writeFileSync(file, `${before}\n# edited\n`);
      for (const step of edited) await take(step);
      writeFileSync(file, before);
      for (const step of logIns) await take(step);
      expect(documentedBy(operations).filter((each) => !contract.seen.has(each))).toEqual([]);
    }),
    240_000, // a busy machine may need several times what it takes alone
  );

  it.concurrent(
    'whatever is sent, the answer is one that is documented, and nothing changes',
    withBench(async (bench) => {
      const { raw, contract, operations, credentials, text, lab } = bench;
      writePlugin(lab.folder);
      const reader = credentials.reader;
      const stateOf = async () => {
        const request = { method: 'GET', target: '/config/global', headers: reader };
        const { headers } = await raw.send(request);
        return { tag: headers.etag, text: text() };
      };
      const before = await stateOf();
      await inParallel(operations, async (operation) => {
        const { operationId } = operation;
        const trials = trialsOf(operation, contract, credentials, before.tag!.slice(1, -1));
        await fc.assert(
          fc.asyncProperty(trials, async (trial) => {
            const request = { ...trial.request, ...(await specialOf(bench, operationId, trial.asker)) };
            const answer = await raw.send(request);
            contract.check(operation, request, answer);
            expectSense(operation, trial, answer);
            expectEffect(operation, trial, answer);
          }),
          {
            numRuns: needsWriter(operation) ? RUNS_OF_CHANGES : RUNS,
            interruptAfterTimeLimit: TIME,
          },
        );
      });
      expect(await stateOf()).toEqual(before);

      await changeTemporarily(bench);
      expect(text()).toBe(before.text);
      expect(verdict(await bench.master.reload())).toMatch(/^reloaded: /);
      expect(await stateOf()).toEqual(before);
    }),
    240_000, // a busy machine may need several times what it takes alone
  );

  it.concurrent(
    'a path or method that is not documented is a problem, 404 or 405',
    withBench(async ({ raw, contract, operations, credentials }) => {
      const headers = credentials.writer;
      const methods = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND'];
      for (const { path: pattern } of operations) {
        const here = operations.filter((operation) => operation.path === pattern);
        const target = existing(here[0]!);
        const documented = here.map(({ method }) => method);
        for (const method of methods.filter((each) => each !== 'HEAD' && !documented.includes(each))) {
          const request = { method, target, headers };
          const answer = await raw.send(request);
          contract.checkProblem(request, answer, 405);
          const allowed = answer.headers.allow!.split(', ').filter((each) => each !== 'HEAD');
          expect(allowed.sort(), `${method} ${target}`).toEqual(documented.sort());
        }
      }
      const words = fc.constantFrom(
        'run',
        'vrrp',
        'config',
        'auth',
        'tokens',
        '1',
        'lan',
        '..',
        '.',
        '',
        '%2e',
        'x',
      );
      const known = new Set(operations.map(({ path: pattern }) => pattern));
      const unknown = fc
        .tuple(
          fc.array(fc.oneof(words, fc.webSegment({ size: '+1' })), { maxLength: 6 }),
          fc.constantFrom(...methods),
        )
        .map(([parts, method]) => ({ method, target: `/none/${parts.join('/')}`, headers }));
      await fc.assert(
        fc.asyncProperty(unknown, async (request) => {
          if (request.method === 'HEAD') return;
          contract.checkProblem(request, await raw.send(request), 404, 414);
        }),
        { numRuns: 100, interruptAfterTimeLimit: TIME },
      );
      for (const target of known) {
        for (const odd of [
          `/${target}`,
          `${target}//`,
          `/x/..${target}`,
          target.toUpperCase(),
          `${target}%20`,
        ]) {
          if (target === '/') continue;
          const request = { method: 'GET', target: odd.replace(/[{}]/g, ''), headers };
          contract.checkProblem(request, await raw.send(request), 400, 404, 405);
        }
      }
    }),
    240_000, // a busy machine may need several times what it takes alone
  );
});

/** What requests of some operations need beside what all have. */
async function specialOf(bench: Bench, operationId: string, asker: Asker): Promise<Partial<RawRequest>> {
  if (operationId === 'logIn') return { from: ELSEWHERE };
  // It ends the session that it is made with.
  if (operationId !== 'logOut' || asker === 'nobody' || asker === 'forged') return {};
  return { headers: [['Authorization', await bearerOf(bench, 'leaver')]] };
}
