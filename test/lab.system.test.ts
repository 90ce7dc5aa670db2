import { existsSync } from 'node:fs';
import { expect, it } from 'vitest';
import { crashReturnEnd } from './failover/scenarios.ts';
import { leftoverNamespaces } from './lab/cleanup.ts';
import { V3, V3_IPV6 } from './lab/flavour.ts';
import { Keepalived } from './lab/keepalived.ts';
import { Lab, withLab } from './lab/lab.ts';
import { Ping } from './lab/ping.ts';
import { describeSystem } from './lab/requirements.ts';
import { snapshot } from './lab/snapshot.ts';
import { tsharkVerdict } from './lab/tshark.ts';
import { R1, R2, R2_TTL, twoRouters, VIP } from './lab/two-routers.ts';
import { eventually } from './lab/wait.ts';

// The lab itself, with keepalived on both sides: what the other system tests stand on.
describeSystem('the lab', () => {
  it('shows a failover between two keepalived, and leaves nothing behind', async () => {
    const folder = await withLab(async (lab) => {
      const { r1, r2, client, wire } = await twoRouters(lab);
      const instance = { interface: 'lan', vrid: 7, vips: [`${VIP}/24`] };
      const before = await snapshot(r2);
      const first = Keepalived.start(lab, r1, [{ ...instance, priority: 200 }]);
      const second = Keepalived.start(lab, r2, [{ ...instance, priority: 100 }]);
      await wire.soleMaster(7, R1);
      const ping = Ping.start(client, VIP);
      await eventually('a reply', 5000, () => ping.replies().length > 0);
      await first.kill();
      await wire.soleMaster(7, R2);
      await eventually('a reply from r2', 5000, () => ping.replies().some(({ ttl }) => ttl === R2_TTL));
      expect(await snapshot(r2)).not.toEqual(before);
      await second.stop();
      expect(await snapshot(r2)).toEqual(before);
      const verdict = await tsharkVerdict(wire.file);
      expect(verdict.decoded).toBe(wire.adverts().length);
      expect(verdict.complaints).toEqual([]);
      return lab.folder;
    });
    expect(existsSync(folder)).toBe(false);
    expect(leftoverNamespaces()).toEqual([]);
  });

  it.concurrent('shows keepalived and FRR over IPv4', crashReturnEnd(V3, ['keepalived', 'frr']));
  it.concurrent('shows FRR and keepalived over IPv4', crashReturnEnd(V3, ['frr', 'keepalived']));
  it.concurrent('shows FRR and keepalived over IPv6', crashReturnEnd(V3_IPV6, ['frr', 'keepalived']));
  it.concurrent('shows keepalived and FRR over IPv6', crashReturnEnd(V3_IPV6, ['keepalived', 'frr']));

  it('is taken down when a test fails', async () => {
    const lab = new Lab();
    await lab.host('a');
    await lab.host('b').then((host) => host.start('sleep', ['1000']));
    expect(leftoverNamespaces()).toHaveLength(2);
    await lab.close();
    expect(leftoverNamespaces()).toEqual([]);
  });
});
