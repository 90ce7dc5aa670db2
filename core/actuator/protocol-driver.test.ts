import { describe, expect, test } from 'vitest';
import type { KernelResource, PluginKind } from '../plugin/contracts/index.ts';
import type { ResolvedPlugin } from '../threads/resolved-plugins.ts';
import { chooseProtocolDriver } from './protocol-driver.ts';

const plugin = (kind: PluginKind, name: string, provides: readonly string[]): ResolvedPlugin => ({
  ...{ package: `p-${name}`, version: '1.0.0', kind, names: [name], default: false },
  ...{ provides, needs: [], entry: '/index.js', options: {} },
});
const plugins = [
  plugin('iftype', 'decoy', ['route-mtu', 'route-metric']),
  plugin('netdrv', 'plain', []),
  plugin('netdrv', 'half', ['route-mtu']),
  plugin('netdrv', 'full', ['route-mtu', 'route-metric', 'ipv6']),
];
const route = (more: object = {}): KernelResource => ({
  ...{ kind: 'route', family: 4, destination: '0.0.0.0', prefixLength: 0, gateway: '10.0.0.1' },
  ...more,
});

describe('the driver of [protocols]', () => {
  test("is the first virtual router's, whatever the others have", () => {
    expect(chooseProtocolDriver([route({ metric: 32766 })], ['plain', 'full'], plugins)).toEqual({
      name: 'plain',
    });
    expect(chooseProtocolDriver([], ['plain'], plugins)).toEqual({ name: 'plain' });
  });

  test('is another one if that cannot do it, with a notice', () => {
    expect(chooseProtocolDriver([route(), route({ mtu: 1400 })], ['plain'], plugins)).toEqual({
      name: 'half',
      notice: '"half" is used instead of "plain": [protocols] needs "route-mtu"',
    });
    expect(chooseProtocolDriver([route({ metric: 32767 })], ['plain'], plugins).name).toBe('full');
    expect(chooseProtocolDriver([route({ family: 6 })], ['half'], plugins).name).toBe('full');
  });

  test('is one that is in use, if that can do it', () => {
    expect(chooseProtocolDriver([route({ mtu: 1400 })], ['plain', 'full'], plugins).name).toBe('full');
  });

  test('none: says what is missing', () => {
    const both = route({ mtu: 1400, metric: 40000 });
    expect(() => chooseProtocolDriver([both], ['plain'], plugins.slice(0, 3))).toThrow(
      '[protocols] needs "route-mtu", "route-metric", which no installed network driver provides',
    );
  });
});
