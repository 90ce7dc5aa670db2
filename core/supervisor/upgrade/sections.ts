/**
 * What one process gives another that takes over: named parts, each with a version of its own. The new process says first
 * which it reads (`reads` of its `hello`). What it does not know it is not given; what it cannot do without, and cannot
 * read, makes it impossible to hand over, and is told. So state can be added in any version: a row here, a writer in
 * giver.ts, a reader in taker.ts.
 *
 * All but `table` and `auth-memories` are plain data (core/shared/plain.ts).
 */
import { fromPlain, toPlain } from '../../shared/plain.ts';
import { TABLE_FORMAT } from '../../threads/table-format.ts';
import type { Message, Section } from './frame.ts';

/** A message that has come, whose sections are read. */
type WithSections = Pick<Message, 'sections'>;

/** Name, version that we write and the highest that we read, and whether there is no handing over without. */
export const SECTIONS = {
  /** `RouterSummary` of each virtual router, by slot. */
  routers: { version: 1, essential: true },
  /** The state table, see table-format.ts. */
  table: { version: TABLE_FORMAT, essential: true },
  /** `HandedSocket` of each socket in use, its descriptors as indices of those that come with the message. */
  sockets: { version: 1, essential: true },
  /** Links as the engine knows them. */
  links: { version: 1, essential: true },
  /** `AuthMemories`, its memory as it is. */
  'auth-memories': { version: 1, essential: false },
  /** By slot: what authentication plugins have exported. */
  'plugin-states': { version: 1, essential: false },
  /** By slot: what is known of `peers`. */
  peers: { version: 1, essential: false },
  /** Names of the claims whose sockets come with the message: see router-claims.ts. */
  claims: { version: 1, essential: true },
  /** `HandedPlaces`: lock, control socket and PID file. */
  places: { version: 1, essential: true },
  /** `TrackerStates`: what trackers have come to. */
  trackers: { version: 1, essential: false },
  /** `NotifierState`: what waits for hooks. */
  notifier: { version: 1, essential: false },
  /** `HandedService`: what the client API has exported. */
  service: { version: 1, essential: false },
  /** `HandedDaemon`: what is told of the daemon itself. */
  daemon: { version: 1, essential: false },
} as const satisfies Readonly<Record<string, { readonly version: number; readonly essential: boolean }>>;

/** A name of {@link SECTIONS}. */
export type SectionName = keyof typeof SECTIONS;

/** By name: the highest version that somebody reads. */
export type Reads = Readonly<Record<string, number>>;

/** What this version of rvrrpd reads. */
export function ourReads(): Reads {
  return Object.fromEntries(Object.entries(SECTIONS).map(([name, { version }]) => [name, version]));
}

/** What another version cannot read, and cannot do without: `table 2`; none: it can take over. */
export function unreadable(reads: Reads): string[] {
  return Object.entries(SECTIONS).flatMap(([name, { version, essential }]) =>
    essential && !((reads[name] ?? 0) >= version) ? [`${name} ${version}`] : [],
  );
}

/** A section of plain data. @throws TypeError if it is none */
export function plainSection(name: SectionName, value: unknown): Section {
  return { name, version: SECTIONS[name].version, content: Buffer.from(toPlain(value)) };
}

/** A section of octets. */
export function octetSection(name: SectionName, content: Uint8Array): Section {
  return { name, version: SECTIONS[name].version, content };
}

/** Leaves out what the other side does not read. */
export function readableBy(reads: Reads, sections: readonly Section[]): Section[] {
  return sections.filter(({ name, version }) => (reads[name] ?? 0) >= version);
}

/** The content of a section; undefined if it is not there, or of a version that we do not read. */
export function contentOf({ sections }: WithSections, name: SectionName): Uint8Array | undefined {
  const found = sections.find((section) => section.name === name);
  return found && found.version <= SECTIONS[name].version ? found.content : undefined;
}

/** Plain data of a section; undefined as in {@link contentOf}. @throws Error if it is damaged */
export function plainOf(message: WithSections, name: SectionName): unknown {
  const content = contentOf(message, name);
  return content && fromPlain(Buffer.from(content).toString());
}

/** The same of what must be there. @throws Error if it is not */
export function essentialOf(message: WithSections, name: SectionName): unknown {
  const value = plainOf(message, name);
  if (value === undefined)
    throw new Error(`the running rvrrpd has not given "${name}" of a version that this one reads`);
  return value;
}
