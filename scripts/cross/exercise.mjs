// Loads the native parts of packages that are laid out as they are published, and has them pass what tests them: run by the
// Node.js of the platform that they are for, `node --test exercise.mjs`, in a network namespace of its own (root). Which
// parts, says RVRRPD_PARTS; where the packages are, RVRRPD_PACKAGES.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createRequire } from 'node:module';
import path from 'node:path';
import { test as nodeTest } from 'node:test';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';

const packages = process.env.RVRRPD_PACKAGES;
const parts = process.env.RVRRPD_PARTS.split(',');
const load = createRequire(path.join(packages, 'rvrrpd/package.json'))('node-gyp-build');
const manifestOf = (name) => pathToFileURL(path.join(packages, name, 'package.json'));
const moduleOf = async (name) => (await import(new URL('dist/index.js', manifestOf(name)).href)).default;
const kits = await import(pathToFileURL(path.join(packages, 'rvrrpd/dist/plugin.js')).href);
const run = (command) => execFileSync('sh', ['-ec', command], { encoding: 'utf8' });

/** What qemu-user 7.2 does not pass on to the kernel, as the addons tell of it. */
const NOT_EMULATED = /SIOCETHTOOL.*ENOSYS|IP_ADD_MEMBERSHIP.*ENODEV/;

/** A test; under an emulator, what that lacks is told apart from what fails. */
const test = (name, body) =>
  nodeTest(name, async (context) => {
    try {
      await body(context);
    } catch (error) {
      if (!process.env.RVRRPD_EMULATED || !NOT_EMULATED.test(error.message)) throw error;
      context.skip(`the emulator lacks it: ${error.message}`);
    }
  });

const tests = {
  core() {
    const folder = path.join(packages, 'rvrrpd/core/native');
    const native = load(folder);

    test('core: the clock runs', () => {
      const before = native.monotonicMs();
      assert.ok(Math.abs(before - Number(process.hrtime.bigint()) / 1e6) < 1000);
      assert.ok(native.monotonicMs() >= before);
    });

    test('core: what the kernel refuses has the name of the error', () => {
      assert.throws(() => native.bindPacketSocket(999_999, 1, 0), { code: 'EBADF' });
    });

    test('core: a socket of the VRRP group can be had', () => {
      native.closeDescriptor(native.openMembership(4, 1));
    });

    test('core: workers that end by themselves and workers that are torn down', async () => {
      const entry = new URL('../../test/fixtures/packet-loop-worker.mjs', import.meta.url);
      for (const wakes of [10, 0, 10, 0]) {
        const worker = new Worker(entry, { workerData: { core: folder, wakes } });
        await new Promise((resolve, reject) => {
          worker.once('error', reject);
          worker.once('exit', resolve);
          if (wakes === 0) worker.once('message', () => worker.terminate());
        });
      }
    });
  },

  track() {
    test('track: the addon loads and has its calls', () => {
      assert.ok(Object.keys(load(path.join(packages, 'rvrrpd-track-system'))).length > 0);
    });
  },

  async hmac() {
    const plugin = await moduleOf('rvrrpd-plugin-auth-hmac');
    kits.authTrailerCompliance({
      test,
      plugin,
      manifest: manifestOf('rvrrpd-plugin-auth-hmac'),
      directives: {
        keys: { 1: 'hex:000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f' },
        ...{ active_key: 1, mode: 'enforce', anti_replay: 'time', drift: 30 },
      },
      vectors: [
        {
          router: { group: 51, version: 3, family: 4 },
          time: 0x68000000 * 1000 + 500,
          source: 'c633640a',
          message: '3133c80100644402c0000264',
          trailer: '0101000068000000800000001b84bc4e8e43892dc6d98448f8ee2265',
        },
      ],
    });
  },

  async ioctl() {
    const plugin = await moduleOf('rvrrpd-plugin-netdrv-ioctl');
    kits.netdrvCompliance({ test, plugin, manifest: manifestOf('rvrrpd-plugin-netdrv-ioctl'), run });
  },

  async libnl() {
    const plugin = await moduleOf('rvrrpd-plugin-netdrv-libnl');
    kits.netdrvCompliance({ test, plugin, manifest: manifestOf('rvrrpd-plugin-netdrv-libnl'), run });
  },

  /** Where the libraries are not to be had: the addon is read as far as their names. */
  async 'libnl-missing'() {
    const plugin = await moduleOf('rvrrpd-plugin-netdrv-libnl');
    test('libnl: says what is missing', () => {
      assert.throws(
        () => plugin.create({ name: 'libnl', options: {}, log() {} }),
        /libnl-3-200 and libnl-route-3-200/,
      );
    });
  },
};

for (const part of parts) await tests[part]();
