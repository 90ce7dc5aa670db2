/**
 * What an earlier run left in the kernel: which of it is ours. Names change hands, between two runs and between two
 * namespaces; nothing is taken back that may be somebody else's. Pure.
 */

import { interfaceOf, renamed } from '../plugin/resource.ts';
import type { JournalEntry } from './journal.ts';
import { hasMark } from './marks.ts';
import type { View } from './view.ts';

/** What {@link sift} found. */
export interface Leftovers {
  /** As they are called now, in the order of the journal. An entry that has not changed is the same object. */
  readonly ours: JournalEntry[];
  /** There, but perhaps not ours. */
  readonly strangers: JournalEntry[];
}

/** `gone`: it is not there. */
type Verdict = JournalEntry | 'gone' | 'stranger';

/** The virtual router MAC addresses of RFC 5798 §7.3: nobody but a virtual router has one. */
const VIRTUAL_MAC = /^00:00:5e:00:0[12]:/;

/**
 * Looks at each entry of a journal.
 * @param view the kernel as it is now
 */
export function sift(entries: readonly JournalEntry[], view: View): Leftovers {
  const links = new Map<string, Verdict>();
  for (const entry of entries) {
    if (entry.resource.kind === 'link') links.set(entry.resource.interface, judgeLink(entry, view));
  }
  const ours: JournalEntry[] = [];
  const strangers: JournalEntry[] = [];
  for (const entry of entries) {
    const verdict = judge(entry, links, view);
    if (verdict === 'stranger') strangers.push(entry);
    else if (verdict !== 'gone') ours.push(verdict);
  }
  return { ours, strangers };
}

function judge(entry: JournalEntry, links: ReadonlyMap<string, Verdict>, view: View): Verdict {
  const { resource } = entry;
  const home = interfaceOf(resource);
  const link = home === undefined ? undefined : links.get(home);
  if (link === undefined) return judgeAt(entry, home, view);
  if (resource.kind === 'link' || typeof link === 'string') return link;
  return called(entry, interfaceOf(link.resource)!); // what is on a link of ours is ours
}

/** A link of ours has its index, or if that is not known, its name, type, parent and MAC address. */
function judgeLink(entry: JournalEntry, view: View): Verdict {
  const { resource, index, doubtful } = entry;
  const name = (doubtful ? undefined : nameNow(entry, view)) ?? interfaceOf(resource)!;
  const now = called(entry, name);
  const found = view.find(now.resource);
  if (found.is === 'absent' || found.is === 'homeless') return 'gone';
  const isSameIndex = index !== undefined && index === view.indexOf(name);
  if (found.is === 'same') return index === undefined || isSameIndex ? now : 'stranger';
  return found.is === 'altered' && isSameIndex && !doubtful ? now : 'stranger';
}

/** What is not on a link of ours. */
function judgeAt(entry: JournalEntry, home: string | undefined, view: View): Verdict {
  const { index, doubtful } = entry;
  if (doubtful) return judgeByMarks(entry, view);
  if (home === undefined || index === undefined) return judgeByLook(entry, view);
  const name = nameNow(entry, view);
  return name === undefined ? 'gone' : judgeByLook(called(entry, name), view);
}

/** Of this namespace: is it what we put there? Where nothing can be seen, the kernel tells when it is taken back. */
function judgeByLook(entry: JournalEntry, view: View): Verdict {
  const { resource } = entry;
  if (resource.kind !== 'address') return entry;
  const { interface: name, family, address, prefixLength, label } = resource;
  const present = view.addressOn(name, address);
  if (present.length === 0) return 'gone';
  const isOurs = present.some((each) => {
    if (family === 6) return hasMark(each, resource);
    // A driver may have chosen another label than the one wanted, but none takes the interface's name for it.
    return each.prefixLength === prefixLength && (label === undefined || each.label !== name);
  });
  return isOurs ? entry : 'stranger';
}

/** Of this namespace or of one before it: does it have a mark that only we give? */
function judgeByMarks(entry: JournalEntry, view: View): Verdict {
  const { resource, original } = entry;
  const { is } = view.find(resource);
  if (is === 'absent' || is === 'homeless') return 'gone';
  const { doubtful: _, ...proven } = entry;
  if (resource.kind === 'address') {
    const { interface: name, address } = resource;
    const isOurs = view.addressOn(name, address).some((each) => hasMark(each, resource));
    return isOurs ? proven : 'stranger';
  }
  const isOurs = resource.kind === 'mac' && VIRTUAL_MAC.test(resource.mac) && original !== undefined;
  return isOurs ? proven : 'stranger';
}

/** The name of the interface that an entry is on, by its index; undefined: not known, or gone. */
function nameNow({ index }: JournalEntry, view: View): string | undefined {
  return index === undefined ? undefined : view.nameOf(index);
}

/** An entry that is not doubtful any more, on an interface of this name. */
function called(entry: JournalEntry, name: string): JournalEntry {
  const before = interfaceOf(entry.resource);
  if (before === name && !entry.doubtful) return entry;
  const { doubtful: _, ...rest } = entry;
  return { ...rest, resource: renamed(entry.resource, name) };
}
