import path from 'node:path';
import { expect, it } from 'vitest';
import { withLab } from './lab/lab.ts';
import { describeSystem } from './lab/requirements.ts';
import { Rvrrpd, writeConfiguration } from './lab/rvrrpd.ts';
import { twoRouters, VIP } from './lab/two-routers.ts';
import { eventually, sleep } from './lab/wait.ts';

/** Prints each datagram that arrives as JSON. */
const RECEIVER = `
import json, socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
print('"bound"', flush=True)
while True: print(json.dumps(s.recv(65536).decode()), flush=True)
`;

describeSystem('the watchdog of the service manager', () => {
  it.concurrent('is fed while the daemon runs, and not while it stands still', () =>
    withLab(async (lab) => {
      const { r1 } = await twoRouters(lab);
      const file = writeConfiguration(lab, r1, [{ group: 1, interface: 'lan', vip: VIP }]);
      const address = path.join(lab.folder, 'notify');
      const receiver = r1.start('python3', ['-c', RECEIVER, address]);
      await receiver.waitForOutput(/"bound"/);
      // Its process is `ip`'s, which becomes the daemon: WATCHDOG_PID would have to be known before.
      const env = { NOTIFY_SOCKET: address, WATCHDOG_USEC: '900000' };
      const daemon = Rvrrpd.startWith(r1, file, { env });
      const fed = (): number =>
        receiver.stdout.split('\n').filter((line) => line === '"WATCHDOG=1\\n"').length;
      await eventually('the watchdog to be fed', 30_000, () => fed() >= 3);
      daemon.running.signal('SIGSTOP');
      await sleep(200);
      const before = fed();
      await sleep(1200);
      expect(fed()).toBe(before);
      daemon.running.signal('SIGCONT');
      await eventually('the watchdog to be fed again', 30_000, () => fed() >= before + 3);
      await daemon.stop('SIGTERM', 20_000);
    }));

  it.concurrent('is another process’s affair if it names one', () =>
    withLab(async (lab) => {
      const { r1 } = await twoRouters(lab);
      const file = writeConfiguration(lab, r1, [{ group: 1, interface: 'lan', vip: VIP }]);
      const address = path.join(lab.folder, 'notify');
      const receiver = r1.start('python3', ['-c', RECEIVER, address]);
      await receiver.waitForOutput(/"bound"/);
      const env = { NOTIFY_SOCKET: address, WATCHDOG_USEC: '300000', WATCHDOG_PID: '1' };
      const daemon = Rvrrpd.startWith(r1, file, { env });
      await receiver.waitForOutput(/READY=1/, 30_000);
      await sleep(1000);
      await daemon.stop('SIGTERM', 20_000);
      expect(receiver.stdout).not.toContain('WATCHDOG');
    }));
});
