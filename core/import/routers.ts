/** From an instance to `[[vrouter]]` tables: one for each interface and address family that its addresses are on. */
import type { ImportedAddress } from './addresses.ts';
import { COUNTERPARTS } from './counterparts.ts';
import type { Tracked } from './definitions.ts';
import { announceOf } from './garp.ts';
import type { Globals } from './globals.ts';
import type { Instance } from './instance.ts';
import { inOrder, type Note, type Report } from './report.ts';
import { hasPreference, translateRoute, translateRule } from './routes.ts';
import type { Statement } from './statements.ts';
import type { Table, TomlValue } from './toml.ts';

/** A `[[vrouter]]` of an instance. */
export interface Router {
  readonly interface: string;
  readonly vrid: number;
  readonly family: 4 | 6;
  readonly version: 2 | 3;
  readonly instance: Instance;
  readonly addresses: readonly ImportedAddress[];
  /** Not where the instance itself is. */
  readonly isFurther: boolean;
  readonly notes: Note[];
}

/** What all routers of an instance have. */
export interface Common {
  readonly priority: number;
  readonly preemption: boolean;
}

/** An advertisement holds so many. */
const MOST_ADDRESSES = 255;
/** The longest interval of version 3 in s. */
const LONGEST = 40.95;

/** What an instance's priority and preemption come to; notes say what is not as it is written. */
export function commonOf(instance: Instance): Common {
  const { state, nopreempt, preemptDelay, prioritySaid, notes } = instance;
  const isMaster = state?.words[1]?.toUpperCase() === 'MASTER';
  const wanted = prioritySaid ? instance.priority : isMaster ? 255 : 100;
  if (state) {
    const why = 'who becomes Master is decided by the priority';
    const more =
      wanted === 255 && !prioritySaid ? ': without one keepalived makes it 255, the highest here is 254' : '';
    notes.push({ statement: state, why: `${why}${more}` });
  }
  if (wanted === 255 && prioritySaid)
    notes.push({
      statement: prioritySaid,
      why: '255 is for the owner of the address, who is known by the interface having it as its own: 254 otherwise',
    });
  if (nopreempt && (isMaster || wanted === 255))
    notes.push({ statement: nopreempt, why: 'with state MASTER or priority 255 keepalived ignores it' });
  const preemption = !nopreempt || isMaster || wanted === 255;
  if (preemptDelay && (isMaster || !preemption)) {
    const why = `with ${isMaster ? 'state MASTER' : 'nopreempt'} keepalived ignores it`;
    notes.push({ statement: preemptDelay.statement, why });
    delete instance.preemptDelay;
  }
  return { priority: Math.min(wanted, 254), preemption };
}

/** The routers of an instance; faults are told. */
export function routersOf(instance: Instance, globals: Globals, report: Report): Router[] {
  const { addresses, excluded, vrid, statement, notes, peers } = instance;
  if (vrid === undefined) {
    const isTold = instance.statement.block?.some(({ words }) => words[0] === 'virtual_router_id');
    if (!isTold) report.fault(statement, 'must have a virtual_router_id, 1 to 255');
    return [];
  }
  const family = addresses[0]?.family ?? excluded[0]?.family;
  if (family === undefined) return [];
  const own = interfaceOf(instance, globals);
  const vmac = vifnameOf(instance, family, globals);
  const groups = new Map<string, ImportedAddress[]>();
  for (const [index, address] of [...addresses, ...excluded].entries()) {
    const isExcluded = index >= addresses.length;
    const dev = address.dev === undefined || address.dev === vmac ? own : address.dev;
    if (!isExcluded && address.family !== family) {
      notes.push({
        statement: address.statement,
        why: `is not of IPv${family} as the first is, and keepalived ignores it`,
      });
      continue;
    }
    if (dev === 'lo') {
      notes.push({
        statement: address.statement,
        why: 'a virtual router is on an Ethernet interface, which lo is not',
      });
      continue;
    }
    for (const why of address.lost) notes.push({ statement: address.statement, why: `without ${why}` });
    if (isExcluded)
      notes.push({ statement: address.statement, why: excludedWhy(address, family, dev === own) });
    const key = `${dev} ${address.family}`;
    groups.set(key, [...(groups.get(key) ?? []), address]);
  }
  const keys = [...groups.keys()];
  // Where VRRP is spoken: at the instance's own place if addresses are there.
  const main =
    keys.find((key) => key === `${own} ${family}`) ??
    keys.find((key) => key.endsWith(` ${family}`)) ??
    keys[0];
  return keys.flatMap((key) => {
    const [dev = '', number] = key.split(' ');
    const isFurther = key !== main;
    const all = groups.get(key)!;
    const own6 = number === '6' ? 6 : 4;
    const version = versionOf(instance, own6, globals);
    if (isFurther && peers.length > 0) {
      const why = `needs a virtual router of its own, on ${dev} and of IPv${own6}, and unicast_peer has nobody for that`;
      for (const { statement: each } of all) notes.push({ statement: each, why });
      return [];
    }
    for (const { statement: each } of all.slice(MOST_ADDRESSES))
      notes.push({
        statement: each,
        why: `an advertisement holds ${MOST_ADDRESSES} addresses: give it another VRID`,
      });
    const kept = all.slice(0, MOST_ADDRESSES);
    return [{ interface: dev, vrid, family: own6, version, instance, addresses: kept, isFurther, notes: [] }];
  });
}

