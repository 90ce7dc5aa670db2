import { expect, it } from 'vitest';
import { FLAVOURS, type Flavour } from './lab/flavour.ts';
import { forge } from './lab/forge.ts';
import { Injector } from './lab/injector.ts';
import { withLab } from './lab/lab.ts';
import { describeConcurrent } from './lab/requirements.ts';
import { Rvrrpd } from './lab/rvrrpd.ts';
import { twoRouters } from './lab/two-routers.ts';
import { eventually } from './lab/wait.ts';

// Another group with our VRID on the link: RFC 3768 §7.1, and what `address_check` makes of it. A virtual router for each
// case, all of one daemon.

/** By number: ours, and another group's; the interface's own is the client's. Ours go up with the VRID. */
const [FIRST, SECOND, OTHER, OWN] = [30, 60, 200, 100];

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

/** The numbers of a virtual router's addresses for those of the cases. */
function ofRouter(vrid: number, numbers: readonly number[]): number[] {
  return numbers.map((number) => (number === FIRST || number === SECOND ? number + vrid : number));
}

/** What an advertisement of a case lists. @param foreign it begins with another group's link-local address */
function listOf(flavour: Flavour, vrid: number, numbers: readonly number[], foreign: boolean): string[] {
  const isComplete = numbers.includes(FIRST) && numbers.includes(SECOND);
  const ours = flavour.vips(vrid);
  const beginning = flavour.family === 4 || isComplete || !foreign ? ours : [FOREIGN];
  return [...beginning, ...ofRouter(vrid, numbers).map(flavour.address)];
}

for (const flavour of FLAVOURS) {
  // Lists of IPv6 begin with a link-local address, made of the VRID like ours, or configured.
  for (const foreign of flavour.family === 4 ? [false] : [false, true]) {
    describeConcurrent(
      `another group with our VRID: ${flavour.name}${foreign ? `, ${FOREIGN} first` : ''}`,
      () => {
        it.concurrent('who is obeyed, for each address_check', () =>
          withLab(async (lab) => {
            const { r1, client, wire } = await twoRouters(lab, flavour.network(1));
            const cases = CASES.map(([check, what, numbers, priority, obeyed], index) => {
              const vrid = index + 1;
              const listed = listOf(flavour, vrid, numbers, foreign);
              return {
                name: `${vrid}: address_check = ${check}: ${what}`,
                check,
                vrid,
                priority,
                obeyed,
                listed,
              };
            });
            const master = Rvrrpd.start(
              lab,
              r1,
              cases.map(({ vrid, check }) =>
                flavour.router(vrid, ofRouter(vrid, [FIRST, SECOND]), {
                  ...{ priority: 100, ...(check && { address_check: check }) },
                }),
              ),
            );
            const injector = await Injector.start(client, 'lan');
            await Promise.all(cases.map(({ vrid }) => wire.soleMaster(vrid, flavour.r1, 30_000)));
            await injector.send(
              ...cases.map(({ vrid, priority, listed }) =>
                forge(flavour.advert(vrid, [], { priority, addresses: listed })),
              ),
            );
            const expected = cases.map(({ name, vrid, obeyed, listed }) => ({
              name,
              // That it was obeyed: nothing keeps it from being Master again soon.
              becameBackup: obeyed,
              dropped: obeyed ? {} : { 'address-list': 1 },
              told: obeyed
                ? []
                : [
                    {
                      listed: listed.join(', '),
                      ours: flavour.vips(vrid, ...ofRouter(vrid, [FIRST, SECOND])).join(', '),
                    },
                  ],
            }));
            await eventually('what comes of it', 20_000, async () => {
              const { routers } = await master.counters();
              const log = master.log();
              const found = cases.map(({ name, vrid }) => {
                const mine = log.filter(({ group }) => group === vrid);
                const told = mine.filter(({ reason }) => reason === 'address-list');
                return {
                  name,
                  becameBackup: mine.some(({ from, to }) => from === 'Master' && to === 'Backup'),
                  dropped: routers.find(({ group }) => group === vrid)?.counters.dropped,
                  told: told.map(({ listed, ours }) => ({ listed, ours })),
                };
              });
              expect(found).toEqual(expected);
              return true;
            });
          }));
      },
    );
  }
}
