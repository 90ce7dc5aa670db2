/** Options of this plugin: `[plugins]`, `"rvrrpd-plugin-api-http" = { options = { … } }`. */

/** Validated against `options.schema.json`, defaults filled in. */
export interface ApiOptions {
  /** A session ends so many s after its log-in. */
  readonly session_lifetime: number;
  /** A bearer token may be made for so many s at most. */
  readonly token_lifetime: number;
  /** `/metrics` without a log-in. */
  readonly public_metrics: boolean;
  /** Connections at a time; more are turned away. */
  readonly max_connections: number;
}
