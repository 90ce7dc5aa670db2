import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { declared } from './manifest.ts';

const folder = mkdtempSync(path.join(tmpdir(), 'rvrrpd-kit-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** A `package.json` with this manifest. */
function packageJson(rvrrpd: unknown): string {
  const file = path.join(folder, 'package.json');
  writeFileSync(file, JSON.stringify({ name: 'rvrrpd-plugin-x', rvrrpd }));
  return file;
}

test('what the manifest says need not be told', () => {
  const driver = packageJson({ api: '^1', kind: 'netdrv', names: ['x', 'y'], provides: ['route-mtu'] });
  expect(declared('netdrv', { manifest: driver })).toEqual({ name: 'x', provides: ['route-mtu'], needs: [] });
  const type = packageJson({ api: '^1', kind: 'iftype', names: ['x'], needs: ['route-mtu'] });
  expect(declared('iftype', { manifest: type }).needs).toEqual(['route-mtu']);
  writeFileSync(path.join(folder, 'schema.json'), '{"type":"object"}');
  const protocol = packageJson({ api: '^1', kind: 'protocol', names: ['x'], configSchema: './schema.json' });
  for (const manifest of [protocol, pathToFileURL(protocol)]) {
    expect(declared('protocol', { manifest }).schema).toEqual({ type: 'object' });
  }
});

test('what is told comes first, and is enough: kits of plugin API 1.0 were told all', () => {
  const manifest = packageJson({ api: '^1', kind: 'netdrv', names: ['x', 'y'], provides: ['route-mtu'] });
  expect(declared('netdrv', { manifest, name: 'y', provides: [] })).toEqual({
    ...{ name: 'y', provides: [], needs: [] },
  });
  expect(declared('iftype', { name: 'z', needs: ['route-mtu'] })).toEqual({
    ...{ name: 'z', provides: [], needs: ['route-mtu'] },
  });
});

test('a manifest that is none is refused, and the file named', () => {
  const refusal = (manifest: unknown) => () => declared('auth', { manifest: packageJson(manifest) });
  expect(refusal(undefined)).toThrow(`${folder}/package.json: has no field "rvrrpd", the plugin's manifest`);
  expect(refusal({ kind: 'filter', names: ['x'] })).toThrow('rvrrpd.kind is "filter", not "auth"');
  expect(refusal({ kind: 'auth', names: [] })).toThrow(
    'rvrrpd.names must be an array of words, one at least',
  );
  expect(() => declared('auth', {})).toThrow("say `manifest`, the plugin's package.json, or `name`");
});
