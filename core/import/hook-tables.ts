/** All `[[notify]]` tables: of instances, of groups, and pipes for everybody. */
import type { Globals } from './globals.ts';
import { type Group, routerName } from './groups.ts';
import { fifoTables, hookTables, type Told } from './hooks.ts';
import type { Router } from './routers.ts';
import type { Plan } from './sync-tables.ts';
import type { Table } from './toml.ts';

/** @param all routers of all instances */
export function allHooks(
  plans: readonly Plan[],
  groups: readonly Group[],
  all: readonly Router[],
  { scriptUser, fifos, notes }: Globals,
): Table[] {
  const common = { scriptUser, taken: new Set<string>() };
  // An instance that becomes nothing is a comment as a whole.
  const instances = plans.flatMap(({ instance, router }) =>
    router ? [{ instance, told: toldOf(router, all) }] : [],
  );
  const told = groups.map((group) => ({ group, told: toldOfGroup(group, plans, all) }));
  const everybody = [...instances, ...told].flatMap((each) => each.told ?? []);
  return [
    ...instances.flatMap(({ instance, told: whom }) =>
      hookTables(instance.hooks, whom, { ...common, notes: instance.notes }),
    ),
    ...told.flatMap((each) =>
      hookTables(each.group.hooks, each.told, { ...common, notes: each.group.notes }),
    ),
    ...fifoTables(
      fifos,
      everybody.filter(({ comment }) => comment === undefined),
      { ...common, notes },
    ),
  ];
}

function toldOf(router: Router, all: readonly Router[]): Told {
  return { name: router.instance.name, kind: 'routers', target: routerName(router, all) };
}

/** A group of one is none here: what it is told is what that one is told. */
function toldOfGroup(
  { name, members }: Group,
  plans: readonly Plan[],
  all: readonly Router[],
): Told | undefined {
  if (members.length > 1) return { name, kind: 'groups', target: name };
  const router = plans.find(({ instance }) => instance === members[0])?.router;
  return router && { ...toldOf(router, all), name, comment: 'INSTANCE, not GROUP: it has one member' };
}
