/**
 * A configuration of several files, or with tables for single hosts, put together into one document. Also kept: where each
 * value came from, so that changes get there. Pure.
 */
import { type ConfigDocument, type Holder, Places, type RawTable, type RouterOrigin } from './document.ts';
import { isTable, own, put } from './edit/table.ts';
import { type HostTable, HostTables } from './host-tables.ts';
import { type ConfigIssue, type ConfigPath, directiveName } from './issues.ts';

/** Directives that are about a file, not about what runs. */
const OWN = ['include', 'host'];

/** Arrays of tables that are put together, not changed by single hosts' tables one by one. */
const LISTS = ['sync'];

/** Arrays of tables with names: that of a host is put over the one of the same name, or is added. */
const NAMED = ['track', 'notify'] as const;

type Named = (typeof NAMED)[number];

function isNamed(key: string): key is Named {
  return NAMED.some((name) => name === key);
}

/** Whether a file is all there is to its configuration, for every host. */
export function standsAlone({ data }: ConfigDocument): boolean {
  return !OWN.some((name) => Object.hasOwn(data, name));
}

/** A document, or why there is none; with warnings, or without. */
export type AssemblyResult = { readonly document?: ConfigDocument; readonly issues: readonly ConfigIssue[] };

/**
 * Puts files together.
 * @param parts the main file first, each included one behind what includes it
 * @param hosts names of this host, see {@link hostNames}
 */
export function assemble(parts: readonly ConfigDocument[], hosts: readonly string[]): AssemblyResult {
  const [main] = parts;
  if (main !== undefined && parts.length === 1 && standsAlone(main)) return { document: main, issues: [] };
  return new Assembler(parts, hosts).assemble();
}

/** The key of a directive in {@link Assembly.holders}. */
export function holderKey(...keys: readonly string[]): string {
  return JSON.stringify(keys);
}

class Assembler {
  private readonly data: RawTable = {};
  private readonly places: Places;
  private readonly issues: ConfigIssue[] = [];
  private readonly routers: RouterOrigin[] = [];
  private readonly named: Readonly<Record<Named, RouterOrigin[]>> = { track: [], notify: [] };
  private readonly holders = new Map<string, Holder[]>();
  private readonly entries = new Map<string, Holder[]>();
  /** By name of an array of tables that may stand in several files, such as `[[sync]]`: where each of its tables is from. */
  private readonly lists = new Map<string, Holder[]>();
  /** `[[host.NAME.vrouter]]` that are virtual routers of their own. */
  private readonly added = new Set<RawTable>();

  constructor(
    private readonly parts: readonly ConfigDocument[],
    private readonly hosts: readonly string[],
  ) {
    this.places = new Places(parts[0]!.file);
  }

  assemble(): AssemblyResult {
    for (const [part, { data }] of this.parts.entries()) this.addPart(part, data);
    for (const [part, document] of this.parts.entries()) this.placePart(part, document);
    const tables = new HostTables(this.parts, this.hosts);
    this.issues.push(...tables.check());
    if (this.issues.some(({ severity }) => severity === 'error')) return { issues: this.issues };
    const ours = tables.forUs();
    const shared = [...this.routers.keys()];
    for (const table of ours) this.addRoutersOfHost(table, shared);
    for (const table of ours) this.addHost(table, shared);
    if (this.issues.some(({ severity }) => severity === 'error')) return { issues: this.issues };
    const { parts, hosts, routers, lists, holders, entries } = this;
    const { track: trackers } = this.named;
    const [main] = parts;
    const document = {
      ...{ file: main!.file, format: main!.format, data: this.data, places: this.places },
      assembly: { parts, hosts, routers, trackers, lists, holders, entries },
    };
    return { document, issues: this.issues };
  }

  private addPart(part: number, data: RawTable): void {
    for (const [key, value] of Object.entries(data)) {
      if (OWN.includes(key)) continue;
      if (key === 'vrouter' && Array.isArray(value)) this.addRouters(part, [key], value);
      else if (isNamed(key) && Array.isArray(value)) this.addNamed(part, key, value);
      else if (LISTS.includes(key) && Array.isArray(value)) this.addList(part, key, value);
      else if (key === 'protocols' && isTable(value)) this.addProtocols(part, [key], value);
      else if (isTable(value)) this.addTable(part, key, value);
      else this.add({ part, path: [key] }, [key], value);
    }
  }

