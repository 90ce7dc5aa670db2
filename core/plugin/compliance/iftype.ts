/**
 * Compliance tests for plugins of kind `iftype`. A plugin's author calls {@link iftypeCompliance} in their own
 * test suite; the built-in plugins do the same. They are pure: no root, network or clock.
 */
import assert from 'node:assert/strict';
import type {
  AddressFamily,
  DriverCapability,
  IftypePlugin,
  InterfaceType,
  KernelResource,
  MasterPlan,
  RouterOnInterface,
} from '../contracts/index.ts';
import { identityOf, isSame, isUnlisted } from '../resource.ts';
import type { TestRegistrar } from './auth.ts';
import { declared, type FromManifest } from './manifest.ts';
import { assertWellFormed, frozen } from './resources.ts';

/** What the kit needs to know about the plugin. */
export interface IftypeComplianceOptions extends FromManifest {
  readonly test: TestRegistrar;
  /** The plugin's default export. */
  readonly plugin: IftypePlugin;
  /** Its `[plugins]` options. Default: none. */
  readonly options?: Readonly<Record<string, unknown>>;
  /** `needs`, where no `manifest` says it. Default: none. */
  readonly needs?: readonly DriverCapability[];
}

/** The interface's own MAC. */
const OWN_MAC = '02:00:00:00:00:01';
/** From the shortest name to the longest, one that a sysctl writes with care among them. */
const INTERFACES = ['e', 'eth0', 'eth0.5', 'enp0s31f6.4', 'enp0s31f6.90', 'enp0s31f6.900', 'enx001122334455'];

/** A virtual router as the core describes it. */
function routerOn(name: string, vrid: number, family: AddressFamily, count = 2): RouterOnInterface {
  const text = (n: number) => (family === 4 ? `192.0.2.${n}` : `2001:db8:${vrid.toString(16)}::${n}`);
  return frozen({
    vrid,
    family,
    addresses: Array.from({ length: count }, (_, n) => text(((vrid * 7 + n) % 250) + 1)),
    interface: {
      ...{
        index: 2,
        name,
        mac: OWN_MAC,
        up: true,
        running: true,
        ethernet: true,
        mtu: 1500,
        type: '',
        parent: 0,
      },
      addresses: [{ family: 4, address: '192.0.2.254', prefixLength: 24, label: name, secondary: false }],
    },
    vifname: `standby${vrid}`,
    virtualMac: `00:00:5e:00:0${family === 4 ? 1 : 2}:${vrid.toString(16).padStart(2, '0')}`,
    siblings: 1,
  });
}

