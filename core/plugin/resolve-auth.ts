/** The authentication of virtual routers: what their `auth_type` takes, and whether it is there. */
import type { ConfigDocument, RawTable } from '../config/document.ts';
import type { IssueList } from '../config/issue-list.ts';
import type { ConfigPath } from '../config/issues.ts';
import type { AuthDirectives, VirtualRouterConfig } from '../config/model.ts';
import { substituted } from '../config/substitute.ts';
import { fillDefaults, validate } from '../config/validate.ts';
import type { Offer } from './table.ts';

/** What checks need. */
export interface AuthCheck {
  readonly document: ConfigDocument;
  readonly list: IssueList;
  /** Of its table, `vrouter[n]`. */
  readonly path: ConfigPath;
  /** What `auth_type` means; undefined: nothing, or nobody knows. */
  readonly offer: Offer | undefined;
  /** Names of types that sign behind the message. */
  readonly trailers: readonly string[];
}

/**
 * Checks one table.
 * @returns the virtual router with what the plugin's schema makes of `[vrouter.auth]`
 */
export function checkAuth(router: VirtualRouterConfig, check: AuthCheck): VirtualRouterConfig {
  const { path, offer, list } = check;
  const { auth, ...bare } = router;
  if (router.authType === undefined) {
    if (auth)
      list.warn([...path, 'auth'], 'is not used: without auth_type, advertisements are not authenticated');
    return bare;
  }
  if (!offer) return bare; // it has been said
  if (offer.plugin.placement === 'trailer') return { ...bare, auth: directivesOf(router, offer, check) };
  checkData(router, offer, check);
  return bare;
}

/** A type whose octets are the authentication data of VRRPv2. */
function checkData(
  { version, auth }: VirtualRouterConfig,
  { name }: Offer,
  { list, path, document, trailers }: AuthCheck,
): void {
  if (version === 3) {
    const names = trailers.map((each) => JSON.stringify(each)).join(', ');
    const other = names === '' ? '' : `; ${names} signs behind the message, and may`;
    const what = 'must not be set with version 3: VRRPv3 has no authentication (RFC 9568 §9)';
    list.error([...path, 'auth_type'], `${what}${other}`);
  }
  if (auth)
    list.error([...path, 'auth'], `must not be set: ${JSON.stringify(name)} takes no directives of its own`);
  const { auth_secret: secret } = tableOf(document, path);
  if (version === 2 && (secret === undefined || secret === ''))
    list.warn([...path, 'auth_type'], 'without auth_secret the secret is empty, which everybody knows');
}

/** What a type that signs behind the message is told. */
function directivesOf(
  { auth }: VirtualRouterConfig,
  { name, configSchema, plugin }: Offer,
  { list, path, document }: AuthCheck,
): AuthDirectives {
  const at: ConfigPath = [...path, 'auth'];
  const written = auth?.values ?? {};
  let values: Record<string, unknown> = { ...written };
  if (configSchema !== undefined) {
    for (const { issue } of validate(document, at, configSchema, structuredClone(written)))
      list.issues.push(issue);
    values = structuredClone(substituted(document, at, configSchema, written));
    fillDefaults(configSchema, values);
  } else if (auth) list.error(at, `must not be set: ${plugin.package} takes no directives of its own`);
  if (tableOf(document, path).auth_secret !== undefined && configSchema !== undefined)
    list.add(
      'warning',
      [...path, 'auth_secret'],
      `is not used: ${JSON.stringify(name)} has its keys in [vrouter.auth]`,
      {
        secret: true,
      },
    );
  return { values, positions: document.places.positions(at, values) };
}

/** A `[[vrouter]]` as it is written. */
function tableOf(document: ConfigDocument, path: ConfigPath): RawTable {
  return ((document.data.vrouter as readonly RawTable[] | undefined) ?? [])[path[1] as number] ?? {};
}
