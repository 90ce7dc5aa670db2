/** The service's configuration, looked at as a whole before any of it is used. */
import type { ApiSettings, ServiceSettings } from 'rvrrpd/plugin';
import { type ListenAddress, parseListenAddress } from './address.ts';
import type { ApiOptions } from './options.ts';
import { readTlsMaterial, type TlsMaterial } from './tls.ts';

/** A configuration that can be used. */
export interface Settings {
  readonly options: ApiOptions;
  readonly api: ApiSettings;
  readonly address: ListenAddress;
  /** Absent: HTTP. */
  readonly tls: TlsMaterial | undefined;
}

/** Characters of a secret. A shorter one may be found out by trying. */
const SHORTEST_SECRET = 16;

/** @throws Error that says what is wrong with it, and what to do */
export function settingsOf({ options, api }: ServiceSettings): Settings {
  const { secret, ...others } = api;
  return {
    options: optionsOf(options),
    // An empty one, which everybody knows, is none.
    api: secret === undefined || secret === '' ? others : api,
    address: parseListenAddress(api.host),
    tls: api.tls ? readTlsMaterial(api) : undefined,
  };
}

/** What an operator should know of a configuration that can be used. */
export function adviceOn({ api: { secret } }: Settings): string[] {
  if (secret === undefined || secret.length >= SHORTEST_SECRET) return [];
  return [
    `api.secret has less than ${SHORTEST_SECRET} characters: who has logged in once may find it out by trying, and be ` +
      'anybody from then on. "openssl rand -hex 32" makes a good one',
  ];
}

/** The daemon has validated them; this tells the compiler so, and a plugin host that did not. */
function optionsOf(options: Readonly<Record<string, unknown>>): ApiOptions {
  return {
    session_lifetime: numberOf(options, 'session_lifetime'),
    token_lifetime: numberOf(options, 'token_lifetime'),
    public_metrics: options.public_metrics === true,
    max_connections: numberOf(options, 'max_connections'),
  };
}

function numberOf(options: Readonly<Record<string, unknown>>, name: keyof ApiOptions): number {
  const value = options[name];
  if (typeof value === 'number' && value > 0) return value;
  throw new Error(`the option ${name} must be a number above 0`);
}
