import { iftypeCompliance } from 'rvrrpd/plugin';
import { test } from 'vitest';
import plugin from '../src/index.ts';

iftypeCompliance({
  test,
  plugin,
  manifest: new URL('../package.json', import.meta.url),
});
