import { describe, expect, it } from 'vitest';
import { assemble } from '../src/index.ts';
import { explainLoadFailure } from '../src/native.ts';

describe('a library that is missing', () => {
  it('names the Debian package and the alternative', () => {
    const error = new Error(
      'libnl-route-3.so.200: cannot open shared object file: No such file or directory\nRequire stack:\n- x',
    );
    expect(explainLoadFailure(error)).toBe(
      'the network driver libnl needs libnl-route-3.so.200, which is not installed: install the Debian package ' +
        'libnl-route-3-200, or configure another network driver (netdrv) for the virtual routers',
    );
  });

  it('names the build where the addon itself is missing', () => {
    expect(explainLoadFailure(new Error('No native build was found for platform=linux'))).toMatch(
      /No native build was found .* build it with "npm run build:native"/,
    );
  });
});

describe('links and addresses', () => {
  const link = { mac: '', up: true, running: true, ethernet: true, mtu: 1500 };

  it('puts each address to its link, and takes the other end of a pair for no parent', () => {
    const address = {
      family: 4,
      address: '192.0.2.1',
      prefixLength: 24,
      label: 'a',
      secondary: false,
    } as const;
    const links = assemble(
      [
        { ...link, index: 1, name: 'a', type: 'veth', parent: 2 },
        { ...link, index: 3, name: 'b', type: 'macvlan', parent: 1 },
      ],
      [{ ...address, index: 3 }],
    );
    expect(links).toEqual([
      { ...link, index: 1, name: 'a', type: 'veth', parent: 0, addresses: [] },
      { ...link, index: 3, name: 'b', type: 'macvlan', parent: 1, addresses: [address] },
    ]);
  });
});
