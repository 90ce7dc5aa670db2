/**
 * A rehearsal of the actuator, as core/engine/rehearsal.ts is one of the engine: virtual routers that exist nowhere become
 * Master and leave again, so that the code of it is compiled. Without it the addresses of the first take-over, for which a
 * Backup may have waited for weeks, would come some ms late: Node.js compiles a function when it is first
 * called. The 7 ms of 48 routers become 2.
 *
 * It plays on parts of its own: a state table in scratch memory, a journal that is not kept, a network driver and an
 * interface type that do nothing. No plugin is called, nothing of the kernel is touched.
 */
import type { InterfaceType, KernelResource, NetworkDriver } from '../plugin/contracts/index.ts';
import { REHEARSED_LINK as LINK, rehearsedRouter } from '../threads/rehearsed.ts';
import { Int, StateTable } from '../threads/state-table.ts';
import { Changes } from './changes.ts';
import { Holdings } from './holdings.ts';
import { Masters } from './masters.ts';
import { View } from './view.ts';

/** Acts of the first rehearsal: more of them make the first take-over no faster, as measured. */
const ACTS = 8;
/** Virtual routers of the rehearsal. */
const ROUTERS = 16;
const NAME = LINK.name;

/** Half of them on the interface itself, half on links of their own, of either family. */
const iftype: InterfaceType = {
  plan: ({ vrid, family, addresses, interface: { name }, virtualMac, vifname }) => {
    const own = vrid % 4 < 2 ? name : vifname;
    const link: KernelResource[] = [
      { kind: 'link', type: 'macvlan', interface: own, parent: name, mac: virtualMac },
      { kind: 'up', interface: own },
    ];
    const prefixLength = family === 4 ? 32 : 128;
    const resources = addresses.map((address): KernelResource => {
      return { kind: 'address', interface: own, family, address, prefixLength };
    });
    return {
      interface: own,
      announce: 'interface-mac',
      resources: own === name ? resources : [...link, ...resources],
    };
  },
};

/** Does whatever it is asked to, which is nothing. */
const driver: NetworkDriver = {
  links: async () => [LINK],
  apply: async (changes) => changes.map(() => null),
  watch: () => {},
  close: () => {},
};

/** See the file's comment. */
export class Rehearsal {
  /** What came of it: the scratch state, for tests. */
  readonly table = StateTable.allocate(ROUTERS);
  readonly holdings = new Holdings();
  private readonly masters: Masters;
  private acts = 0;

  constructor() {
    const drivers = new Map([[NAME, driver]]);
    const virtualRouters = Array.from({ length: ROUTERS }, (_, slot) =>
      rehearsedRouter(slot + 1, { version: 3, family: slot % 2 === 0 ? 4 : 6 }),
    );
    const journal = { add: () => {}, strike: () => {}, flush: () => {} };
    this.masters = new Masters(
      {
        config: { virtualRouters },
        routerPlugins: virtualRouters.map(() => ({ netdrv: NAME, iftype: NAME })),
        plugins: {
          drivers,
          iftypes: new Map([[NAME, iftype]]),
          protocolResources: [],
          protocolDriver: NAME,
        },
        table: this.table,
        ring: () => {},
        log: () => {},
      },
      this.holdings,
      new Changes(this.holdings, drivers, journal, new View([LINK])),
    );
    this.masters.linksChanged(new Map([[NAME, LINK]]));
  }

  /**
   * Plays one act, some ms of work the first time: all of them become Master, and are Backups again.
   * @returns whether another one should follow
   */
  async act(): Promise<boolean> {
    for (const _ of ['acquire', 'release']) {
      for (let slot = 0; slot < ROUTERS; slot++) {
        this.table.setInt(slot, Int.Wanted, this.table.int(slot, Int.Wanted) + 1);
      }
      await this.masters.work();
    }
    return ++this.acts < ACTS;
  }
}
