import { describe, expect, test } from 'vitest';
import { interpret } from '../config/interpret.ts';
import { formatIssue } from '../config/issues.ts';
import { parseDocument } from '../config/parse.ts';
import type { SchemaNode } from '../config/schema.ts';
import type { ResolvedPlugin } from '../threads/resolved-plugins.ts';
import type { PluginKind } from './contracts/index.ts';
import type { AvailablePlugin } from './discover.ts';
import { resolvePlugins } from './resolve.ts';

/** A plugin `p-<name> 1.0.0`. */
function plugin(
  kind: PluginKind,
  name: string,
  more: Partial<ResolvedPlugin> = {},
  rest: Partial<AvailablePlugin> = {},
): AvailablePlugin {
  return {
    folder: '/',
    resolved: {
      package: `p-${name}`,
      version: '1.0.0',
      kind,
      names: [name],
      default: false,
      provides: [],
      needs: [],
      entry: '/index.js',
      options: {},
      ...more,
    },
    ...rest,
  };
}

const schema: SchemaNode = {
  type: 'object',
  required: ['to'],
  additionalProperties: false,
  properties: { to: { type: 'string', expected: 'a name' } },
};
const plain = plugin('iftype', 'plain', { default: true });
const fancy = plugin('iftype', 'fancy', { needs: ['tunnel'] });
const basic = plugin('netdrv', 'basic', { default: true });
const full = plugin('netdrv', 'full', { provides: ['tunnel'] });
const all = [
  plugin('auth', 'word', { names: ['word', 'mot'] }),
  plugin('filter', 'sieve'),
  plain,
  fancy,
  basic,
  full,
  plugin('protocol', 'routes', {}, { configSchema: schema }),
];

/** Resolves a file `f`. */
function resolve(content: string, available: readonly AvailablePlugin[] = all) {
  const { document } = parseDocument('f', content);
  const resolution = resolvePlugins(interpret(document!).config, document!, available);
  return {
    ...resolution,
    complaints: resolution.issues.map((issue) => `${issue.severity} ${formatIssue(issue).slice(2)}`),
  };
}

const router = (directives = '', group = 1) =>
  `[[vrouter]]\ngroup = ${group}\ninterface = "eth0"\nvip = "10.0.0.${group}"\n${directives}\n`;

describe('virtual routers', () => {
  test('without any name get the defaults', () => {
    const { routers, complaints } = resolve(router());
    expect(complaints).toEqual([]);
    expect(routers).toEqual([{ filter: 'sieve', netdrv: 'basic', iftype: 'plain' }]);
  });

  test('get what they name, aliases as they are written', () => {
    const { routers, complaints } = resolve(
      router(
        'auth_type = "mot"\nauth_secret = "x"\nnetdrv = "full"\niftype = "fancy"\nsocket_filter = false',
      ),
    );
    expect(complaints).toEqual([]);
    expect(routers).toEqual([{ auth: 'mot', netdrv: 'full', iftype: 'fancy' }]);
  });

  test('of the same choice share one object', () => {
    const { routers } = resolve(router() + router('netdrv = "full"', 2) + router('', 3));
    expect(routers[2]).toBe(routers[0]);
    expect(routers[1]).not.toBe(routers[0]);
  });

  test('need no filter', () => {
    const available = all.filter(({ resolved }) => resolved.kind !== 'filter');
    expect(resolve(router(), available)).toMatchObject({ routers: [{ netdrv: 'basic' }], complaints: [] });
  });

  test('a name that nobody answers to', () => {
    const advice = ': change it, or install a plugin that does and add it to [plugins]';
    const text = `${router('auth_type = "wrod"')}${router('netdrv = "other"\niftype = "fanci"', 2)}`;
    expect(resolve(text).complaints).toEqual([
      'error 5: vrouter[0].auth_type = "wrod": no plugin answers to auth_type "wrod" yet (there is "word", "mot"; ' +
        `did you mean "word"?)${advice}`,
      'error 11: vrouter[1].iftype = "fanci": no plugin answers to iftype "fanci" yet (there is "plain", "fancy"; ' +
        `did you mean "fancy"?)${advice}`,
      `error 10: vrouter[1].netdrv = "other": no plugin answers to netdrv "other" yet (there is "basic", "full")${advice}`,
    ]);
    expect(resolve(router('auth_type = "word"'), [plain, basic]).complaints).toEqual([
      `error 5: vrouter[0].auth_type = "word": no plugin answers to auth_type "word" yet${advice}`,
    ]);
  });

  test('a kind that is needed and not installed: once, not for each', () => {
    expect(resolve(router() + router('', 2), []).complaints).toEqual([
      'error 1: vrouter[0].iftype: is needed: no plugin of this kind is installed',
      'error 1: vrouter[0].netdrv: is needed: no plugin of this kind is installed',
    ]);
  });

  test('no default: the first one, with a notice', () => {
    const { routers, complaints } = resolve(router() + router('', 2), [
      fancy,
      full,
      plugin('netdrv', 'late'),
    ]);
    expect(routers).toEqual([
      { netdrv: 'full', iftype: 'fancy' },
      { netdrv: 'full', iftype: 'fancy' },
    ]);
    expect(complaints).toEqual([
      'notice 1: vrouter[0].iftype: is not configured: "fancy" (p-fancy 1.0.0) is used, as no plugin is the default',
      'notice 1: vrouter[0].netdrv: is not configured: "full" (p-full 1.0.0) is used, as no plugin is the default',
    ]);
  });
});