/** Registers the tests. */
export function iftypeCompliance(options: IftypeComplianceOptions): void {
  const { plugin, test } = options;
  const { name, needs } = declared('iftype', options);
  const create = (): InterfaceType => plugin.create({ name, options: options.options ?? {}, log: () => {} });
  const title = (what: string): string => `iftype compliance, ${name}: ${what}`;

  /** Each of some hundred virtual routers, and its plan. */
  const plans = function* (): Generator<[RouterOnInterface, MasterPlan, string]> {
    const type = create();
    for (const on of INTERFACES) {
      for (const family of [4, 6] as const) {
        for (const vrid of [1, 7, 99, 255]) {
          for (const siblings of [1, 3]) {
            const router = frozen({ ...routerOn(on, vrid, family), siblings });
            yield [router, type.plan(router), `VRID ${vrid}, IPv${family}, ${siblings} on ${on}`];
          }
        }
      }
    }
  };

  test(title('its default export is of kind iftype'), () => {
    assert.equal(plugin.kind, 'iftype');
    assert.equal(typeof plugin.create, 'function');
    assert.equal(typeof create().plan, 'function');
  });

  test(title('plans resources that can be installed'), () => {
    for (const [, plan] of plans()) assertWellFormed(plan.resources);
  });

  test(title('plans each virtual address once, in its order, on the interface that it names'), () => {
    for (const [router, plan, what] of plans()) {
      const planned = addressesOf(plan);
      assert.deepEqual(
        planned.map(({ family, address, interface: on }) => [on, family, address]),
        router.addresses.map((address) => [plan.interface, router.family, address]),
        what,
      );
      assert.ok([router.interface.name, router.vifname].includes(plan.interface), what);
    }
  });

  test(
    title('is pure: the same for the same, whoever asked before, and changes nothing that it is given'),
    () => {
      const other = create();
      for (const [router, plan, what] of plans()) assert.deepEqual(other.plan(router), plan, what);
      for (const [router, plan, what] of [...plans()].reverse())
        assert.deepEqual(other.plan(router), plan, what);
    },
  );

  test(title('makes links only if it needs a driver that can, and before anything that is on them'), () => {
    for (const [router, { resources }, what] of plans()) {
      const made = new Set<string>();
      for (const resource of resources) {
        if (resource.kind === 'link') {
          assert.ok(needs.includes(resource.type), `needs has no "${resource.type}": ${what}`);
          assert.equal(resource.parent, router.interface.name, what);
          made.add(resource.interface);
          continue;
        }
        const home = homeOf(resource);
        if (home === undefined || home === router.interface.name) continue;
        assert.ok(made.has(home), `${home} is not there yet for ${JSON.stringify(resource)}: ${what}`);
      }
      assert.ok(made.size === 0 || made.has(router.vifname), `a link is called vifname: ${what}`);
    }
  });

  test(title('touches no interface but those of the virtual router'), () => {
    for (const [router, { resources }, what] of plans()) {
      for (const resource of resources) {
        if (isUnlisted(resource)) continue;
        const home = homeOf(resource);
        assert.ok(home !== undefined, `for all of the machine: ${JSON.stringify(resource)}: ${what}`);
        assert.ok([router.interface.name, router.vifname].includes(home), `${home}: ${what}`);
      }
    }
  });

  test(title('announces the MAC that the interface with the addresses will have'), () => {
    for (const [router, { interface: on, announce, resources }, what] of plans()) {
      let mac = on === router.interface.name ? OWN_MAC : '';
      for (const resource of resources) {
        if ((resource.kind === 'link' || resource.kind === 'mac') && resource.interface === on)
          mac = resource.mac;
      }
      if (announce === 'virtual-mac') assert.equal(mac, router.virtualMac, what);
      else {
        assert.equal(announce, 'interface-mac', what);
        assert.notEqual(mac, '', what);
      }
    }
  });

  test(title('lets virtual routers be Master together on one interface'), () => {
    const type = create();
    for (const on of INTERFACES) {
      const routers = Array.from({ length: 60 }, (_, n) =>
        frozen({ ...routerOn(on, 4 * n + 1, 4), addresses: [`10.0.${n}.1`, `10.0.${n}.2`], siblings: 60 }),
      );
      const seen = new Map<string, KernelResource>();
      const labels = new Set<string>();
      for (const router of routers) {
        const plan = type.plan(router);
        for (const resource of plan.resources) {
          const other = seen.get(identityOf(resource));
          if (other)
            assert.ok(isSame(other, resource), `contradiction: ${JSON.stringify([other, resource])}`);
          seen.set(identityOf(resource), resource);
        }
        for (const { label } of addressesOf(plan)) {
          if (label === undefined) continue;
          assert.ok(!labels.has(label), `two addresses have the label ${label}`);
          labels.add(label);
        }
      }
    }
  });

  test(title('advises in sentences, if at all'), () => {
    const type = create();
    const routers = [1, 2, 3].map((vrid) => frozen({ ...routerOn('eth0', vrid, 4), siblings: 3 }));
    for (const list of [[], routers.slice(0, 1), routers]) {
      for (const advice of type.advise?.(frozen([...list])) ?? []) {
        assert.equal(typeof advice, 'string');
        assert.notEqual(advice.trim(), '');
      }
    }
  });
}

function addressesOf({ resources }: MasterPlan) {
  return resources.filter((resource) => resource.kind === 'address');
}

/** The interface that a resource is about; undefined if it is about none. */
function homeOf(resource: KernelResource): string | undefined {
  if (isUnlisted(resource)) return undefined;
  if (resource.kind !== 'sysctl') return resource.interface;
  const [net, , group, name] = resource.path; // net/ipv4/conf/<interface>/…, net/ipv6/neigh/<interface>/…
  return net === 'net' && (group === 'conf' || group === 'neigh') && name !== 'all' && name !== 'default'
    ? name
    : undefined;
}
