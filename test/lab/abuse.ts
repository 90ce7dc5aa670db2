/** The stage of tests that abuse the client API, and what must hold whatever is done to it. */
import { readFileSync } from 'node:fs';
import { expect } from 'vitest';
import { type ApiStage, type ApiStageOptions, apiTable, withApi } from './api-stage.ts';
import { type Attack, Attacker, type Outcome } from './attacker.ts';
import { HttpClient } from './http.ts';
import { descriptors, expectUndisturbed, GAP, INTERVAL } from './reloading.ts';
import { R1 } from './two-routers.ts';
import { eventually, sleep } from './wait.ts';

/** Where the API listens. */
export const TARGET = { host: R1, port: 7080 };
/** Addresses of the attacker. */
export const ADDRESSES = Array.from({ length: 40 }, (_, i) => `10.0.0.${101 + i}`);

/** ms; a proper client never waits longer for its answer. */
const PATIENCE = 5000;
/** ms between two requests of it. */
const PAUSE = 200;
/** ms until `/metrics` tells of all that has happened. */
const SETTLED = 500;
/** Connections of proper clients: two on r1, for requests at the same time, and one on r2. */
const PROPER = 3;
/** MiB that a second round of the same abuse may add. */
const GROWTH = 60;

/** {@link ApiStage} with an attacker, and a client that is not on r1. */
export interface AbuseStage extends ApiStage {
  readonly attacker: Attacker;
  /** On r2: `carol` has logged in. */
  readonly neighbour: HttpClient;
  /** An attack from one address, see {@link Attack}; its outcome. */
  attack(attack: Partial<Attack>): Promise<Outcome>;
}

/** Plays on it. */
export function withAbuse(
  body: (stage: AbuseStage) => Promise<void>,
  { api = {}, ...options }: ApiStageOptions & { readonly api?: Parameters<typeof apiTable>[0] } = {},
): () => Promise<void> {
  const table = apiTable({ host: `0.0.0.0:${TARGET.port}`, ...api });
  const tables = `${table}${options.tables === undefined ? '' : `\n${options.tables}`}`;
  return withApi(
    async (stage) => {
      await stage.client.ipBatch(ADDRESSES.map((address) => `addr add ${address}/24 dev lan`));
      const attacker = await Attacker.start(stage.client);
      const neighbour = new HttpClient(stage.r2, `http${api.tls === true ? 's' : ''}://${R1}:${TARGET.port}`);
      await neighbour.logIn('carol', 'banana');
      const attack = (each: Partial<Attack>): Promise<Outcome> =>
        attacker.begin({ from: [ADDRESSES[0]!], to: TARGET, ...each }).outcome();
      await body({ ...stage, attacker, neighbour, attack });
    },
    { ...options, tables },
  );
}

/** A number of `/metrics`; with labels as they are written there. */
function sample(text: string, name: string): number {
  const line = text.split('\n').find((each) => each.startsWith(`${name} `));
  if (line === undefined) throw new Error(`there is no metric ${name}`);
  return Number(line.slice(name.length + 1));
}

/** Numbers of refusals by reason; reasons that are absent have none. */
type Counts = Readonly<Record<string, number>>;

/** What the API has to have refused up to now, reason by reason. */
export class Refusals {
  private constructor(
    private readonly api: HttpClient,
    private expected: Counts,
  ) {}

  /** From now on. */
  static async of({ api }: Pick<ApiStage, 'api'>): Promise<Refusals> {
    return new Refusals(api, await refusals(api));
  }

  /** Waits until `/metrics`, which may be a little late, tells of exactly these in addition. */
  async expect(more: Counts, what = 'a round'): Promise<void> {
    this.expected = sum(this.expected, more);
    await eventually(`the refusals of ${what}: ${JSON.stringify(more)}`, 5000, async () => {
      expect(await refusals(this.api)).toEqual(this.expected);
      return true;
    });
  }

