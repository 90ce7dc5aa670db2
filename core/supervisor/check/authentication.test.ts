import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { interpret } from '../../config/interpret.ts';
import { parseDocument } from '../../config/parse.ts';
import type { ResolvedPlugin } from '../../threads/resolved-plugins.ts';
import { foreseeAuthentication } from './authentication.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'rvrrpd-foresee-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** A plugin of the core's contract, whose `create` is this. */
function plugin(name: string, create: string, placement?: 'trailer'): ResolvedPlugin {
  const entry = path.join(folder, `${name}.mjs`);
  const place = placement === undefined ? '' : `placement: '${placement}', `;
  writeFileSync(entry, `export default { kind: 'auth', ${place}create(context, told) { ${create} } };\n`);
  return {
    ...{ package: `rvrrpd-plugin-${name}`, version: '1.0.0', kind: 'auth', names: [name], default: false },
    ...{ provides: [], needs: [], entry, options: {} },
    ...(placement && { placement }),
  };
}

/** Looks at virtual routers with these `auth_type`s; the second table begins in line 6. */
function look(plugins: readonly ResolvedPlugin[], ...types: readonly (string | undefined)[]) {
  const tables = types.map(
    (_, at) => `[[vrouter]]\ngroup = ${at + 1}\ninterface = "eth0"\nvip = "10.0.0.${at + 1}"\n`,
  );
  const { config } = interpret(parseDocument('f', tables.join('\n')).document!);
  const routerPlugins = types.map((auth) => ({ netdrv: 'n', iftype: 'i', ...(auth && { auth }) }));
  return foreseeAuthentication({ config, plugins, routerPlugins });
}

const FINE = 'return { authType: 1, sign() {}, verify: () => true };';
const TRAILER = 'return { length: 28, sends: true, requires: true, sign() {}, verify: () => "genuine" };';

test('nothing is said where all is well, and of plugins that nobody uses', async () => {
  const plugins = [
    plugin('fine', FINE),
    plugin('trailer', `told.memory.bytes[0] = told.clock.wall(); ${TRAILER}`, 'trailer'),
    plugin('broken', 'throw new Error("broken")'),
  ];
  expect(await look(plugins, undefined, 'fine', 'trailer')).toEqual({ errors: [], warnings: [] });
});

test('what the start is refused for is told with its line, each thing once', async () => {
  const wrong = 'throw Object.assign(new Error("/k cannot be read"), { directive: "keys.1" });';
  const plugins = [plugin('trailer', wrong, 'trailer'), plugin('data', 'throw new Error("too short")')];
  expect((await look(plugins, undefined, 'trailer', 'data', 'data')).errors).toEqual([
    'plugin rvrrpd-plugin-trailer 1.0.0 (kind auth): create failed: f:6: vrouter.auth.keys.1: /k cannot be read',
    'plugin rvrrpd-plugin-data 1.0.0 (kind auth): create failed: too short',
  ]);
});

test('so is what a plugin warns of, and one that cannot be loaded', async () => {
  const warns = plugin('warns', `context.log('warn', 'chmod it'); context.log('info', 'hello'); ${FINE}`);
  const gone = { ...plugin('gone', FINE), entry: path.join(folder, 'nowhere.mjs') };
  const { errors, warnings } = await look([warns, gone], 'warns', 'gone');
  expect(warnings).toEqual(['rvrrpd-plugin-warns: chmod it']);
  expect(errors).toEqual([expect.stringMatching(/nowhere\.mjs does not exist/)]);
});
