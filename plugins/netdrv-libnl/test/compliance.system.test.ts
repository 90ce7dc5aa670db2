/** The compliance kit against the driver, in a network namespace. Needs root. */

import { netdrvCompliance } from 'rvrrpd/plugin';
import { afterAll, test } from 'vitest';
import { Bundle } from '../../../test/actuator/lab.ts';
import { RemoteDrivers } from '../../../test/netdrv/remote.ts';

const bundle = await Bundle.make();
const remote = await RemoteDrivers.start(bundle, 'libnl');
afterAll(async () => {
  await remote.takeDown();
  bundle.takeDown();
});

netdrvCompliance({
  test,
  plugin: remote.plugin,
  manifest: new URL('../package.json', import.meta.url),
  run: (command) => remote.netns.run(command),
});
