import { describe, expect, test } from 'vitest';
import { interpret } from '../config/interpret.ts';
import { parseDocument } from '../config/parse.ts';
import type { PluginKind } from './contracts/index.ts';
import type { AvailablePlugin } from './discover.ts';
import { listPlugins } from './listing.ts';
import { resolvePlugins } from './resolve.ts';

function plugin(name: string, kind: PluginKind, names: string[], configured = false): AvailablePlugin {
  const rest = { default: false, provides: [], needs: [], entry: '/index.js', options: {} };
  return {
    folder: `/node_modules/${name}`,
    resolved: { package: name, version: '1.0.0', kind, names, ...rest },
    ...(configured ? { path: ['plugins', name] } : {}),
  };
}

const available = [
  plugin('mine', 'auth', ['word'], true),
  plugin('words', 'auth', ['word', 'mot']),
  plugin('sieve', 'filter', ['sieve']),
  plugin('basic', 'netdrv', ['basic']),
  plugin('other', 'netdrv', ['other']),
  plugin('plain', 'iftype', ['plain']),
  plugin('routes', 'protocol', ['routes']),
  plugin('web', 'api', ['web']),
];

/** Packages in use with this configuration. */
function used(content: string): string[] {
  const { document } = parseDocument('f', content);
  const resolution = resolvePlugins(interpret(document!).config, document!, available);
  return listPlugins(available, resolution)
    .filter(({ inUse }) => inUse)
    .map((listing) => listing.package);
}

const router = '[[vrouter]]\ngroup = 1\ninterface = "eth0"\nvip = "10.0.0.1"\n';

describe('listPlugins', () => {
  test('what a router uses without being told', () => {
    expect(used(`${router}socket_filter = true\n`)).toEqual(['sieve', 'basic', 'plain']);
  });

  test('what the configuration names', () => {
    expect(
      used(`client_api = "web"\n${router}netdrv = "other"\nauth_type = "mot"\nauth_secret = "x"\n`),
    ).toEqual(expect.arrayContaining(['words', 'other', 'plain', 'web']));
    expect(used(`${router}[[protocols.routes]]\nx = 1\n`)).toContain('routes');
  });

  test('a built-in plugin whose name another one has taken is not in use', () => {
    const packages = used(`${router}auth_type = "word"\nauth_secret = "x"\n`);
    expect(packages).toContain('mine');
    expect(packages).not.toContain('words');
  });

  test('without a configuration nothing is in use', () => {
    const listings = listPlugins(available);
    expect(listings[0]).toEqual({
      ...{ package: 'mine', version: '1.0.0', kind: 'auth', names: ['word'] },
      ...{ origin: 'configuration', inUse: false },
    });
    expect(listings.map(({ origin }) => origin).slice(1)).toEqual(Array(7).fill('built-in'));
    expect(listings.every(({ inUse }) => !inUse)).toBe(true);
  });
});
