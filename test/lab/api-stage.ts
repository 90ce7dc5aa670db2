/** The stage of tests about the client API: a Master on r1 with the API, a Backup on r2. */
import { readFileSync } from 'node:fs';
import { HttpClient } from './http.ts';
import { type Lab, withLab } from './lab.ts';
import { allMaster, router } from './reloading.ts';
import { Rvrrpd, type RvrrpdOptions, type VrouterTable, writeConfiguration } from './rvrrpd.ts';
import { type TwoRouters, type TwoRoutersOptions, twoRouters } from './two-routers.ts';

/** Lines of `[api]` `users`, the password of each is `banana`. `admin` may change things, `carol` may not. */
export const USERS = [
  '{{SHA256}}admin:1:4d366f21b361d47c:dc66fefa5622ac031ecdde147fc3ded68287a912db95647c825541d6de59b736',
  '{{SHA256}}carol:0:4d366f21b361d47c:dc66fefa5622ac031ecdde147fc3ded68287a912db95647c825541d6de59b736',
];

/** Where r1's API listens, in its own namespace. */
export const API_ADDRESS = '127.0.0.1:7080';

/** An `[api]` table. */
export function apiTable(directives: Readonly<Record<string, unknown>> = {}): string {
  const all = { host: API_ADDRESS, users: USERS, ...directives };
  const lines = Object.entries(all).map(([name, value]) => `${name} = ${JSON.stringify(value)}\n`);
  return `[api]\n${lines.join('')}`;
}

/** See the file's comment. */
export interface ApiStage extends TwoRouters {
  readonly lab: Lab;
  readonly master: Rvrrpd;
  /** r1's configuration file. */
  readonly file: string;
  /** Its text now. */
  text(): string;
  /** A client on r1, `admin` has logged in. */
  readonly api: HttpClient;
}

/** How to set it up. */
export interface ApiStageOptions extends RvrrpdOptions {
  /** r1's virtual routers; default: VRIDs 1 and 2, priority 200, preemption. */
  readonly vrouters?: readonly VrouterTable[];
  /** Starts a Backup with the same virtual routers and priority 100 on r2. Default true. */
  readonly backup?: boolean;
  /** Of the network. */
  readonly network?: TwoRoutersOptions;
}

/** Plays on it. */
export function withApi(
  body: (stage: ApiStage) => Promise<void>,
  { vrouters = [router(1), router(2)], backup = true, network: kind = {}, ...options }: ApiStageOptions = {},
): () => Promise<void> {
  return () =>
    withLab(async (lab) => {
      const network = await twoRouters(lab, kind);
      const { r1, r2, wire } = network;
      const tables = options.tables ?? apiTable();
      const file = writeConfiguration(lab, r1, vrouters, { ...options, tables });
      const master = Rvrrpd.startWith(r1, file, options);
      await allMaster(
        wire,
        vrouters.map(({ group }) => group),
      );
      if (backup) {
        const lower = vrouters.map((each) => ({ ...each, priority: 100 }));
        await Rvrrpd.start(lab, r2, lower).ready();
      }
      const api = new HttpClient(r1, `http${/^tls = true/m.test(tables) ? 's' : ''}://${API_ADDRESS}`);
      await api.logIn('admin', 'banana');
      await body({ ...network, lab, master, file, text: () => readFileSync(file, 'utf8'), api });
    });
}
