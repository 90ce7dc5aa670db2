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

/** @throws Error that says what is wrong with it, and what to do */
export function settingsOf({ options, api }: ServiceSettings): Settings {
  return {
    options: optionsOf(options),
    api,
    address: parseListenAddress(api.host),
    tls: api.tls ? readTlsMaterial(api) : undefined,
  };
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
