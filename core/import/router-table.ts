/** A `[[vrouter]]` table: what an instance says, in our directives. */
import { COUNTERPARTS } from './counterparts.ts';
import type { Tracked } from './definitions.ts';
import { announceOf } from './garp.ts';
import type { Globals } from './globals.ts';
import type { Instance } from './instance.ts';
import type { Further } from './placing.ts';
import { inOrder, type Report } from './report.ts';
import { type Common, interfaceOf, type Router, vifnameOf } from './routers.ts';
import { hasPreference, translateRoute, translateRule } from './routes.ts';
import type { Statement } from './statements.ts';
import type { Table, TomlValue } from './toml.ts';

/** The longest interval of version 3 in s. */
const LONGEST = 40.95;

/** What stands in a table because of others. */
export interface Surroundings {
  readonly globals: Globals;
  readonly report: Report;
  /** Preferences of rules that say none. */
  readonly preferences: ReadonlyMap<Statement, number>;
  readonly common: Common;
  /** Its group says the priority for all. */
  readonly isPriorityElsewhere: boolean;
  readonly isPreemptionElsewhere: boolean;
  readonly tracked: readonly Tracked[];
}

/** The table of a router. */
export function routerTable(router: Router, around: Surroundings): Table {
  const { instance, family, version } = router;
  const { globals, report, common } = around;
  const entries: [string, TomlValue, string?][] = [
    ['group', router.vrid],
    ['interface', router.interface],
    ['vip', vipOf(router)],
    ...(around.isPriorityElsewhere ? [] : [['priority', common.priority] as [string, TomlValue]]),
    ...(around.isPreemptionElsewhere ? [] : [['preemption', common.preemption] as [string, TomlValue]]),
    ['version', version],
    ['timers', { advert: advertOf(router) }],
    ...authOf(router, globals),
    ['netdrv', COUNTERPARTS.driver],
    ...vmacOf(router, globals, report),
    ...acceptOf(router, globals),
    ...peersOf(router),
    ...delaysOf(router, globals),
    ...(instance.isPrimaryTracked ? [] : [['track_interface', false] as [string, TomlValue]]),
    ...(around.tracked.length === 0 ? [] : [['track', trackValue(around.tracked)] as [string, TomlValue]]),
  ];
  const further: Table[] = [];
  const interval = globals.garpIntervals.get(router.interface);
  const garp = { ...globals.garp, ...(interval === undefined ? {} : { interval }), ...instance.garp };
  const announce = announceOf(garp);
  if (announce)
    further.push({ header: '[vrouter.announce]', comments: [], entries: Object.entries(announce) });
  further.push(...router.further.map(addressTable), ...routeTables(instance, family, around));
  const name = `vrrp_instance ${instance.name}, ${report.placeName(instance.statement.place)}`;
  return {
    header: '[[vrouter]]',
    comments: [name, ...inOrder(instance.notes).flatMap((note) => report.comment(note))],
    entries,
    tables: further,
  };
}

/** A `track` directive. */
export function trackValue(tracked: readonly Tracked[]): TomlValue {
  return tracked.map(({ name, weight }) => (weight === undefined ? name : { name, weight }));
}

function addressTable({ address, interface: on, isAdvertised }: Further): Table {
  const { text, scope, label } = address;
  const entries = Object.entries({ address: text, interface: on, scope, label }).flatMap(
    ([key, value]): [string, TomlValue][] => (value === undefined ? [] : [[key, value]]),
  );
  if (isAdvertised) entries.push(['advertised', true]);
  return { header: '[[vrouter.address]]', comments: [], entries };
}

function vipOf({ vip }: Router): TomlValue {
  const texts = vip.map(({ text }) => text);
  return texts.length === 1 ? texts[0]! : texts;
}

function advertOf({ instance, version }: Router): number {
  const { advert = 1, advertSaid, notes } = instance;
  const fits =
    version === 2
      ? Math.max(1, Math.round(advert))
      : Math.min(LONGEST, Math.max(1, Math.round(advert * 100)) / 100);
  if (fits !== advert && advertSaid) {
    const why =
      version === 2
        ? 'version 2 has whole seconds'
        : `version 3 has hundredths of a second, up to ${LONGEST} s`;
    notes.push({ statement: advertSaid, why });
  }
  return fits;
}

function isStrict({ instance }: Router, globals: Globals): boolean {
  return instance.strict ?? globals.isStrict;
}

