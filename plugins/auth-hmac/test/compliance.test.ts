import { authTrailerCompliance } from 'rvrrpd/plugin';
import { test } from 'vitest';
import plugin from '../src/index.ts';
import { KEY_1 } from './stage.ts';

authTrailerCompliance({
  test,
  plugin,
  manifest: new URL('../package.json', import.meta.url),
  directives: { keys: { 1: KEY_1 }, mode: 'enforce', anti_replay: 'time' },
  vectors: [
    {
      router: { group: 51, version: 3, family: 4 },
      time: 0x68000000 * 1000 + 500,
      source: 'c633640a',
      message: '3133c80100644402c0000264',
      trailer: '0101000068000000800000001b84bc4e8e43892dc6d98448f8ee2265',
    },
    {
      router: { group: 51, version: 3, family: 6 },
      time: 0x68000000 * 1000 + 500,
      source: 'fe800000000000000000000000000010',
      message: '3133c8010064a2e9fe800000000000000000000000000100',
      trailer: '010100006800000080000000c8c56146ebfd66ee10ec4d8186461b78',
    },
  ],
});
