/** `rvrrpd import`: from keepalived's configuration to the text of ours. */
import { loadText } from '../config/index.ts';
import { hasErrors } from '../config/issues.ts';
import { type Tracked, Trackers, type TrackKind } from './definitions.ts';
import type { FileSource } from './files.ts';
import { defaultGlobals, type Globals, readDelays, readGarpGroup, readGlobal } from './globals.ts';
import { agreementOf, type Group, keepRouters, readGroup } from './groups.ts';
import { allHooks } from './hook-tables.ts';
import { type Instance, readInstance } from './instance.ts';
import { type Lines, readLines } from './lines.ts';
import { GLOBAL_NOTES, TOP_NOTES, UNKNOWN } from './no-counterpart.ts';
import { originOf } from './origin.ts';
import { formatFault, ImportError, type ImportFault } from './place.ts';
import { LOOPBACK } from './placing.ts';
import { inOrder, type Note, Report } from './report.ts';
import { routerTable } from './router-table.ts';
import { commonOf, interfaceOf, interfacesOf, type Router, routerOf } from './routers.ts';
import { familyOfRule, hasPreference } from './routes.ts';
import { type Statement, statementsOf } from './statements.ts';
import { groupTables, type Plan } from './sync-tables.ts';
import { commentLine, type Table, tableText } from './toml.ts';
import { Values } from './values.ts';

/** What came of it. */
export interface Imported {
  /** Our configuration in TOML; absent if something is wrong. */
  readonly text?: string;
  /** What is wrong, each with file and line. */
  readonly faults: readonly string[];
  /** How many lines have no counterpart, or no exact one. */
  readonly comments: number;
}

/**
 * Imports a configuration.
 * @param file its path
 * @param configId what `@host` conditions are compared with
 */