function authOf(router: Router, globals: Globals): [string, TomlValue][] {
  const { auth, notes } = router.instance;
  if (!auth || auth.type === 'NONE') return [];
  const note = (why: string): [] => {
    notes.push({ statement: auth.statement, why });
    return [];
  };
  if (router.version === 3)
    return note(
      `version 3 has no authentication, and keepalived ignores it; auth_type "${COUNTERPARTS.strongAuthentication}" is for it, on all routers`,
    );
  if (isStrict(router, globals)) return note('with vrrp_strict keepalived ignores it');
  if (auth.type !== 'PASS')
    return note(
      `there is no AH, and RFC 3768 has none; auth_type "${COUNTERPARTS.strongAuthentication}" is the nearest, on all routers`,
    );
  if (auth.secret === '') return note('there is no auth_pass in it');
  return [
    ['auth_type', COUNTERPARTS.auth_pass],
    ['auth_secret', auth.secret],
  ];
}

function vmacOf(router: Router, globals: Globals, report: Report): [string, TomlValue][] {
  const { instance, family } = router;
  // Addresses that are elsewhere are not on the virtual interface.
  if (!instance.vmac || router.interface !== interfaceOf(instance, globals)) return [];
  const name = vifnameOf(instance, family, globals)!;
  if (Buffer.byteLength(name) > 15)
    report.fault(
      instance.vmac.statement,
      `makes the interface name ${name}: must have at most 15 characters`,
    );
  return [
    ['iftype', COUNTERPARTS.use_vmac],
    ['vifname', name],
  ];
}

function acceptOf(router: Router, globals: Globals): [string, TomlValue][] {
  const { accept } = router.instance;
  if (accept !== undefined) return [['accept', accept]];
  return isStrict(router, globals)
    ? [['accept', false, 'vrrp_strict'] as unknown as [string, TomlValue]]
    : [];
}

function peersOf({ instance, family }: Router): [string, TomlValue, string?][] {
  const { peers, source, notes } = instance;
  const own = peers.filter(({ address, statement }) => {
    if (address === source?.address) {
      notes.push({ statement, why: 'is our own address: peers are the other routers' });
      return false;
    }
    if (address.includes(':') === (family === 6)) return true;
    notes.push({ statement, why: `is not of IPv${family}, as the addresses are` });
    return false;
  });
  const different = [...new Map(own.map((peer) => [peer.address, peer])).values()];
  if (different.length === 0) {
    if (source)
      notes.push({
        statement: source.statement,
        why: 'is for unicast_peer: advertisements come from the primary address',
      });
    return [];
  }
  const ttl = Math.max(1, Math.min(...different.map(({ minTtl = 1 }) => minTtl)));
  const isSame = source && source.address.includes(':') === (family === 6);
  if (source && !isSame)
    notes.push({ statement: source.statement, why: `is not of IPv${family}, as the peers are` });
  return [
    ['peers', different.map(({ address }) => address)],
    ...(source && isSame ? [['source', source.address] as [string, TomlValue]] : []),
    [
      'min_ttl',
      ttl,
      ttl === 1 ? 'as keepalived: any; 255 is for peers without a router between' : undefined,
    ] as [string, TomlValue, string?],
  ];
}

function delaysOf(router: Router, globals: Globals): [string, TomlValue][] {
  const { instance } = router;
  const { startDelay, delays } = globals;
  const { down = 0, up = 0 } = delays.get(router.interface) ?? {};
  const adverts = instance.downTimerAdverts ?? globals.downTimerAdverts;
  const all: [string, number | undefined][] = [
    ['start_delay', startDelay],
    ['link_delay', up],
    ['link_debounce', Math.min(60, down)],
    ['preempt_delay', instance.preemptDelay?.seconds],
    ['down_timer_adverts', adverts === 3 ? undefined : adverts],
  ];
  return all.flatMap(([key, value]) =>
    value === undefined || value === 0 ? [] : [[key, value] as [string, TomlValue]],
  );
}

/** Routes and rules. What cannot be had is told at the instance. */
function routeTables(instance: Instance, family: 4 | 6, { preferences }: Surroundings): Table[] {
  const all = [
    ...instance.routes.map((statement) => ({
      kind: 'route',
      statement,
      made: translateRoute(statement, family),
    })),
    ...instance.rules.map((statement) => {
      const preference = preferences.get(statement) ?? 1;
      return { kind: 'rule', statement, made: translateRule(statement, preference) };
    }),
  ];
  return all.flatMap(({ kind, statement, made }): Table[] => {
    if ('why' in made) {
      instance.notes.push({ statement, why: `is left out: ${made.why}` });
      return [];
    }
    for (const why of made.lost) instance.notes.push({ statement, why: `without ${why}` });
    const entries = Object.entries(made.entries).map(([key, value]): [string, TomlValue, string?] =>
      kind === 'rule' && key === 'priority' && !hasPreference(statement)
        ? [key, value, 'the number that keepalived gives it']
        : [key, value],
    );
    return [{ header: `[[vrouter.${kind}]]`, comments: [], entries }];
  });
}
