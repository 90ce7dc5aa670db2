import { type DriverCapability, iftypeCompliance } from 'rvrrpd/plugin';
import { test } from 'vitest';
import manifest from '../package.json' with { type: 'json' };
import plugin from '../src/index.ts';

iftypeCompliance({
  test,
  plugin,
  name: 'macvlan',
  needs: manifest.rvrrpd.needs as DriverCapability[],
});