  private addRouters(part: number, path: ConfigPath, tables: readonly unknown[]): void {
    const routers = this.arrayAt(this.data, 'vrouter');
    for (const [index, table] of tables.entries()) {
      routers.push(isTable(table) ? { ...table } : table);
      this.routers.push({ part, path: [...path, index], overlays: [] });
    }
  }

  private addList(part: number, key: string, tables: readonly unknown[]): void {
    this.arrayAt(this.data, key).push(...tables);
    const from = tables.map((_, index) => ({ part, path: [key, index] }));
    this.lists.set(key, [...(this.lists.get(key) ?? []), ...from]);
  }

  private addNamed(part: number, key: Named, tables: readonly unknown[]): void {
    const all = this.arrayAt(this.data, key);
    for (const [index, table] of tables.entries()) {
      all.push(isTable(table) ? { ...table } : table);
      this.named[key].push({ part, path: [key, index], overlays: [] });
    }
  }

  /** Puts those of a host over those of the same name, or adds them. */
  private addNamedOfHost(part: number, path: ConfigPath, key: Named, tables: readonly unknown[]): void {
    const { places } = this.parts[part]!;
    const all = this.arrayAt(this.data, key);
    const origins = this.named[key];
    const before = [...all]; // two of the host's own with one name are an error
    for (const [index, table] of tables.entries()) {
      const holder = { part, path: [...path, index] };
      const at = before.findIndex((each) => isTable(each) && isTable(table) && each.name === table.name);
      if (at < 0) {
        all.push(isTable(table) ? { ...table } : table);
        origins.push({ ...holder, overlays: [] });
        this.adopt(places, holder.path, [key, all.length - 1]);
        continue;
      }
      all[at] = laidOver(all[at] as RawTable, table as RawTable);
      origins[at]!.overlays.push({ ...holder, count: 1 });
      for (const inner of places.below(holder.path)) {
        if (inner.length > 0)
          this.places.adoptAt(places, [...holder.path, ...inner], [key, at, ...inner], true);
      }
    }
  }

  private addTable(part: number, key: string, table: RawTable): void {
    this.tableAt(key);
    for (const [name, value] of Object.entries(table)) {
      this.add({ part, path: [key, name] }, [key, name], value);
    }
  }

  private addProtocols(part: number, path: ConfigPath, table: RawTable): void {
    const protocols = this.tableAt('protocols');
    for (const [name, entries] of Object.entries(table)) {
      const holders = this.entries.get(name) ?? [];
      if (
        !Array.isArray(entries) ||
        (Object.hasOwn(protocols, name) && !Array.isArray(own(protocols, name)))
      ) {
        this.add({ part, path: [...path, name] }, ['protocols', name], entries);
        continue;
      }
      this.arrayAt(protocols, name).push(...(entries as unknown[]));
      for (const index of entries.keys()) holders.push({ part, path: [...path, name, index] });
      this.entries.set(name, holders);
    }
  }

  /** Sets a directive, which must not be set already. */
  private add(holder: Holder, at: readonly string[], value: unknown): void {
    const [key = '', inner] = at;
    const table = inner === undefined ? this.data : this.tableAt(key);
    const name = inner ?? key;
    const before = this.holders.get(holderKey(...at))?.[0];
    if (before !== undefined || Object.hasOwn(table, name)) {
      const { file, line } = this.placeOf(before ?? { part: 0, path: at });
      this.error(holder, at, `is set already in ${file}:${line}: must be in one of the two files alone`);
      return;
    }
    put(table, name, value);
    this.holders.set(holderKey(...at), [holder]);
  }

  /** Adds the virtual routers that this host alone has. @param shared those that all hosts have */
  private addRoutersOfHost({ part, name, routers }: HostTable, shared: readonly number[]): void {
    for (const [index, entry] of routers.entries()) {
      const { group, match, interface: on, vip } = entry;
      if (match !== undefined || group === undefined || on === undefined || vip === undefined) continue;
      if (this.chosen(shared, entry).length > 0) continue;
      const holder = { part, path: ['host', name, 'vrouter', index] };
      this.arrayAt(this.data, 'vrouter').push({ ...entry });
      this.routers.push({ ...holder, overlays: [] });
      this.added.add(entry);
      this.adopt(this.parts[part]!.places, holder.path, ['vrouter', this.routers.length - 1]);
    }
  }

