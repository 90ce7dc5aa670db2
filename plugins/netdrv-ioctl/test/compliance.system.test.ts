/** The compliance kit against the driver, in a network namespace. Needs root. */

import type { DriverCapability } from 'rvrrpd/plugin';
import { netdrvCompliance } from 'rvrrpd/plugin';
import { afterAll, test } from 'vitest';
import { Bundle } from '../../../test/actuator/lab.ts';
import { RemoteDrivers } from '../../../test/netdrv/remote.ts';
import manifest from '../package.json' with { type: 'json' };

const bundle = await Bundle.make();
const remote = await RemoteDrivers.start(bundle, 'ioctl');
afterAll(async () => {
  await remote.takeDown();
  bundle.takeDown();
});

netdrvCompliance({
  test,
  plugin: remote.plugin,
  name: 'ioctl',
  provides: manifest.rvrrpd.provides as DriverCapability[],
  run: (command) => remote.netns.run(command),
});
