/** Names of plugins that keepalived's directives become. They are data: no code of the core knows a plugin by its name. */
import data from './counterparts.json' with { type: 'json' };

/** By directive, or by what it is for: values of `netdrv`, `iftype`, `auth_type`, and of `type` of `[[track]]`. */
export const COUNTERPARTS: Readonly<Record<keyof typeof data, string>> = data;