  /** Puts a host's table over what all hosts have. @param shared virtual routers that all hosts have */
  private addHost({ part, name, general, routers, forAll }: HostTable, shared: readonly number[]): void {
    const base = ['host', name];
    for (const [key, value] of Object.entries(general)) {
      if (key === 'protocols' && isTable(value)) this.addProtocols(part, [...base, key], value);
      else if (isNamed(key) && Array.isArray(value)) this.addNamedOfHost(part, [...base, key], key, value);
      else if (isTable(value)) {
        for (const [inner, each] of Object.entries(value)) {
          this.cover({ part, path: [...base, key, inner] }, [key, inner], each);
        }
      } else this.cover({ part, path: [...base, key] }, [key], value);
    }
    const all = [...this.routers.keys()];
    if (Object.keys(forAll).length > 0) this.coverRouters({ part, path: base }, all, forAll);
    for (const [index, entry] of routers.entries()) {
      const holder = { part, path: [...base, 'vrouter', index] };
      if (this.added.has(entry)) continue;
      const { group: _, match: __, ...rest } = entry;
      const chosen = this.chosen(shared, entry);
      if (chosen.length > 0) this.coverRouters(holder, chosen, rest);
      else this.error(holder, holder.path, unmatched(wantedOf(entry)));
    }
    const from = this.parts[part]!.places;
    for (const [key, holders] of this.entries) {
      for (const [index, holder] of holders.entries()) {
        const isOurs = holder.part === part && holder.path[0] === 'host' && holder.path[1] === name;
        if (isOurs) this.adopt(from, holder.path, ['protocols', key, index]);
      }
    }
    if (Object.hasOwn(general, 'protocols')) this.adopt(from, [...base, 'protocols'], ['protocols'], false);
  }

  /** Puts a directive of a host's table over that of all hosts. */
  private cover(holder: Holder, at: readonly string[], value: unknown): void {
    const [key = '', inner] = at;
    const holders = this.holders.get(holderKey(...at)) ?? [];
    const twin = holders.find(({ path }) => path[0] === 'host' && path[1] === holder.path[1]);
    if (twin !== undefined) {
      const { file, line } = this.placeOf(twin);
      this.error(
        holder,
        holder.path,
        `is set already in ${file}:${line}: must be in one of the two files alone`,
      );
      return;
    }
    put(inner === undefined ? this.data : this.tableAt(key), inner ?? key, value);
    this.holders.set(holderKey(...at), [...holders, holder]);
    if (inner === undefined && LISTS.includes(key) && Array.isArray(value)) {
      this.lists.set(
        key,
        [...value.keys()].map((index) => ({ part: holder.part, path: [...holder.path, index] })),
      );
    }
    const from = this.parts[holder.part]!.places;
    if (inner !== undefined) this.adopt(from, holder.path.slice(0, -1), [key], false);
    this.adopt(from, holder.path, at);
  }

  /** Those of the virtual routers that an entry of a host is about. */
  private chosen(routers: readonly number[], entry: RawTable): readonly number[] {
    const wanted = wantedOf(entry);
    return routers.filter((router) => fits(this.writtenTable(router), wanted));
  }

  /** A virtual router's table as its file has it. */
  private writtenTable(router: number): unknown {
    const { part, path } = this.routers[router]!;
    return (this.parts[part]!.data.vrouter as readonly unknown[])[Number(path[1])];
  }

  private coverRouters(holder: Holder, chosen: readonly number[], directives: RawTable): void {
    const { places } = this.parts[holder.part]!;
    const said = Object.keys(directives).flatMap((key) =>
      places.below([...holder.path, key]).map((inner) => [key, ...inner]),
    );
    for (const router of chosen) {
      this.routers[router]!.overlays.push({ ...holder, count: chosen.length });
      const table = (this.data.vrouter as unknown[])[router];
      if (!isTable(table)) continue;
      const ownOnes = this.ownOfHost(router);
      for (const [key, value] of Object.entries(directives)) {
        if (ownOnes.has(key)) continue;
        const before = own(table, key);
        put(table, key, isTable(before) && isTable(value) ? { ...before, ...value } : value);
      }
      for (const path of said) {
        if (ownOnes.has(String(path[0]))) continue;
        this.places.adoptAt(places, [...holder.path, ...path], ['vrouter', router, ...path], true);
      }
    }
  }

