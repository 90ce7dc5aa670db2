/** Trackers (`[[track]]`), and the virtual routers that name them. */
import type { RawTable } from './document.ts';
import type { IssueList } from './issue-list.ts';
import type { ConfigPath } from './issues.ts';
import { nearest } from './suggest.ts';

/** What a tracker may be called: it stands in logs, metrics and paths. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$/;

/**
 * Checks all trackers, and who names them.
 * @param trackers `[[track]]`, what violates the schema removed
 * @param routers `[[vrouter]]`, likewise
 * @param groups `[[sync]]`, likewise
 */
export function checkTrackers(
  trackers: readonly RawTable[],
  routers: readonly RawTable[],
  list: IssueList,
  groups: readonly RawTable[] = [],
): void {
  const first = new Map<string, ConfigPath>();
  for (const [index, { name }] of trackers.entries()) {
    if (typeof name !== 'string') continue;
    const path: ConfigPath = ['track', index];
    const at = [...path, 'name'];
    const other = first.get(name);
    if (other !== undefined) {
      list.error(at, `is already the name of ${list.whereIs(other)}: must be unique`);
      continue;
    }
    first.set(name, path);
    if (NAME.test(name)) continue;
    list.error(at, 'must be letters, digits, "-", "_" and ".", 63 at most, a letter or a digit first');
  }
  const used = new Set<string>();
  for (const [index, { track }] of routers.entries())
    checkNames(track, ['vrouter', index, 'track'], [...first.keys()], used, list);
  for (const [index, { track }] of groups.entries())
    checkNames(track, ['sync', index, 'track'], [...first.keys()], used, list);
  for (const name of [...used].filter((each) => !first.has(each))) {
    // Who has misspelt it is told that, and not that the one which was meant is not used.
    const meant = nearest(name, [...first.keys()]);
    if (meant !== undefined) used.add(meant);
  }
  for (const [name, path] of first) {
    if (!used.has(name))
      list.warn([...path, 'name'], 'is not used: no [[vrouter]] or [[sync]] names it in "track"');
  }
}

/**
 * Checks a `track` directive.
 * @param known the names that there are
 * @param used takes the names that it has
 */
export function checkNames(
  track: unknown,
  path: ConfigPath,
  known: readonly string[],
  used: Set<string>,
  list: IssueList,
): void {
  const here = new Map<string, ConfigPath>();
  for (const [index, entry] of (Array.isArray(track) ? track : []).entries()) {
    const isName = typeof entry === 'string';
    const name: unknown = isName ? entry : (entry as RawTable | null)?.name;
    if (typeof name !== 'string') continue;
    const element: ConfigPath = [...path, index];
    const at: ConfigPath = isName ? element : [...element, 'name'];
    const twin = here.get(name);
    if (twin !== undefined)
      list.error(at, `must be there once: ${list.whereIs(twin)} names the same tracker`);
    else here.set(name, element);
    used.add(name);
    if (!known.includes(name)) list.error(at, unknown(name, known));
    if (!isName && (entry as RawTable).weight === 0) {
      const what =
        'must be -253 to 253, and not 0, which does nothing; without a weight a failure means Fault';
      list.error([...element, 'weight'], what);
    }
  }
}

function unknown(name: string, known: readonly string[]): string {
  if (known.length === 0) return 'must be the name of a tracker, and there is no [[track]]';
  const meant = nearest(name, known);
  const hint = meant === undefined ? '' : `; did you mean "${meant}"?`;
  const there = known.map((each) => JSON.stringify(each)).join(', ');
  return `must be the name of a tracker: there is ${there}${hint}`;
}
