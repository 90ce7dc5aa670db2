import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { authCompliance } from 'rvrrpd/plugin';
import plugin from '../index.js';

const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));

for (const name of manifest.rvrrpd.names) {
  authCompliance({
    test,
    plugin,
    name,
    authType: 230,
    integrity: true,
    vectors: [
      // What it made once it must make for ever: routers with another version are its peers.
      { secret: 'secret', message: '21076402e601dbb2c0000201c0000202db8ad81d36214b73' },
    ],
  });
}

test('a reload does not forget what was refused', () => {
  const context = { name: 'example-hmac-sha512', options: {}, log: () => {} };
  const create = () => plugin.create(context, new TextEncoder().encode('secret'));
  const before = create();
  assert.equal(before.verify(new Uint8Array(16), 0, 8), false);
  const after = create();
  after.importState?.(structuredClone(before.exportState?.()));
  assert.deepEqual(after.exportState?.(), { refused: 1 });
});
