/** Files of the configuration that have secrets in them and that every user of the machine can read. */
import { realpath, stat } from 'node:fs/promises';
import { dirname, isAbsolute } from 'node:path';
import { withinTime } from '../shared/read-file.ts';
import type { ConfigDocument } from './document.ts';
import type { OpenSchemas } from './edit/references.ts';
import { isTable, own } from './edit/table.ts';
import { type ConfigIssue, type ConfigPath, directiveName } from './issues.ts';
import { asReference } from './references.ts';
import { ApiSchema, asNode, ConfigSchema, type SchemaNode } from './schema.ts';
import { schemaAt } from './schema-at.ts';
import { takesReference } from './substitute.ts';

/** Others than owner and group can read it. */
const OTHERS_READ = 0o004;

/** Others than owner and group can get at what is in a folder. */
const OTHERS_PASS = 0o001;

/** Says where a secret stands, and is none: plugins write `file:/PATH` and `credential:NAME` that way. */
const PLACE = /^(file:\/|credential:)/;

/** How far a file is open: every user can read it, or could if the folders that it is in were not closed to them. */
export type Openness = 'open' | 'open but for its folders';

/**
 * Those of some files whose modes let every user read them. Never rejects: what cannot be looked at is left out.
 * @param files absolute paths
 */
export async function openFiles(files: readonly string[]): Promise<ReadonlyMap<string, Openness>> {
  const found = await Promise.all(
    files.map(async (file): Promise<[string, Openness][]> => {
      const openness = await withinTime(look(file)).catch(() => undefined);
      return openness === undefined ? [] : [[file, openness]];
    }),
  );
  return new Map(found.flat());
}

async function look(file: string): Promise<Openness | undefined> {
  const place = await realpath(file);
  if (((await stat(place)).mode & OTHERS_READ) === 0) return undefined;
  for (let folder = dirname(place); ; folder = dirname(folder)) {
    if (((await stat(folder)).mode & OTHERS_PASS) === 0) return 'open but for its folders';
    if (folder === dirname(folder)) return 'open';
  }
}

/** The private key of the client API, if it has one. Relative paths are the service's to make sense of. */
export function keyFile({ data }: ConfigDocument): string | undefined {
  const api = isTable(data.api) ? data.api : {};
  const key = own(api, 'tls_key') ?? asNode(ApiSchema).properties?.tls_key?.default;
  return own(api, 'tls') === true && typeof key === 'string' && isAbsolute(key) ? key : undefined;
}

/** Warnings about files that are open. */
export interface ExposureIssues {
  /** About those that every user can read. */
  readonly exposed: readonly ConfigIssue[];
  /** About those that nothing but a folder keeps them from. */
  readonly nearly: readonly ConfigIssue[];
}

/**
 * A warning for each of these files that a secret stands in, at the first one, or that is {@link keyFile}. What only says
 * where a secret stands is none.
 * @param schemas of what the core's schema leaves open
 */
export function exposureIssues(
  document: ConfigDocument,
  schemas: OpenSchemas,
  open: ReadonlyMap<string, Openness>,
): ExposureIssues {
  const exposed: ConfigIssue[] = [];
  const nearly: ConfigIssue[] = [];
  if (open.size === 0) return { exposed, nearly };
  const warn = (path: ConfigPath, file: string, lead: string, advice: string): void => {
    const isOpen = open.get(file) === 'open';
    const whose = isOpen
      ? `every user of this machine can read ${file}`
      : `the mode of ${file} lets every user read it, only its folders do not`;
    const position = document.places.position(path);
    const message = `${lead}${whose}: ${advice}`;
    (isOpen ? exposed : nearly).push({
      severity: 'warning',
      position,
      directive: directiveName(path),
      message,
    });
  };
  const told = new Set<string>();
  for (const path of secretsIn(document, schemas)) {
    const { file } = document.places.position(path);
    if (!open.has(file) || told.has(file)) continue;
    told.add(file);
    warn(path, file, 'is a secret, and ', 'chmod o-r it');
  }
  const key = keyFile(document);
  if (key !== undefined && open.has(key)) warn(['api', 'tls_key'], key, '', 'chmod 600 it');
  return { exposed, nearly };
}

/** Paths of all secrets that stand in the configuration itself. */
function secretsIn({ data }: ConfigDocument, schemas: OpenSchemas): ConfigPath[] {
  const { vrouter, track, notify, plugins, protocols } = data;
  const routers = Array.isArray(vrouter) ? vrouter : [];
  const trackers = Array.isArray(track) ? track : [];
  const hooks = Array.isArray(notify) ? notify : [];
  return [
    ...secretsOf(data, asNode(ConfigSchema), []),
    ...routers.flatMap((router: unknown, index) =>
      isTable(router)
        ? secretsOf(router.auth, schemas.auth?.get(String(router.auth_type)), ['vrouter', index, 'auth'])
        : [],
    ),
    ...trackers.flatMap((tracker: unknown, index) =>
      isTable(tracker) ? secretsOf(tracker, schemas.track?.get(String(tracker.type)), ['track', index]) : [],
    ),
    ...hooks.flatMap((hook: unknown, index) =>
      isTable(hook) ? secretsOf(hook, schemas.notify?.get(String(hook.type)), ['notify', index]) : [],
    ),
    ...Object.entries(isTable(plugins) ? plugins : {}).flatMap(([name, entry]) => {
      const options = isTable(entry) ? own(entry, 'options') : undefined;
      return secretsOf(options, schemas.options.get(name), ['plugins', name, 'options']);
    }),
    ...Object.entries(isTable(protocols) ? protocols : {}).flatMap(([name, entries]) => {
      const schema = schemas.protocols.get(name);
      return secretsOf(entries, schema && { items: schema }, ['protocols', name]);
    }),
  ];
}

function secretsOf(
  value: unknown,
  schema: SchemaNode | undefined,
  path: ConfigPath,
  within = false,
): ConfigPath[] {
  if (schema === undefined) return [];
  const secret = within || schema.writeOnly === true;
  if (typeof value === 'string') return secret && value !== '' && !PLACE.test(value) ? [path] : [];
  if (Array.isArray(value)) {
    return value.flatMap((each: unknown, index) =>
      secretsOf(each, schemaAt(schema, [index]), [...path, index], secret),
    );
  }
  if (!isTable(value) || (takesReference(schema, within) && asReference(value) !== undefined)) return [];
  return Object.entries(value).flatMap(([name, each]) =>
    secretsOf(each, schemaAt(schema, [name]), [...path, name], secret),
  );
}
