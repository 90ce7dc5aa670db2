import { expect, it } from 'vitest';
import { FLAVOURS } from './lab/flavour.ts';
import type { Host } from './lab/host.ts';
import { withLab } from './lab/lab.ts';
import { describeSystem } from './lab/requirements.ts';
import { Rvrrpd, writeConfiguration } from './lab/rvrrpd.ts';
import { BEYOND, BEYOND6, twoRouters } from './lab/two-routers.ts';
import { eventually } from './lab/wait.ts';

// Accept_Mode (RFC 9568 §6.1): whether a Master takes what is addressed to a virtual address that is not its own.

const VRID = 7;
const NUMBER = 1;

async function answers(client: Host, address: string): Promise<boolean> {
  const output = await client.run('sh', '-c', `ping -n -c 2 -i 0.2 -W 1 ${address} || true`);
  return / bytes from /.test(output);
}

describeSystem('accept', () => {
  for (const flavour of FLAVOURS) {
    for (const iftype of ['macvlan', 'ether']) {
      it.concurrent(`${flavour.name}, ${iftype}: false: found and passed through, but not answering; true after a reload; back, and after a crash`, () =>
        withLab(async (lab) => {
          const { r1, client, wire } = await twoRouters(lab, flavour.network(VRID));
          const address = flavour.address(NUMBER);
          const beyond = flavour.family === 4 ? BEYOND : BEYOND6;
          const table = (accept: boolean) => [
            flavour.router(VRID, [NUMBER], { priority: 200, iftype, netdrv: 'libnl', accept }),
          ];
          const daemon = Rvrrpd.start(lab, r1, table(false));
          await wire.soleMaster(VRID, flavour.r1);
          await eventually('the way through it', 10_000, () => answers(client, beyond));
          expect(await answers(client, address)).toBe(false);
          expect(await client.run('ip', 'neigh', 'show', 'to', address)).toMatch(/lladdr/);
          expect(await answers(r1, address)).toBe(true); // itself

          writeConfiguration(lab, r1, table(true));
          await daemon.reload();
          await eventually('an answer', 10_000, () => answers(client, address));
          writeConfiguration(lab, r1, table(false));
          await daemon.reload();
          await eventually('no answer', 10_000, async () => !(await answers(client, address)));

          await daemon.kill();
          const next = Rvrrpd.start(lab, r1, table(false));
          await eventually('a second Master', 30_000, () => next.log().some(({ to }) => to === 'Master'));
          await eventually('the way through it', 10_000, () => answers(client, beyond));
          expect(await answers(client, address)).toBe(false);
          await next.stop();
          // The address by hand: nothing guards it any more.
          await r1.run(
            'ip',
            'addr',
            'add',
            address,
            'dev',
            'lan',
            ...(flavour.family === 6 ? ['nodad'] : []),
          );
          await client.run('ip', 'neigh', 'flush', 'dev', 'lan');
          await eventually('an answer', 10_000, () => answers(client, address));
        }));
    }
  }
});