  /** Directives of a virtual router that this host alone has: they count more than what is for all. */
  private ownOfHost(router: number): ReadonlySet<string> {
    const { part, path } = this.routers[router]!;
    if (path[0] !== 'host') return NONE;
    const tables = (this.parts[part]!.data.host as RawTable)[path[1]!] as { readonly vrouter: RawTable[] };
    return new Set(Object.keys(tables.vrouter[Number(path[3])]!));
  }

  private tableAt(key: string): RawTable {
    if (!isTable(own(this.data, key))) put(this.data, key, {});
    return own(this.data, key) as RawTable;
  }

  private arrayAt(table: RawTable, key: string): unknown[] {
    if (!Array.isArray(own(table, key))) put(table, key, []);
    return own(table, key) as unknown[];
  }

  private placePart(part: number, { places }: ConfigDocument): void {
    const routers = new Map<number, number>();
    for (const [index, origin] of this.routers.entries()) {
      if (origin.part === part) routers.set(Number(origin.path[1]), index);
    }
    const named = NAMED.map((key): [string, Map<number, number>] => [key, new Map()]);
    for (const [key, indices] of named) {
      for (const [index, origin] of this.named[key as Named].entries()) {
        if (origin.part === part) indices.set(Number(origin.path[1]), index);
      }
    }
    const entries = new Map<string, number>();
    for (const [name, holders] of this.entries) {
      for (const [index, holder] of holders.entries()) {
        if (holder.part === part) entries.set(JSON.stringify([name, holder.path[2]]), index);
      }
    }
    this.places.adopt(places, (path) => {
      const [first, second, third, ...rest] = path;
      if (first === 'include' || first === 'host') return undefined;
      if (first === 'vrouter' && typeof second === 'number') {
        const index = routers.get(second) ?? second;
        return [first, index, ...path.slice(2)];
      }
      const indices = named.find(([key]) => key === first)?.[1];
      if (indices !== undefined && typeof second === 'number')
        return [first!, indices.get(second) ?? second, ...path.slice(2)];
      const list = this.lists.get(String(first));
      if (list !== undefined && typeof second === 'number') {
        const index = list.findIndex((holder) => holder.part === part && holder.path[1] === second);
        return [first!, index, ...path.slice(2)];
      }
      const entry = first === 'protocols' ? entries.get(JSON.stringify([second, third])) : undefined;
      if (entry !== undefined) return [first!, second!, entry, ...rest];
      return path;
    });
  }

  /** Notes that what stands at a path of a file is at another one here. */
  private adopt(places: Places, from: ConfigPath, to: ConfigPath, replace = true): void {
    for (const inner of places.below(from)) {
      this.places.adoptAt(places, [...from, ...inner], [...to, ...inner], replace);
    }
  }

  private placeOf({ part, path }: Holder) {
    return this.parts[part]!.places.position(path);
  }

  private error(holder: Holder, at: ConfigPath, message: string): void {
    const position = this.placeOf(holder);
    this.issues.push({ severity: 'error', position, directive: directiveName(at), message });
  }
}

const NONE: ReadonlySet<string> = new Set();

/** One of another type has nothing in common with it but what is the core's, which it may as well say itself. */
function laidOver(shared: RawTable, table: RawTable): RawTable {
  const isAnother = table.type !== undefined && table.type !== shared.type;
  return isAnother ? { ...table } : { ...shared, ...table };
}

/** What a virtual router must have for an entry of a host to be about it. */
function wantedOf({ group, match }: RawTable): RawTable {
  return { ...(group === undefined ? {} : { group }), ...(isTable(match) ? match : {}) };
}

function fits(table: unknown, wanted: RawTable): boolean {
  if (!isTable(table)) return false;
  return Object.entries(wanted).every(
    ([key, value]) => (own(table, key) ?? (key === 'version' ? 2 : undefined)) === value,
  );
}

function unmatched(wanted: RawTable): string {
  const what = Object.entries(wanted).map(([key, value]) => `${key} ${JSON.stringify(value)}`);
  const none = `there is no [[vrouter]]${what.length > 0 ? ` with ${what.join(' and ')}` : ''}`;
  return `${none} that it could be put over: must have "interface" and "vip" to be one of this host alone`;
}