describe('an interface type that needs more than the driver can', () => {
  test('gets another driver: a warning if one was named, a notice if not', () => {
    const text = `${router('netdrv = "basic"\niftype = "fancy"')}${router('iftype = "fancy"', 2)}`;
    const { routers, complaints } = resolve(text);
    expect(routers.map(({ netdrv }) => netdrv)).toEqual(['full', 'full']);
    const what = '"full" (p-full 1.0.0) is used instead of "basic": iftype "fancy" needs "tunnel"';
    expect(complaints).toEqual([
      `warning 5: vrouter[0].netdrv = "basic": ${what}`,
      `notice 7: vrouter[1].netdrv: ${what}`,
    ]);
  });

  test('there is none', () => {
    expect(resolve(router('iftype = "fancy"'), [plain, fancy, basic]).complaints).toEqual([
      'error 1: vrouter[0].netdrv: iftype "fancy" needs "tunnel", which no installed network driver provides: ' +
        'install one that does',
    ]);
  });
});

describe('an interface name that leaves no room for labels', () => {
  const on = (name: string, directives = '') => router(directives).replace('eth0', name);
  const any = plugin('netdrv', 'any', { provides: ['unlabelled-address'] });

  test('gets a driver that needs none, with a notice', () => {
    const { routers, complaints } = resolve(on('enx001122334455'), [...all, any]);
    expect(routers[0]?.netdrv).toBe('any');
    expect(complaints).toEqual([
      'notice 1: vrouter[0].netdrv: "any" (p-any 1.0.0) is used instead of "basic": an interface name of more than ' +
        '12 characters needs "unlabelled-address"',
    ]);
    expect(resolve(on('enp0s31f6.90'), [...all, any])).toMatchObject({
      routers: [{ netdrv: 'basic' }],
      complaints: [],
    });
  });

  test('there is none', () => {
    expect(resolve(on('enx001122334455', 'netdrv = "basic"')).complaints).toEqual([
      'error 5: vrouter[0].netdrv = "basic": an interface name of more than 12 characters needs ' +
        '"unlabelled-address", which no installed network driver provides: install one that does',
    ]);
  });
});

describe('virtual interfaces', () => {
  const on = (name: string, directives: string) =>
    `[[vrouter]]\ngroup = 1\ninterface = "${name}"\nvip = "10.0.0.1"\n${directives}\n`;

  test('the default name collides where an interface is made', () => {
    expect(resolve(on('eth0', 'iftype = "fancy"') + on('eth1', 'iftype = "fancy"')).complaints).toContain(
      'error 6: vrouter[1].vifname: must be set: its default "standby1" is already the virtual interface of ' +
        'vrouter[0] (line 1)',
    );
    expect(resolve(on('eth0', '') + on('eth1', '')).complaints).toEqual([]);
  });

  test('a name that is set collides with a default', () => {
    const text =
      on('eth0', 'netdrv="full"\niftype = "fancy"') +
      on('eth1', 'netdrv="full"\niftype = "fancy"\nvifname = "standby1"');
    expect(resolve(text).complaints).toEqual([
      'error 13: vrouter[1].vifname = "standby1": must be another name: this one is already the virtual interface ' +
        'of vrouter[0] (line 1)',
    ]);
  });

  test('the default name is an interface that VRRP runs on', () => {
    expect(resolve(on('standby1', 'netdrv="full"\niftype = "fancy"')).complaints).toEqual([
      'error 1: vrouter[0].vifname: must be set: its default "standby1" is an interface that VRRP runs on',
    ]);
  });
});

describe('[protocols]', () => {
  test('entries are checked against their schema', () => {
    const { config, complaints } = resolve(`${router()}[[protocols.routes]]
to = "a"
[[protocols.routes]]
too = 1
[[protocols.routes]]
to = 2`);
    expect(complaints.sort()).toEqual([
      'error 11: protocols.routes[2].to = 2: must be a name',
      'error 8: protocols.routes[1].to: is missing: must be a name',
      'error 9: protocols.routes[1].too: unknown directive, did you mean "to"?',
    ]);
    expect(config.protocols.routes).toHaveLength(3);
  });

  test('one without a plugin is left out, with a warning', () => {
    const { config, complaints } = resolve(
      `${router()}[[protocols.route]]\nx = 1\n[[protocols.routes]]\nto = "a"`,
    );
    expect(complaints).toEqual([
      'warning 6: protocols.route: no plugin answers to protocol "route" yet (there is "routes"; did you mean ' +
        '"routes"?): its entries are ignored',
    ]);
    expect(config.protocols).toEqual({ routes: [{ to: 'a' }] });
  });
});

