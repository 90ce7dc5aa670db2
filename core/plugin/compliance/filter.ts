/**
 * Compliance tests for plugins of kind `filter`. A plugin's author calls {@link filterCompliance} in their own
 * test suite; the built-in plugin does the same. The programs run on a machine of the kit's own, so that none
 * of the tests needs root.
 */
import assert from 'node:assert/strict';
import type { AddressFamily, BpfInstruction, FilterPlugin, PluginContext } from '../contracts/index.ts';
import type { TestRegistrar } from './auth.ts';
import { checkProgram, type FrameFacts, runProgram } from './classic-bpf.ts';
import { declared, type FromManifest } from './manifest.ts';
import { type FrameFields, vrrpFrame } from './vrrp-frame.ts';

/** What the kit needs to know about the plugin. */
export interface FilterComplianceOptions extends FromManifest {
  readonly test: TestRegistrar;
  /** The plugin's default export. */
  readonly plugin: FilterPlugin;
  /** Its `[plugins]` options. Default: none. */
  readonly options?: Readonly<Record<string, unknown>>;
}

const FAMILIES: readonly AddressFamily[] = [4, 6];
const ALL = Array.from({ length: 256 }, (_, vrid) => vrid);
/** Sets of VRIDs with something that a program could get wrong: the ends, neighbours, few, many, all, none. */
const SETS: readonly (readonly number[])[] = [
  [7],
  [0],
  [255],
  [0, 255],
  [31, 32],
  [127, 128],
  ALL.filter((vrid) => vrid % 3 === 0),
  ALL.filter((vrid) => vrid !== 112),
  ALL,
  [],
];
const PACKET_OTHERHOST = 3;

/** Registers the tests. None needs root, network or a clock. */
export function filterCompliance(options: FilterComplianceOptions): void {
  const { plugin, test } = options;
  const { name } = declared('filter', options);
  const context: PluginContext = { name, options: options.options ?? {}, log: () => {} };
  const program = (family: AddressFamily, vrids: readonly number[]): readonly BpfInstruction[] =>
    plugin.create(context).program({ family, vrids });
  /** Whether the filter for VRID 7 passes a frame. */
  const passes = (family: AddressFamily, frame: Uint8Array, facts?: FrameFacts): boolean =>
    runProgram(program(family, [7]), frame, facts) > 0;
  /** Registers a test for each family. */
  const each = (what: string, body: (family: AddressFamily) => void): void => {
    for (const family of FAMILIES) {
      test(`filter compliance, ${name}: IPv${family}: ${what}`, () => body(family));
    }
  };

  test(`filter compliance, ${name}: its default export is of kind filter`, () => {
    assert.equal(plugin.kind, 'filter');
    assert.equal(typeof plugin.create, 'function');
  });

  each('every program is one that the kernel takes', (family) => {
    for (const vrids of SETS) checkProgram(program(family, vrids));
  });

  each('it passes the advertisements of its virtual routers and no others', (family) => {
    for (const vrids of SETS) {
      const made = program(family, vrids);
      const passed = ALL.filter((vrid) => runProgram(made, vrrpFrame(family, { vrid })) > 0);
      assert.deepEqual(passed, vrids);
    }
  });

  each('it passes them whole', (family) => {
    for (const addresses of [1, 255]) {
      const frame = vrrpFrame(family, { vrid: 7, addresses });
      assert.equal(runProgram(program(family, [7]), frame), frame.length);
    }
  });

  each('what is wrong with an advertisement is for the engine to see and count', (family) => {
    const wrong: readonly FrameFields[] = [{ ttl: 1 }, { version: 3 }, { version: 15 }, { type: 2 }];
    for (const fields of wrong) {
      assert.ok(passes(family, vrrpFrame(family, { vrid: 7, ...fields })), JSON.stringify(fields));
    }
  });

  each('it drops other protocols and other kinds of frames', (family) => {
    for (let protocol = 0; protocol < 256; protocol++) {
      if (protocol === 112) continue;
      assert.ok(!passes(family, vrrpFrame(family, { vrid: 7, protocol })), `IP protocol ${protocol}`);
    }
    const otherFamily = family === 4 ? 6 : 4;
    assert.ok(!passes(family, vrrpFrame(otherFamily, { vrid: 7 })), `IPv${otherFamily}`);
    for (const etherType of [0x0806, 0x8847, 0x88cc]) {
      assert.ok(!passes(family, vrrpFrame(family, { vrid: 7, etherType })), `EtherType ${etherType}`);
    }
  });

  each('it drops frames with a VLAN tag: those are for another interface', (family) => {
    const frame = vrrpFrame(family, { vrid: 7 });
    for (const tpid of [0x8100, 0x88a8]) {
      assert.ok(!passes(family, vrrpFrame(family, { vrid: 7, tag: { tpid, tci: 5 } })), 'tag in the frame');
    }
    assert.ok(!passes(family, frame, { vlanTci: 5 }), 'tag taken off, and told');
    // How the kernel hands a frame of a VLAN that is not configured to a socket of one EtherType.
    assert.ok(!passes(family, frame, { packetType: PACKET_OTHERHOST }), 'tag taken off, PACKET_OTHERHOST');
  });

  each(
    'it drops frames that end before their VRID, without a load behind their end that counts',
    (family) => {
      const frame = vrrpFrame(family, { vrid: 7 });
      const vridAt = 14 + (family === 4 ? 20 : 40) + 1;
      // One that is known to be VRRP may pass all the same, for the engine to count: then whatever the VRIDs are.
      const protocolAt = 14 + (family === 4 ? 9 : 6);
      const other = vrrpFrame(family, { vrid: 8 });
      for (let length = 0; length <= vridAt; length++) {
        const passed = passes(family, frame.subarray(0, length));
        assert.ok(!passed || length > protocolAt, `${length} octets`);
        assert.equal(passes(family, other.subarray(0, length)), passed, `${length} octets, other VRID`);
      }
    },
  );

  test(`filter compliance, ${name}: IPv4: options in the header move the VRID`, () => {
    for (let words = 1; words <= 10; words++) {
      for (const vrid of [7, 8]) {
        // Options that look like the other VRID, where it would be without them.
        const frame = vrrpFrame(4, { vrid, options: new Uint8Array(words * 4).fill(15 - vrid) });
        assert.equal(passes(4, frame), vrid === 7, `VRID ${vrid} behind ${words * 4} octets of options`);
      }
    }
  });

  test(`filter compliance, ${name}: IPv4: a later fragment has no VRID, whatever it begins with`, () => {
    for (const fragment of [0x0001, 0x1fff, 0x2001]) {
      assert.ok(!passes(4, vrrpFrame(4, { vrid: 7, fragment })), `flags and offset ${fragment}`);
    }
    for (const fragment of [0x0000, 0x4000, 0x8000]) {
      assert.ok(passes(4, vrrpFrame(4, { vrid: 7, fragment })), `flags and offset ${fragment}`);
    }
  });

  each('a program depends on nothing but family and VRIDs, and changes neither', (family) => {
    const one = plugin.create(context);
    const wanted = Object.freeze({ family, vrids: Object.freeze([3, 7, 200]) });
    const first = structuredClone(one.program(wanted));
    one.program({ family, vrids: ALL });
    assert.deepEqual(one.program(wanted), first, 'an earlier program must not matter');
    assert.deepEqual(program(family, [3, 7, 200]), first, 'nor must the instance');
  });
}
