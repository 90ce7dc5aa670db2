/** What every list of kernel resources must be, whoever plans it. */
import assert from 'node:assert/strict';
import { isIPv4, isIPv6 } from 'node:net';
import type { KernelResource } from '../contracts/index.ts';
import { identityOf } from '../resource.ts';

/** Longest interface name or label (IFNAMSIZ less its end, man 7 netdevice). */
const LONGEST = 15;
const MAC = /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/;

/** Resources that can be installed one by one. @throws AssertionError that says which cannot, and why */
export function assertWellFormed(resources: readonly KernelResource[]): void {
  assert.ok(Array.isArray(resources), 'resources are an array');
  for (const resource of resources) assertOne(resource, JSON.stringify(resource));
  const identities = resources.map(identityOf);
  assert.deepEqual(
    identities.filter((identity, index) => identities.indexOf(identity) !== index),
    [],
    'nothing is there twice, nor contradicts another',
  );
}

function assertOne(resource: KernelResource, what: string): void {
  switch (resource.kind) {
    case 'address': {
      const { family, address, prefixLength, label, interface: name } = resource;
      assertInterface(name, what);
      assertAddress(family, address, what);
      assertPrefixLength(family, prefixLength, what);
      if (label === undefined) return;
      assert.equal(family, 4, `a label is for IPv4: ${what}`);
      assert.ok(label.startsWith(`${name}:`), `a label is the interface's name, a colon and more: ${what}`);
      assert.ok(
        label.length > name.length + 1 && label.length <= LONGEST,
        `label of 15 characters at most: ${what}`,
      );
      return;
    }
    case 'link':
      assertInterface(resource.interface, what);
      assertInterface(resource.parent, what);
      assert.notEqual(resource.interface, resource.parent, what);
      assert.match(resource.mac, MAC, what);
      return;
    case 'mac':
      assertInterface(resource.interface, what);
      assert.match(resource.mac, MAC, what);
      return;
    case 'up':
      assertInterface(resource.interface, what);
      return;
    case 'route':
      assertRoute(resource, what);
      return;
    case 'guard':
      assertInterface(resource.interface, what);
      assertAddress(resource.family, resource.address, what);
      return;
    case 'sysctl':
      assert.ok(resource.path.length > 1, `a setting has a path: ${what}`);
      for (const part of resource.path)
        assert.match(part, /^(?!\.{1,2}$)[^/\s]+$/, `a part of a path: ${what}`);
      assert.equal(typeof resource.value, 'string', `a setting's value is a string: ${what}`);
      return;
    default:
      assert.fail(`no such kind of resource: ${what}`);
  }
}

function assertInterface(name: string, what: string): void {
  assert.match(name, /^(?!\.{1,2}$)[^/:\s]{1,15}$/, `an interface's name: ${what}`);
}

function assertAddress(family: 4 | 6, address: string, what: string): void {
  assert.ok(family === 4 ? isIPv4(address) : isIPv6(address), `an IPv${family} address: ${what}`);
}

function assertPrefixLength(family: 4 | 6, length: number, what: string): void {
  const longest = family === 4 ? 32 : 128;
  assert.ok(Number.isInteger(length) && length >= 0 && length <= longest, `a prefix length: ${what}`);
}

function assertRoute(route: Extract<KernelResource, { kind: 'route' }>, what: string): void {
  const { family, destination, prefixLength, gateway, metric, mtu } = route;
  assertAddress(family, destination, what);
  assertPrefixLength(family, prefixLength, what);
  assertAddress(family, gateway, what);
  if (family === 4) {
    const bits = destination
      .split('.')
      .map((octet) => Number(octet).toString(2).padStart(8, '0'))
      .join('');
    assert.ok(!bits.slice(prefixLength).includes('1'), `no bits outside of the prefix: ${what}`);
  }
  const isCount = (value: number | undefined) =>
    value === undefined || (Number.isInteger(value) && value >= 0 && value <= 0xffffffff);
  assert.ok(isCount(metric), `a metric: ${what}`);
  assert.ok(isCount(mtu), `an MTU: ${what}`);
}

/** Freezes everything in a value: who changes what it was handed fails. */
export function frozen<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const each of Object.values(value)) frozen(each);
  }
  return value;
}