describe('the client API', () => {
  const rest = plugin('api', 'rest');

  test('is not started unless the file asks for it', () => {
    expect(resolve(router(), [...all, rest])).toMatchObject({ complaints: [] });
    expect(resolve(router(), [...all, rest]).api).toBeUndefined();
  });

  test.each([`client_api = "rest"\n${router()}`, `${router()}[api]\n`])('%j', (text) => {
    const { api, complaints } = resolve(text, [...all, rest]);
    expect(complaints).toEqual([]);
    expect(api).toMatchObject({ name: 'rest', plugin: { package: 'p-rest' } });
  });

  test('without a plugin is a warning: virtual routers start all the same', () => {
    expect(resolve(`client_api = "rest"\n${router()}`).complaints).toEqual([
      'warning 1: client_api = "rest": no plugin answers to client_api "rest" yet: the API is not started',
    ]);
    expect(resolve(`${router()}[api]\ntls = false`).complaints).toEqual([
      'warning 6: api: no plugin of kind api is installed: the API is not started',
    ]);
    expect(resolve(`client_api = "soap"\n${router()}`, [...all, rest]).complaints).toEqual([
      'warning 1: client_api = "soap": no plugin answers to client_api "soap" yet (there is "rest"): the API is not ' +
        'started',
    ]);
  });
});

describe('two plugins that answer to one name', () => {
  const file = `${router('auth_type = "word"\nauth_secret = "x"')}[plugins]\n"./a" = "*"\n"./b" = "*"`;
  const mine = (path: string) =>
    plugin('auth', 'word', { package: `mine-${path}` }, { path: ['plugins', path] });

  test('one of [plugins] comes before a built-in one', () => {
    const { routers, complaints } = resolve(file, [mine('./a'), ...all]);
    expect(routers[0]?.auth).toBe('word');
    expect(complaints).toEqual([
      'notice 8: plugins."./a" = "*": answers to auth "word" in place of the built-in p-word 1.0.0',
    ]);
  });

  test('two of [plugins] are an error', () => {
    const rest = all.filter(({ resolved }) => resolved.kind !== 'auth');
    expect(resolve(file, [mine('./a'), mine('./b'), ...rest]).complaints).toEqual([
      'error 9: plugins."./b" = "*": answers to auth "word", as does mine-./a 1.0.0: remove one of the two',
    ]);
  });

  test('a default of [plugins] comes before a built-in one', () => {
    const path = ['plugins', './a'];
    const own = plugin('iftype', 'own', { default: true }, { path });
    expect(resolve(router(), [own, ...all]).routers[0]?.iftype).toBe('own');
  });
});

describe('more than one virtual router of a group', () => {
  const on = (name: string, directives: string) =>
    `[[vrouter]]\ngroup = 1\ninterface = "${name}"\nvip = "10.0.0.1"\n${directives}\n`;

  describe('of both versions of a group', () => {
    const pair = (two: string, three: string) =>
      on('eth0', `netdrv="full"\n${two}`) + on('eth0', `version = 3\nnetdrv="full"\n${three}`);

    test('are one', () => {
      expect(resolve(pair('iftype = "fancy"', 'iftype = "fancy"')).complaints).toEqual([]);
      const named = 'iftype = "fancy"\nvifname = "gate"';
      expect(resolve(pair(named, named)).complaints).toEqual([]);
    });

    test('so they have one name, if one is made', () => {
      const shared = 'both versions of a group share one virtual MAC address';
      expect(resolve(pair('iftype = "fancy"', 'iftype = "fancy"\nvifname = "gate"')).complaints).toEqual([
        `error 14: vrouter[1].vifname = "gate": must be "standby1", as in vrouter[0] (line 1): ${shared}`,
      ]);
      expect(resolve(pair('', 'vifname = "gate"')).complaints).toEqual([]);
      expect(resolve(pair('', 'iftype = "fancy"')).complaints).toEqual([
        expect.stringMatching(
          /^error 13: vrouter\[1\]\.iftype = "fancy": must be ".*", as in vrouter\[0\]/,
        ) as string,
      ]);
    });
  });

  test('complaints about a router are about its table, which may stand for two', () => {
    const both = on('eth0', 'version = 3\nnetdrv="full"\niftype = "fancy"').replace(
      '"10.0.0.1"',
      '["10.0.0.1", "fe80::1"]',
    );
    const other = '[[vrouter]]\ngroup = 2\ninterface = "eth1"\nvip = "10.0.0.2"\niftype = "none"\n';
    expect(resolve(both + other).complaints).toContainEqual(
      expect.stringContaining('error 12: vrouter[1].iftype = "none"') as string,
    );
  });
});
