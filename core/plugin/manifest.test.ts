import { describe, expect, test } from 'vitest';
import { formatIssue } from '../config/issues.ts';
import { parseDocument } from '../config/parse.ts';
import { PLUGIN_KINDS } from './kinds.ts';
import { checkManifest, PLUGIN_API_VERSION } from './manifest.ts';

function check(manifest: unknown) {
  const text = JSON.stringify({ name: 'p', version: '1.0.0', rvrrpd: manifest }, undefined, 1);
  return checkManifest(parseDocument('p/package.json', text).document!, 'p 1.0.0');
}

const faults = (manifest: unknown): string[] => check(manifest).issues.map(formatIssue);
const good = { api: '^1.0.0', kind: 'auth', names: ['x'] };

describe('a manifest', () => {
  test.each([
    good,
    { ...good, default: true },
    { ...good, names: ['x', 'y'], default: false, optionsSchema: 'options.json' },
    ...PLUGIN_KINDS.map((kind) => ({ ...good, kind })),
    { ...good, kind: 'netdrv', provides: ['links'] },
    { ...good, kind: 'iftype', needs: [] },
    { ...good, kind: 'protocol', configSchema: './schema.json' },
    { ...good, placement: 'data' },
    { ...good, placement: 'trailer', configSchema: './schema.json' },
    ...['1', '1.x', '>=1.0.0 <3', '*', '0.9 || 1'].map((api) => ({ ...good, api })),
  ])('%j', (manifest) => {
    expect(check(manifest)).toEqual({ manifest, issues: [] });
  });

  test.each([
    [
      { ...good, api: '^2.0.0' },
      '5: rvrrpd.api = "^2.0.0": this rvrrpd has plugin API 1.1.0, which is not in the plugin\'s range: install a ' +
        'newer rvrrpd, or an older version of the plugin (plugin p 1.0.0)',
    ],
    [
      { ...good, api: '^0.9.0' },
      '5: rvrrpd.api = "^0.9.0": this rvrrpd has plugin API 1.1.0, which is not in the plugin\'s range: install a ' +
        'newer version of the plugin (plugin p 1.0.0)',
    ],
    [
      { ...good, api: 'new' },
      '5: rvrrpd.api = "new": must be a semver range such as "^1.1.0" (plugin p 1.0.0)',
    ],
    [{ ...good, api: 1 }, '5: rvrrpd.api = 1: must be a semver range such as "^1.1.0" (plugin p 1.0.0)'],
    [
      { ...good, kind: 'driver' },
      `6: rvrrpd.kind = "driver": must be one of ${PLUGIN_KINDS.map((kind) => JSON.stringify(kind)).join(', ')} ` +
        '(plugin p 1.0.0)',
    ],
    [
      { ...good, names: [] },
      '7: rvrrpd.names = []: must be an array of words, one at least (plugin p 1.0.0)',
    ],
    [
      { ...good, names: 'x' },
      '7: rvrrpd.names = "x": must be an array of words, one at least (plugin p 1.0.0)',
    ],
    [{ ...good, names: [''] }, '8: rvrrpd.names[0] = "": must be a word (plugin p 1.0.0)'],
    [{ ...good, default: 'yes' }, '10: rvrrpd.default = "yes": must be true or false (plugin p 1.0.0)'],
    [
      { ...good, defualt: true },
      '10: rvrrpd.defualt: unknown directive, did you mean "default"? (plugin p 1.0.0)',
    ],
    [
      { ...good, provides: ['links'] },
      '10: rvrrpd.provides = [ "links" ]: is only for plugins of kind netdrv, this one is auth (plugin p 1.0.0)',
    ],
    [
      { ...good, needs: [] },
      '10: rvrrpd.needs = []: is only for plugins of kind iftype, this one is auth (plugin p 1.0.0)',
    ],
    [
      { ...good, configSchema: 'x' },
      '10: rvrrpd.configSchema = "x": needs "placement": "trailer": what is in the authentication data has a secret ' +
        'alone (plugin p 1.0.0)',
    ],
    [
      { ...good, kind: 'filter', configSchema: 'x' },
      '10: rvrrpd.configSchema = "x": is only for plugins of kind auth, protocol, track and notify, this one is filter (plugin p 1.0.0)',
    ],
    [
      { ...good, placement: 'front' },
      '10: rvrrpd.placement = "front": must be "data" or "trailer" (plugin p 1.0.0)',
    ],
    [
      { api: '1', kind: 'auth' },
      '4: rvrrpd.names: is missing: must be an array of words, one at least (plugin p 1.0.0)',
    ],
    ['auth', '4: rvrrpd = "auth": must be an object: the plugin’s manifest (plugin p 1.0.0)'],
  ])('not %j', (manifest, fault) => {
    expect(faults(manifest)).toEqual([`p/package.json:${fault}`]);
    expect(check(manifest).manifest).toBeUndefined();
  });

  test('everything that is wrong with it at once', () => {
    expect(faults({ kind: 1, names: [2] })).toHaveLength(3);
    expect(faults({ ...good, api: '^2', needs: [], configSchema: 'x' })).toHaveLength(3);
  });
});

test('the API version is a version', () => {
  expect(PLUGIN_API_VERSION).toMatch(/^\d+\.\d+\.\d+$/);
});
