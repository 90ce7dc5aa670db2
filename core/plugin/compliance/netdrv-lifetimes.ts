/** Compliance tests for network drivers: addresses that end by themselves, and those of another scope. */
import assert from 'node:assert/strict';
import type { KernelChange, Lifetime } from '../contracts/index.ts';
import { address, DEV, type Stage } from './netdrv-stage.ts';

type Tests = Readonly<Record<string, (stage: Stage) => Promise<void>>>;

const FOUR = '10.77.0.1';
const SIX = '2001:db8:77::1';
/** An address that is told to end is looked for this long, in ms: the kernel may be a second late. */
const END_MS = 10_000;

function renewal(text: string, lifetime: Lifetime): KernelChange {
  const { op: _, ...resource } = address('add-address', text) as KernelChange & { op: 'add-address' };
  return { op: 'renew-address', ...resource, ...lifetime };
}

/** Whether the driver says that it ends; undefined: it is not there. */
async function expires({ driver }: Stage, text: string): Promise<boolean | undefined> {
  const link = (await driver.links()).find(({ name }) => name === DEV);
  const found = link?.addresses.find((each) => each.address === text);
  return found && (found.expires ?? false);
}

/** What a driver cannot do it must not half do. */
async function refused(stage: Stage, ...changes: KernelChange[]): Promise<void> {
  const before = stage.state();
  for (const change of changes)
    assert.notDeepEqual(await stage.apply(change), [null], 'refused, as it is not provided');
  assert.equal(stage.state(), before);
}

/** By name. */
export const LIFETIME_TESTS: Tests = {
  'adds an address that ends by itself, renews it, and makes it stay, if it says so': async (stage) => {
    const adding = { ...address('add-address', FOUR), validFor: 2 } as KernelChange;
    if (!stage.provides('address-lifetime'))
      return refused(stage, adding, renewal(FOUR, { validFor: 5 }), renewal(FOUR, {}));
    const texts = stage.provides('ipv6') ? [FOUR, SIX] : [FOUR];
    for (const text of texts) {
      const before = stage.state();
      await stage.must({ ...address('add-address', text), validFor: 60 } as KernelChange);
      await stage.must(renewal(text, {}), address('remove-address', text));
      assert.equal(stage.state(), before, 'no trace of it');
      await stage.must({ ...address('add-address', text), validFor: 60 } as KernelChange);
      assert.equal(await expires(stage, text), true, text);
      await stage.must(renewal(text, { validFor: 120 }));
      assert.equal(await expires(stage, text), true, text);
      await stage.must(renewal(text, {}));
      assert.equal(await expires(stage, text), false, text);
      await stage.must(renewal(text, { validFor: 60 }), renewal(text, { validFor: 1 }));
    }
    const six = stage.addresses(DEV, 6).find(({ local }) => local === SIX);
    if (texts.length > 1) assert.deepEqual([six?.deprecated, six?.nodad], [true, true], 'as it was added');
    // The route of an IPv6 prefix goes some time after it.
    const locals = () =>
      [4, 6].flatMap((family) => stage.addresses(DEV, family as 4 | 6).map(({ local }) => local));
    const end = Date.now() + END_MS;
    while (locals().some((local) => texts.includes(local)) && Date.now() < end)
      await new Promise((done) => setTimeout(done, 100));
    for (const text of texts) assert.equal(await expires(stage, text), undefined, text);
  },

  'renewing changes nothing but the lifetime': async (stage) => {
    if (!stage.provides('address-lifetime')) return;
    const labelled = { ...address('add-address', FOUR, { label: `${DEV}:7` }) };
    await stage.must({ ...labelled, validFor: 60 } as KernelChange);
    const before = stage
      .addresses()
      .map(({ local, prefixlen, scope, label }) => [local, prefixlen, scope, label]);
    await stage.must({ ...labelled, op: 'renew-address', validFor: 90 } as KernelChange);
    const after = stage
      .addresses()
      .map(({ local, prefixlen, scope, label }) => [local, prefixlen, scope, label]);
    assert.deepEqual(after, before);
  },

  'adds an IPv4 address with a scope, and takes it back, if it says so': async (stage) => {
    const scoped = address('add-address', FOUR, { scope: 'link' });
    if (!stage.provides('address-scope')) return refused(stage, scoped);
    const before = stage.state();
    await stage.must(scoped);
    assert.equal(stage.addresses().find(({ local }) => local === FOUR)?.scope, 'link');
    await stage.must(address('remove-address', FOUR, { scope: 'link' }));
    assert.equal(stage.state(), before);
  },
};
