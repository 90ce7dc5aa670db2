import { describe, expect, test } from 'vitest';
import type {
  IftypePlugin,
  InterfaceType,
  KernelResource,
  MasterPlan,
  RouterOnInterface,
} from '../contracts/index.ts';
import { type IftypeComplianceOptions, iftypeCompliance } from './iftype.ts';

/** A link of the kind that drivers may be able to make. */
const LINK = { type: 'macvlan' } as const;

const addressesOn = (name: string, { addresses, family }: RouterOnInterface): KernelResource[] =>
  addresses.map((address) => ({
    ...{ kind: 'address', interface: name, family, address, prefixLength: family === 4 ? 32 : 128 },
  }));

/** Right: addresses on the interface itself. */
const plain = {
  plan: (router: RouterOnInterface): MasterPlan => ({
    interface: router.interface.name,
    announce: 'interface-mac',
    resources: addressesOn(router.interface.name, router),
  }),
};

/** Right: addresses on a link of its own. */
const own = {
  plan: (router: RouterOnInterface): MasterPlan => ({
    interface: router.vifname,
    announce: 'virtual-mac',
    resources: [
      {
        ...{ kind: 'link', ...LINK, interface: router.vifname },
        ...{ parent: router.interface.name, mac: router.virtualMac },
      },
      { kind: 'sysctl', path: ['net', 'ipv4', 'conf', router.vifname, 'rp_filter'], value: '2' },
      { kind: 'up', interface: router.vifname },
      ...addressesOn(router.vifname, router),
    ],
  }),
};

/** The tests of the kit that fail for an interface type, without their common beginning. */
function failures(
  type: InterfaceType | (() => InterfaceType),
  more: Partial<IftypeComplianceOptions> = {},
): string[] {
  const failed: string[] = [];
  const plugin: IftypePlugin = {
    kind: 'iftype',
    create: () => (typeof type === 'function' ? type() : type),
  };
  iftypeCompliance({
    test: (name, body) => {
      try {
        body();
      } catch {
        failed.push(name.replace('iftype compliance, x: ', ''));
      }
    },
    plugin,
    name: 'x',
    needs: [LINK.type],
    ...more,
  });
  return failed;
}

/** An interface type whose plans are changed. */
const but =
  (type: InterfaceType, change: (plan: MasterPlan, router: RouterOnInterface) => Partial<MasterPlan>) =>
  (): InterfaceType => ({
    plan: (router) => {
      const plan = type.plan(router);
      return { ...plan, ...change(plan, router) };
    },
  });

test('right ones pass', () => {
  expect(failures(plain)).toEqual([]);
  expect(failures(own)).toEqual([]);
  expect(failures({ ...plain, advise: () => ['Think twice.'] })).toEqual([]);
});

describe('a broken one fails', () => {
  const installable = 'plans resources that can be installed';
  const addresses = 'plans each virtual address once, in its order, on the interface that it names';
  const pure = 'is pure: the same for the same, whoever asked before, and changes nothing that it is given';
  const links = 'makes links only if it needs a driver that can, and before anything that is on them';
  const others = 'touches no interface but those of the virtual router';
  const mac = 'announces the MAC that the interface with the addresses will have';
  const together = 'lets virtual routers be Master together on one interface';

  const withFirst = (resource: (router: RouterOnInterface) => KernelResource) =>
    but(plain, ({ resources }, router) => ({ resources: [resource(router), ...resources] }));

  test('of another kind', () => {
    const plugin = { kind: 'netdrv', create: () => plain } as unknown as IftypePlugin;
    expect(failures(plain, { plugin })).toEqual(['its default export is of kind iftype']);
  });

  test('forgets an address', () => {
    expect(failures(but(plain, ({ resources }) => ({ resources: resources.slice(1) })))).toEqual([addresses]);
  });

  test('turns the addresses round', () => {
    const broken = but(plain, ({ resources }) => ({ resources: resources.toReversed() }));
    expect(failures(broken)).toEqual([addresses]);
  });

  test('names an interface that has not the addresses', () => {
    expect(failures(but(plain, (_, { vifname }) => ({ interface: vifname })))).toContain(addresses);
  });

  test('has an address twice', () => {
    const broken = but(plain, ({ resources }) => ({ resources: [...resources, resources[0]!] }));
    expect(failures(broken)).toEqual([installable, addresses]);
  });

  test('gives a label that is too long', () => {
    const broken = but(plain, ({ resources }, router) => ({
      resources: resources.map((resource, n) =>
        resource.kind === 'address' && router.family === 4
          ? { ...resource, label: `${router.interface.name}:${router.vrid}-${n}` }
          : resource,
      ),
    }));
    expect(failures(broken)).toEqual([installable]);
  });

  test('gives two virtual routers the same label', () => {
    const broken = but(plain, ({ resources }, router) => ({
      resources: resources.map((resource, n) =>
        resource.kind === 'address' && router.family === 4 && router.interface.name.length < 12
          ? { ...resource, label: `${router.interface.name}:v${n}` }
          : resource,
      ),
    }));
    expect(failures(broken)).toEqual([together]);
  });

  test('counts its plans', () => {
    let count = 0;
    const broken = but(own, (_, router) => ({
      resources: [
        ...own.plan(router).resources,
        { kind: 'sysctl', path: ['net', 'ipv4', 'conf', router.vifname, 'tag'], value: String(count++) },
      ],
    }));
    expect(failures(broken)).toEqual([pure]);
  });

  test('changes what it is given', () => {
    const broken: InterfaceType = {
      plan: (router) => {
        (router.addresses as string[]).reverse();
        return plain.plan(router);
      },
    };
    expect(failures(broken).length).toBeGreaterThan(5);
  });

  test('makes links without saying what it needs', () => {
    expect(failures(own, { needs: [] })).toEqual([links]);
  });

  test('brings a link up before it makes it', () => {
    const broken = but(own, ({ resources }) => ({
      resources: [resources[2]!, ...resources.filter((_, at) => at !== 2)],
    }));
    expect(failures(broken)).toEqual([links]);
  });

  test('changes a setting of the whole machine', () => {
    const setting = (...path: string[]) =>
      withFirst(() => ({ kind: 'sysctl', path, value: '1' }) as KernelResource);
    expect(failures(setting('net', 'ipv4', 'conf', 'all', 'arp_ignore'))).toEqual([others]);
    expect(failures(setting('net', 'ipv4', 'ip_forward'))).toEqual([others]);
  });

  test("brings somebody else's interface up", () => {
    expect(failures(withFirst(() => ({ kind: 'up', interface: 'lo' })))).toContain(others);
  });

  test('names an interface that cannot be', () => {
    const broken = withFirst(() => ({ kind: 'up', interface: 'a/b' }));
    expect(failures(broken)).toContain(installable);
  });

  test('announces a MAC that nobody has', () => {
    expect(failures(but(plain, () => ({ announce: 'virtual-mac' })))).toEqual([mac]);
  });

  test('gives several virtual routers on one interface their MACs', () => {
    const broken = but(
      withFirst(({ interface: { name }, virtualMac }) => ({
        kind: 'mac',
        interface: name,
        mac: virtualMac,
      }))(),
      () => ({ announce: 'virtual-mac' }),
    );
    expect(failures(broken)).toEqual([together]);
  });

  test('advises nothing, in words', () => {
    expect(failures({ ...plain, advise: () => [''] })).toEqual(['advises in sentences, if at all']);
  });
});
