import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Link } from '../plugin/contracts/index.ts';
import { aggregateOf, Ports, portFault } from './ports.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(path.join(os.tmpdir(), 'rvrrpd-sysfs-'));
});
afterEach(() => rmSync(root, { recursive: true }));

/** An interface as sysfs has it. @param part what says of which sort its master is */
function sysfs(name: string, index: number, master?: string, part?: string): void {
  mkdirSync(path.join(root, name), { recursive: true });
  writeFileSync(path.join(root, name, 'ifindex'), `${index}\n`);
  if (master !== undefined) symlinkSync(`../${master}`, path.join(root, name, 'master'));
  if (part !== undefined) mkdirSync(path.join(root, name, part));
}

function link(name: string, index: number): Link {
  return {
    ...{ name, index, mac: '02:00:00:00:00:01', up: true, running: true, ethernet: true },
    ...{ mtu: 1500, type: '', parent: 0, addresses: [] },
  };
}

test('what an interface is a port of', () => {
  sysfs('alone', 1);
  sysfs('in-bridge', 2, 'br0', 'brport');
  sysfs('in-bond', 3, 'bond0', 'bonding_slave');
  sysfs('in-switch', 4, 'ovs-system');
  sysfs('in-vrf', 5, 'red');
  const found = ['alone', 'in-bridge', 'in-bond', 'in-switch', 'in-vrf', 'gone'].map((name, at) =>
    aggregateOf({ name, index: at + 1 }, root),
  );
  expect(found).toEqual([undefined, 'bridge', 'bond', 'Open vSwitch bridge', undefined, undefined]);
  expect(aggregateOf({ name: 'in-bridge', index: 9 }, root), "another namespace's").toBeUndefined();
});

test('a bridge takes what its ports receive, a bond passes it on', () => {
  sysfs('a', 1, 'br0', 'brport');
  sysfs('b', 2, 'bond0', 'bonding_slave');
  expect(portFault(link('a', 1), root)).toBe(
    'a is a port of a bridge, which takes all that it receives: use the bridge itself',
  );
  expect(portFault(link('b', 2), root)).toBeUndefined();
  expect(portFault(undefined, root)).toBeUndefined();
});

test('the engine is told of ports among the interfaces of virtual routers, the log each time that one becomes one', () => {
  const told: string[] = [];
  const ports = new Ports(new Set(['a']), (message) => told.push(message), root);
  const links = [link('a', 1), link('b', 2)];
  sysfs('a', 1);
  sysfs('b', 2, 'br0', 'brport');
  expect(ports.mark(links)).toEqual(links);
  for (const round of [1, 2]) {
    rmSync(path.join(root, 'a'), { recursive: true });
    sysfs('a', 1, 'br0', 'brport');
    for (let i = 0; i < 3; i++) expect(ports.mark(links)).toEqual([{ ...links[0], isPort: true }, links[1]]);
    expect(told).toHaveLength(round);
    rmSync(path.join(root, 'a'), { recursive: true });
    sysfs('a', 1);
    expect(ports.mark(links)).toEqual(links);
  }
});
