import { expect, it } from 'vitest';
import { FLAVOURS, type Flavour } from './lab/flavour.ts';
import { forge } from './lab/forge.ts';
import { Injector } from './lab/injector.ts';
import { withLab } from './lab/lab.ts';
import { describeSystem } from './lab/requirements.ts';
import { Rvrrpd } from './lab/rvrrpd.ts';
import { twoRouters } from './lab/two-routers.ts';

// Another group with our VRID on the link: RFC 3768 §7.1, and what `address_check` makes of it.

const VRID = 7;
/** By number: ours, and another group's; the interface's own is the client's. */
const [FIRST, SECOND, OTHER, OWN] = [1, 11, 200, 100];

type Check = 'any' | 'all' | 'none' | undefined;

/** Who is obeyed, for each `address_check`, by a Master of FIRST and SECOND. */
const CASES: readonly (readonly [
  check: Check,
  what: string,
  lists: readonly number[],
  priority: number,
  obeyed: boolean,
])[] = [
  [undefined, 'another group', [OTHER], 254, false],
  [undefined, 'another group whose interface addresses are listed', [OTHER, OWN], 254, false],
  [undefined, 'one of our addresses', [SECOND], 254, true],
  [undefined, 'our addresses, then the interface’s', [FIRST, SECOND, OWN], 254, true],
  [undefined, 'our addresses in another order', [SECOND, FIRST], 254, true],
  [undefined, 'one of ours among others', [OTHER, OWN, FIRST], 254, true],
  [undefined, 'an address owner of another group', [OTHER], 255, true],
  ['any', 'another group', [OTHER], 254, false],
  ['all', 'one of our addresses', [FIRST], 254, false],
  ['all', 'our addresses, then the interface’s', [SECOND, FIRST, OWN], 254, true],
  ['none', 'another group', [OTHER], 254, true],
];

/** A link-local address that another group has configured. */
const FOREIGN = 'fe80::99';

/** What lists of others begin with: of IPv6 with a link-local address, made of the VRID like ours, or configured. */
function beginnings(flavour: Flavour): string[][] {
  return flavour.family === 4 ? [[]] : [flavour.vips(VRID), [FOREIGN]];
}

for (const flavour of FLAVOURS) {
  for (const beginning of beginnings(flavour)) {
    const behind = beginning.map((address) => `, lists begin with ${address}`).join('');
    describeSystem(`another group with our VRID: ${flavour.name}${behind}`, () => {
      it.concurrent.each(CASES)('address_check = %s: %s', (check, _what, numbers, priority, obeyed) =>
        withLab(async (lab) => {
          const { r1, client, wire } = await twoRouters(lab, flavour.network(VRID));
          const table = flavour.router(VRID, [FIRST, SECOND], { priority: 100 });
          const master = Rvrrpd.start(lab, r1, [{ ...table, ...(check && { address_check: check }) }]);
          const injector = await Injector.start(client, 'lan');
          await wire.soleMaster(VRID, flavour.r1);
          const isComplete = numbers.includes(FIRST) && numbers.includes(SECOND);
          const listed = [...(isComplete ? flavour.vips(VRID) : beginning), ...numbers.map(flavour.address)];
          await injector.send(forge(flavour.advert(VRID, [], { priority, addresses: listed })));
          const { state, counters } = (await master.counters()).routers[0]!;
          expect(state).toBe(obeyed ? 'Backup' : 'Master');
          expect(counters.dropped).toEqual(obeyed ? {} : { 'address-list': 1 });
          if (obeyed) return;
          const line = master.log().find(({ reason }) => reason === 'address-list');
          const ours = flavour.vips(VRID, FIRST, SECOND).join(', ');
          expect(line).toMatchObject({ listed: listed.join(', '), ours });
        }),
      );
    });
  }
}