export function importKeepalived(file: string, configId: string, files: FileSource): Imported {
  try {
    return new Conversion(file, configId, readLines(file, configId, files)).run();
  } catch (error) {
    if (error instanceof ImportError) return { faults: [formatFault(error.fault)], comments: 0 };
    const why =
      (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'there is no such file' : (error as Error).message;
    return { faults: [`${file}: cannot be read: ${why}`], comments: 0 };
  }
}

/** Numbers of rules that say none count down from here, of each family. */
const FIRST_PREFERENCE = 16_384;

class Conversion {
  private readonly report: Report;
  private readonly values: Values;
  private readonly globals: Globals = defaultGlobals();
  private readonly scripts = new Map<string, Statement>();
  private readonly files = new Map<string, Statement>();
  private readonly processes = new Map<string, Statement>();
  private readonly instances = new Map<string, Instance>();
  private readonly groups: Group[] = [];
  private readonly groupOf = new Map<Instance, Group>();
  private readonly preferences = new Map<Statement, number>();

  constructor(
    private readonly file: string,
    private readonly configId: string,
    private readonly lines: Lines,
  ) {
    this.report = new Report(file);
    this.values = new Values(this.report);
  }

  run(): Imported {
    const { report } = this;
    const statements = statementsOf(this.lines.lines);
    this.readAll(statements);
    const tables = this.tables();
    if (report.faults.length === 0 && !tables.some(({ header }) => header === '[[vrouter]]'))
      report.faults.push(...this.nothing());
    const faults = report.faults.map(formatFault);
    if (faults.length > 0) return { faults, comments: report.count };
    const body = tables.map((table) => `\n${tableText(table)}`).join('');
    const text = `${this.head(body.includes('\nauth_secret = '))}${body}`;
    const remaining = loadText(`${this.file} imported`, text, 'toml').issues.filter(
      ({ severity }) => severity === 'error',
    );
    if (hasErrors(remaining)) {
      const lines = text.split('\n');
      return { faults: remaining.map((issue) => originOf(issue, lines, this.file)), comments: report.count };
    }
    return { text, faults, comments: report.count };
  }

  /** Why there is no virtual router. */
  private nothing(): ImportFault[] {
    const instances = [...this.instances.values()];
    if (instances.length === 0)
      return [
        { place: { file: this.file, line: 1 }, message: 'there is no vrrp_instance: nothing to import' },
      ];
    return instances.map(({ statement: { place }, name }) => ({
      place,
      message: `vrrp_instance ${name}: must have an address in virtual_ipaddress, as a virtual router needs one`,
    }));
  }

  /** Definitions first: they may stand behind their use. */
  private readAll(statements: readonly Statement[]): void {
    const { globals, values } = this;
    const next = { 4: FIRST_PREFERENCE, 6: FIRST_PREFERENCE };
    for (const statement of statements) {
      for (const rule of rulesIn(statement))
        if (!hasPreference(rule)) this.preferences.set(rule, next[familyOfRule(rule)]--);
      this.readTop(statement);
    }
    for (const statement of statements.filter(({ words }) => words[0] === 'vrrp_instance')) {
      const instance = readInstance(statement, values);
      const twin = this.instances.get(instance.name);
      if (twin)
        values.report.fault(
          statement,
          `is already there, ${this.report.placeName(twin.statement.place)}: must be unique`,
        );
      else this.instances.set(instance.name, instance);
    }
    for (const statement of statements.filter(({ words }) => words[0] === 'vrrp_sync_group'))
      this.groups.push(readGroup(statement, this.instances, this.groupOf, values));
    if (this.instances.size === 0 && statements.length === 0)
      globals.notes.push({
        statement: { words: ['the file'], place: { file: this.file, line: 1 } },
        why: 'is empty',
      });
  }

  private readTop(statement: Statement): void {
    const { globals, values } = this;
    const [name = '', own = ''] = statement.words;
    const definitions: Readonly<Record<string, Map<string, Statement>>> = {
      vrrp_script: this.scripts,
      track_file: this.files,
      vrrp_track_file: this.files,
      vrrp_track_process: this.processes,
      track_process: this.processes,
    };
    if (name === 'vrrp_instance' || name === 'vrrp_sync_group') return;
    if (Object.hasOwn(definitions, name)) {
      const known = definitions[name]!;
      if (own === '') this.report.fault(statement, 'must have a name');
      else if (known.has(own)) globals.notes.push({ statement, why: 'is there twice: the first one counts' });
      else known.set(own, statement);
    } else if (name === 'global_defs') {
      for (const each of values.entries(statement)) readGlobal(each, globals, values);
    } else if (name === 'interface_up_down_delays') readDelays(statement, globals, values);
    else if (name === 'garp_group') readGarpGroup(statement, globals, values);
    else {
      const why = [TOP_NOTES, GLOBAL_NOTES].find((notes) => Object.hasOwn(notes, name))?.[name];
      globals.notes.push({ statement, why: why ?? UNKNOWN });
    }
  }

  private tables(): Table[] {
    const { scripts, files, processes, globals, values } = this;
    const { scriptUser } = globals;
    const trackers = new Trackers({ scripts, files, processes, ...(scriptUser && { scriptUser }) }, values);
    const routers = new Map(
      [...this.instances.values()].map((each) => [each, routerOf(each, globals, this.report)]),
    );
    for (const group of this.groups) keepRouters(group, routers);
    const plans = [...routers].map(([instance, router]) => this.plan(instance, router, trackers));
    const all = plans.flatMap(({ router }) => router ?? []);
    this.checkTwins(all);
    const groups = this.groups.map((group) => ({ group, tracked: this.groupTracks(group, plans, trackers) }));
    const hooks = allHooks(plans, this.groups, all, globals);
    const tables = plans.flatMap((plan) => this.routerTables(plan));
    const syncs = groups.flatMap((each) => groupTables(each, plans, all, this.report, globals.notes));
    globals.notes.push(...trackers.unused());
    return [...trackers.tables(), ...tables, ...syncs, ...hooks];
  }

  private plan(instance: Instance, router: Router | undefined, trackers: Trackers): Plan {
    const common = commonOf(instance);
    if (!router) return { instance, common, tracked: [], isElsewhere: {} };
    const group = this.groupOf.get(instance);
    const isInGroup = group !== undefined && group.members.length > 1 && !group.isWeighted;
    const own = interfaceOf(instance, this.globals);
    const entries = instance.tracks.filter(({ kind, statement }) => {
      const isOwn = kind === 'interface' && statement.words[0] === own && router.interface === own;
      const isSame = isOwn && instance.isPrimaryTracked && !statement.words.includes('weight');
      if (isSame) instance.notes.push({ statement, why: 'its own interface is tracked anyway' });
      return !isSame;
    });
    const tracked = this.tracked(entries, isInGroup, instance.notes, trackers);
    // keepalived is in Fault while an interface is down that one of the addresses or routes is on.
    for (const { name, statement } of interfacesOf(router))
      if (![own, router.interface, LOOPBACK].includes(name))
        this.trackToo(name, statement, tracked, trackers);
    if (router.interface !== own) {
      const statement =
        instance.statement.block?.find(({ words }) => words[0] === 'interface') ?? instance.statement;
      instance.notes.push({
        statement,
        why: `VRRP is spoken on ${router.interface}, where the addresses are`,
      });
      if (instance.isPrimaryTracked) this.trackToo(own, statement, tracked, trackers);
    }
    return { instance, common, router, tracked, isElsewhere: {} };
  }

  /** An interface that nobody has said to be tracked, unless it is already. */
  private trackToo(name: string, statement: Statement, tracked: Tracked[], trackers: Trackers): void {
    const extra = trackers.track('interface', { ...statement, words: [name] }, true);
    if (extra && 'name' in extra && !tracked.some((each) => each.name === extra.name)) tracked.push(extra);
  }

  private tracked(
    entries: readonly { readonly kind: TrackKind; readonly statement: Statement }[],
    isInGroup: boolean,
    notes: Note[],
    trackers: Trackers,
  ): Tracked[] {
    const found: Tracked[] = [];
    for (const { kind, statement } of entries) {
      const result = trackers.track(kind, statement, isInGroup);
      if (!result) continue;
      if ('note' in result) notes.push(result.note);
      else if (found.some(({ name }) => name === result.name))
        notes.push({ statement, why: 'is there twice' });
      else found.push(result);
    }
    return found;
  }

  /** What counts for a group; of its members what has a weight, if it says so. */
  private groupTracks(group: Group, plans: readonly Plan[], trackers: Trackers): Tracked[] {
    const own = this.tracked(group.tracks, false, group.notes, trackers);
    const members = plans.filter(({ instance }) => group.members.includes(instance));
    for (const plan of members) {
      const moved = plan.tracked.filter(({ weight }) => weight !== undefined);
      if (!group.isWeighted || group.members.length < 2) continue;
      plan.tracked = plan.tracked.filter(({ weight }) => weight === undefined);
      own.push(...moved.filter(({ name }) => !own.some((each) => each.name === name)));
    }
    if (group.members.length >= 2) {
      const agreement = agreementOf(members.map(({ common }) => common));
      for (const plan of members) plan.isElsewhere = agreement;
    } else
      for (const plan of members)
        plan.tracked.push(...own.filter(({ name }) => !plan.tracked.some((each) => each.name === name)));
    return own;
  }

  private routerTables({ instance, common, router, tracked, isElsewhere }: Plan): Table[] {
    if (!router) {
      const why = 'is left out: it has no address, and a virtual router needs one';
      if (instance.vrid !== undefined) this.globals.notes.push({ statement: instance.statement, why });
      return [];
    }
    const { globals, report, preferences } = this;
    const table = routerTable(router, {
      ...{ globals, report, preferences, common, tracked },
      isPriorityElsewhere: isElsewhere.priority !== undefined,
      isPreemptionElsewhere: isElsewhere.preemption !== undefined,
    });
    return [table];
  }

  /** Two of the same VRID on an interface are one to the network. */
  private checkTwins(all: Router[]): void {
    const first = new Map<string, Router>();
    for (const router of all) {
      const key = `${router.interface} ${router.vrid} ${router.family} ${router.version}`;
      const other = first.get(key);
      if (!other) first.set(key, router);
      else {
        const { name } = other.instance;
        const what = `IPv${router.family} on ${router.interface}`;
        const message = `has the virtual_router_id ${router.vrid} for ${what}, as vrrp_instance ${name} does: must be another one`;
        this.report.fault(router.instance.statement, message);
      }
    }
  }

  /** @param isSecret there is a secret in the rest */
  private head(isSecret: boolean): string {
    const { globals, report, lines } = this;
    const skipped = lines.skipped.map(({ text, place, condition }) => {
      report.count++;
      const shown = text.replace(/\bauth_pass\s+\S+/g, 'auth_pass ***');
      return `${report.placeName(place)}: ${condition} ${shown}: is not for ${this.configId}, which this is for`;
    });
    const notes = inOrder(globals.notes).flatMap((note) => report.comment(note));
    const head = [
      `From keepalived’s ${this.file}, by rvrrpd import. What has no counterpart is a comment, with its line and why.`,
      ...(isSecret ? ['auth_secret is a secret: let nobody read this file but root and rvrrpd’s user.'] : []),
      ...(skipped.length + notes.length > 0 ? ['', ...skipped, ...notes] : []),
    ];
    return `${head.map(commentLine).join('\n')}\n`;
  }
}

function rulesIn({ words, block = [] }: Statement): readonly Statement[] {
  if (words[0] === 'static_rules') return block;
  if (words[0] !== 'vrrp_instance') return [];
  return block.filter((each) => each.words[0] === 'virtual_rules').flatMap((each) => each.block ?? []);
}
