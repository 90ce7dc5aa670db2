/** Hooks (`[[notify]]`): what they are about. */
import type { RawTable } from './document.ts';
import type { RouterFacts } from './facts.ts';
import type { HookChoice } from './hook.ts';
import { routerKey } from './identity.ts';
import type { IssueList } from './issue-list.ts';
import type { ConfigPath } from './issues.ts';
import { nearest } from './suggest.ts';
import { type Member, membersMeant, membersOf } from './sync.ts';

/** What a hook may be called: it stands in logs, metrics and paths. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$/;

/**
 * Checks all hooks.
 * @param hooks `[[notify]]`, what violates the schema removed
 * @param groups `[[sync]]`, likewise
 * @param facts what is understood of each `[[vrouter]]`
 * @returns for each what it is about
 */
export function checkHooks(
  hooks: readonly RawTable[],
  groups: readonly RawTable[],
  facts: readonly RouterFacts[],
  list: IssueList,
): HookChoice[] {
  const first = new Map<string, ConfigPath>();
  const members = hooks.length > 0 ? membersOf(facts) : [];
  const names = groups.flatMap(({ name }) => (typeof name === 'string' ? name : []));
  return hooks.map((hook, index) => {
    const path: ConfigPath = ['notify', index];
    checkName(hook.name, path, first, list);
    const routers = chosenRouters(hook, path, members, list);
    const chosen = chosenGroups(hook, path, names, list);
    // Who names the one alone does not want all of the other.
    return {
      ...(routers || chosen ? { routers: routers ?? [], groups: chosen ?? [] } : {}),
    };
  });
}

function checkName(name: unknown, path: ConfigPath, first: Map<string, ConfigPath>, list: IssueList): void {
  if (typeof name !== 'string') return;
  const at = [...path, 'name'];
  const other = first.get(name);
  if (other !== undefined) {
    list.error(at, `is already the name of ${list.whereIs(other)}: must be unique`);
    return;
  }
  first.set(name, path);
  if (NAME.test(name)) return;
  list.error(at, 'must be letters, digits, "-", "_" and ".", 63 at most, a letter or a digit first');
}

function chosenRouters(
  { routers }: RawTable,
  path: ConfigPath,
  members: readonly Member[],
  list: IssueList,
): string[] | undefined {
  if (!Array.isArray(routers)) return undefined;
  const keys = membersMeant(routers, path, members, list).map(({ member }) => routerKey(member));
  return [...new Set(keys)];
}

function chosenGroups(
  { groups }: RawTable,
  path: ConfigPath,
  known: readonly string[],
  list: IssueList,
): string[] | undefined {
  if (!Array.isArray(groups)) return undefined;
  const names = (groups as readonly unknown[]).flatMap((name, index) => {
    if (typeof name !== 'string') return [];
    if (!known.includes(name)) list.error([...path, 'groups', index], unknown(name, known));
    return name;
  });
  return [...new Set(names)];
}

function unknown(name: string, known: readonly string[]): string {
  if (known.length === 0) return 'must be the name of a group, and there is no [[sync]]';
  const meant = nearest(name, known);
  const hint = meant === undefined ? '' : `; did you mean "${meant}"?`;
  return `must be the name of a group: there is ${known.map((each) => JSON.stringify(each)).join(', ')}${hint}`;
}