  /** What there is in addition by now; it need not be expected any more. */
  async more(): Promise<Counts> {
    await sleep(SETTLED);
    const now = await refusals(this.api);
    const more = Object.entries(now).map(([reason, count]) => [reason, count - (this.expected[reason] ?? 0)]);
    this.expected = now;
    return Object.fromEntries(more.filter(([, count]) => count !== 0));
  }
}

async function refusals(api: HttpClient): Promise<Counts> {
  const { text } = await api.request('/metrics');
  const lines = text.matchAll(/^rvrrpd_api_refused_total\{reason="([^"]+)"\} (\d+)$/gm);
  return Object.fromEntries([...lines].map(([, reason, count]) => [reason!, Number(count)]));
}

function sum(a: Counts, b: Counts): Counts {
  const reasons = new Set([...Object.keys(a), ...Object.keys(b)]);
  return Object.fromEntries([...reasons].map((reason) => [reason, (a[reason] ?? 0) + (b[reason] ?? 0)]));
}

/**
 * Abuses the API twice in the same way. A proper client is answered all the time, the Master's advertisements are
 * undisturbed, and after the second round nothing is left of it that was not there after the first.
 * @param round one of them, 0 or 1
 * @param intervals see {@link expectUndisturbed}
 */
export async function abuse(
  stage: AbuseStage,
  round: (nth: number) => Promise<void>,
  intervals = GAP,
): Promise<void> {
  const begin = Date.now();
  const { running } = stage.master;
  // What it has said before, such as that the API is late on a crowded machine, is not the abuse's doing.
  const said = running.output.length;
  const left: Remains[] = [];
  for (const nth of [0, 1]) {
    await whileServed(stage.api, () => round(nth));
    left.push(await remains(stage));
  }
  expect((await stage.neighbour.request('/run/vrrp')).status).toBe(200);
  expectUndisturbed(stage.wire, begin - 1.2 * INTERVAL, [1, 2], intervals);
  const [first, second] = left as [Remains, Remains];
  await eventually(`${first.descriptors} file descriptors, or fewer`, 10_000, async () => {
    return (await remains(stage)).descriptors <= first.descriptors;
  });
  expect(second.memory - first.memory).toBeLessThan(GROWTH);
  expect(running.output.slice(said)).not.toMatch(/broke down|"level":"error"/);
}

/** A client asks for the virtual routers while `body` runs, and is answered each time. */
async function whileServed(client: HttpClient, body: () => Promise<void>): Promise<void> {
  let over = false;
  const asking = (async () => {
    while (!over) {
      const begin = performance.now();
      expect((await client.request('/run/vrrp')).status).toBe(200);
      expect(performance.now() - begin).toBeLessThan(PATIENCE);
      await sleep(PAUSE);
    }
  })();
  // It fails at once if the client does, and waits for it if not.
  const done = body().finally(() => {
    over = true;
  });
  await Promise.all([asking, done]);
}

/** What the daemon has. */
interface Remains {
  /** File descriptors, but for connections. */
  readonly descriptors: number;
  /** Resident, MiB. */
  readonly memory: number;
}

/** Waits until the proper clients alone are connected. @returns `/metrics` of then */
export async function connectionsGone({ api }: Pick<ApiStage, 'api'>, deadlineMs: number): Promise<string> {
  return eventually('the end of all connections', deadlineMs, async () => {
    const { text } = await api.request('/metrics');
    if (sample(text, 'rvrrpd_api_connections') > PROPER) return undefined;
    return sample(text, 'rvrrpd_api_event_subscribers') === 0 && text;
  });
}

/** What is left once that is so. */
async function remains(stage: AbuseStage): Promise<Remains> {
  const connections = sample(await connectionsGone(stage, 20_000), 'rvrrpd_api_connections');
  const status = readFileSync(`/proc/${await stage.master.pid()}/status`, 'utf8');
  const memory = Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]);
  return { descriptors: (await descriptors(stage.master)) - connections, memory: memory / 1024 };
}

/** Octets as attacks have them. */
export function octets(...parts: readonly (string | Uint8Array)[]): string {
  const all = parts.map((part) => (typeof part === 'string' ? Buffer.from(part, 'latin1') : part));
  return Buffer.concat(all).toString('base64');
}