/** Why an address that keepalived does not advertise is in `vip` all the same. */
function excludedWhy(address: ImportedAddress, family: 4 | 6, isHere: boolean): string {
  if (address.family === family && isHere)
    return 'is advertised too: a keepalived beside it must have it in virtual_ipaddress';
  return 'is of a virtual router of its own, in one group with the others';
}

/** Where the instance speaks. */
export function interfaceOf(instance: Instance, globals: Globals): string {
  const { interface: own, addresses } = instance;
  return (
    own ?? addresses.find(({ dev }) => dev !== undefined && dev !== 'lo')?.dev ?? globals.defaultInterface
  );
}

function versionOf(instance: Instance, family: 4 | 6, globals: Globals): 2 | 3 {
  return family === 6 ? 3 : (instance.version ?? globals.version);
}

/** Name of its virtual interface; undefined: it has none. */
function vifnameOf({ vmac, vrid }: Instance, family: 4 | 6, globals: Globals): string | undefined {
  return vmac && (vmac.name ?? `${globals.vmacPrefix}${family === 6 ? '6' : ''}.${vrid}`);
}

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
  readonly isFirst: boolean;
}

/** The table of a router. */
export function routerTable(router: Router, around: Surroundings): Table {
  const { instance, family, version } = router;
  const { globals, report, common } = around;
  const { notes } = router;
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
  if (!router.isFurther) further.push(...routeTables(instance, family, around));
  const name = `vrrp_instance ${instance.name}, ${report.placeName(instance.statement.place)}`;
  const place = router.isFurther ? `, its addresses of IPv${family} on ${router.interface}` : '';
  const said = around.isFirst ? [...instance.notes, ...notes] : notes;
  return {
    header: '[[vrouter]]',
    comments: [`${name}${place}`, ...inOrder(said).flatMap((note) => report.comment(note))],
    entries,
    tables: further,
  };
}

/** A `track` directive. */
export function trackValue(tracked: readonly Tracked[]): TomlValue {
  return tracked.map(({ name, weight }) => (weight === undefined ? name : { name, weight }));
}

function vipOf({ addresses }: Router): TomlValue {
  const texts = addresses.map(({ text }) => text);
  return texts.length === 1 ? texts[0]! : texts;
}

function advertOf({ instance, version, notes }: Router): number {
  const { advert = 1, advertSaid } = instance;
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
  const { auth } = router.instance;
  const { notes } = router;
  if (!auth || auth.type === 'NONE') return [];
  const note = (why: string): [] => {
    notes.push({ statement: auth.statement, why });
    return [];
  };
  if (router.version === 3)
    return note(
      `version 3 has no authentication${router.isFurther ? '' : ', and keepalived ignores it'}; auth_type "${COUNTERPARTS.strongAuthentication}" is for it, on all routers`,
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
  const { instance, family, isFurther } = router;
  // Addresses that are elsewhere are not on the virtual interface.
  if (!instance.vmac || router.interface !== interfaceOf(instance, globals)) return [];
  const name = isFurther
    ? `${globals.vmacPrefix}${family === 6 ? '6' : ''}.${router.vrid}`
    : vifnameOf(instance, family, globals)!;
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

function peersOf({ instance, family, notes }: Router): [string, TomlValue, string?][] {
  const { peers, source } = instance;
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
