import { describe, expect, it } from 'vitest';
import { assemble, isLoud } from '../src/index.ts';
import { explainLoadFailure } from '../src/native.ts';

describe('a library that is missing', () => {
  it('names the Debian package and the alternative', () => {
    const error = new Error(
      'libnl-route-3.so.200: cannot open shared object file: No such file or directory\nRequire stack:\n- x',
    );
    expect(explainLoadFailure(error)).toBe(
      'the network driver libnl needs libnl-route-3.so.200, which is not installed: install the Debian packages ' +
        'libnl-3-200 and libnl-route-3-200 (Alpine: libnl3), or configure another network driver (netdrv = "ioctl") ' +
        'for the virtual routers',
    );
  });

  it('names the build where the addon itself is missing', () => {
    expect(explainLoadFailure(new Error('No native build was found for platform=linux'))).toMatch(
      /No native build was found .*x64 and arm64, in a checkout "npm run build:native" builds it/,
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

describe('batches that make more news than anybody reads meanwhile', () => {
  const removals = (count: number) =>
    Array.from({ length: count }, (_, i) => ({
      ...({ op: 'remove-link', type: 'macvlan', interface: `v${i}`, parent: 'eth0', mac: '' } as const),
    }));
  const addresses = (count: number) =>
    Array.from({ length: count }, (_, i) => ({
      ...({ op: 'add-address', interface: 'eth0', family: 4, address: `10.0.${i >> 8}.${i & 255}` } as const),
      prefixLength: 32,
    }));
  const ROOM = 8 << 20; // what the kernel makes of 4 MiB

  it('are those of many removed links, or very many addresses', () => {
    expect(isLoud(removals(20), ROOM)).toBe(false);
    expect(isLoud(removals(512), ROOM)).toBe(true);
    expect(isLoud(addresses(512), ROOM)).toBe(false);
    expect(isLoud(addresses(4000), ROOM)).toBe(true);
  });

  it('are smaller where the buffer is', () => {
    expect(isLoud(removals(20), 416 << 10)).toBe(true);
    expect(isLoud([], 416 << 10)).toBe(false);
  });
});
