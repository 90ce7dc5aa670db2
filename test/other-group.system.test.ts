import { expect, it } from 'vitest';
import { type ForgedAdvert, forge } from './lab/forge.ts';
import { Injector } from './lab/injector.ts';
import { withLab } from './lab/lab.ts';
import { describeSystem } from './lab/requirements.ts';
import { Rvrrpd } from './lab/rvrrpd.ts';
import { CLIENT, R1, twoRouters, VIP } from './lab/two-routers.ts';

// Another group with our VRID on the link: RFC 3768 §7.1, and what `address_check` makes of it.

const VRID = 7;
const SECOND = '10.0.0.11';
const OTHER = '10.0.0.200';

type Check = 'any' | 'all' | 'none' | undefined;

/** Who is obeyed, for each `address_check`, by a Master of VIP and SECOND. */
const CASES: readonly (readonly [
  check: Check,
  what: string,
  lists: Partial<ForgedAdvert>,
  obeyed: boolean,
])[] = [
  [undefined, 'another group', { addresses: [OTHER] }, false],
  [undefined, 'another group whose interface addresses are listed', { addresses: [OTHER, CLIENT] }, false],
  [undefined, 'one of our addresses', { addresses: [SECOND] }, true],
  [undefined, 'our addresses, then the interface’s', { addresses: [VIP, SECOND, CLIENT] }, true],
  [undefined, 'our addresses in another order', { addresses: [SECOND, VIP] }, true],
  [undefined, 'one of ours among others', { addresses: [OTHER, CLIENT, VIP] }, true],
  [undefined, 'an address owner of another group', { addresses: [OTHER], priority: 255 }, true],
  ['any', 'another group', { addresses: [OTHER] }, false],
  ['all', 'one of our addresses', { addresses: [VIP] }, false],
  ['all', 'our addresses, then the interface’s', { addresses: [SECOND, VIP, CLIENT] }, true],
  ['none', 'another group', { addresses: [OTHER] }, true],
];

describeSystem('another group with our VRID', () => {
  it.concurrent.each(CASES)('address_check = %s: %s', (check, _what, lists, obeyed) =>
    withLab(async (lab) => {
      const { r1, client, wire } = await twoRouters(lab);
      const vrouter = { group: VRID, interface: 'lan', vip: [VIP, SECOND], priority: 100 };
      const master = Rvrrpd.start(lab, r1, [{ ...vrouter, ...(check && { address_check: check }) }]);
      const injector = await Injector.start(client, 'lan');
      await wire.soleMaster(VRID, R1);
      await injector.send(forge({ vrid: VRID, source: CLIENT, priority: 254, addresses: [VIP], ...lists }));
      const { state, counters } = (await master.counters()).routers[0]!;
      expect(state).toBe(obeyed ? 'Backup' : 'Master');
      expect(counters.dropped).toEqual(obeyed ? {} : { 'address-list': 1 });
      if (obeyed) return;
      const line = master.log().find(({ reason }) => reason === 'address-list');
      expect(line).toMatchObject({ listed: lists.addresses?.join(', '), ours: `${VIP}, ${SECOND}` });
    }),
  );
});
