/** What the contract test of the API sends: of everything that a client may want, something. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { makeApp } from '../../plugins/api-http/test/app.ts';
import { Contract } from './contract.ts';
import { type ApiDocument, operationsOf, type Schema } from './document.ts';
import { valid } from './generate.ts';

type Body = Readonly<Record<string, unknown>>;

/** So many bodies of an operation, the same ones each time. */
async function bodiesOf(id: string, count: number): Promise<{ bodies: Body[]; allowed: number }> {
  const { app } = await makeApp();
  const document = (await app.inject({ url: '/openapi.json' })).json<ApiDocument>();
  await app.close();
  const contract = new Contract(document, []);
  const { requestBody } = operationsOf(document).find(({ operationId }) => operationId === id)!;
  const schema: Schema = requestBody!.content['application/json']!.schema;
  const bodies = fc.sample(valid(schema, contract) as fc.Arbitrary<Body>, { numRuns: count, seed: 1 });
  return { bodies, allowed: bodies.filter((body) => contract.allows(schema, body)).length };
}

const advertOf = ({ timers }: Body): unknown =>
  (timers as { readonly advert?: unknown } | null | undefined)?.advert;
const vipsOf = ({ vip }: Body): readonly unknown[] => [vip].flat();
const isSix = (vip: unknown): boolean => typeof vip === 'string' && vip.includes(':');
const isFraction = (advert: unknown): boolean => typeof advert === 'number' && !Number.isInteger(advert);

test.each(['addVrouter', 'changeVrouter'])('%s: what only version 3 has', async (id) => {
  const { bodies, allowed } = await bodiesOf(id, 400);
  expect(allowed).toBe(bodies.length);
  const third = bodies.filter(({ version, auth_type }) => version === 3 && auth_type === null);
  const adverts = new Set(third.map(advertOf));
  expect([...adverts].filter(isFraction).length).toBeGreaterThan(10);
  for (const end of [0.01, 40.95]) expect([...adverts]).toContain(end);
  expect(third.some((body) => vipsOf(body).every(isSix))).toBe(true);
  expect(third.some((body) => vipsOf(body).some(isSix) && !vipsOf(body).every(isSix))).toBe(true);
  expect(new Set(third.map(({ accept }) => accept))).toEqual(new Set([undefined, true, false]));
  const sums = new Set(third.map(({ checksum }) => checksum));
  expect(sums).toEqual(new Set([undefined, 'auto', 'rfc9568', 'pseudo-header']));
  // What is refused, too.
  expect(third.some((body) => [0.001, 0.015, 40.951].includes(Number(advertOf(body))))).toBe(true);
  const second = bodies.filter(({ version }) => version !== 3);
  expect(second.length).toBeGreaterThan(third.length);
  expect(second.map(advertOf).some(isFraction)).toBe(true);
});
