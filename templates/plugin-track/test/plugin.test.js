import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { trackCompliance } from 'rvrrpd/plugin';
import plugin from '../index.js';

const folder = mkdtempSync(join(tmpdir(), 'track-example-'));
const path = join(folder, 'socket');
const silent = join(folder, 'silent');

/** @type {import('node:net').Server | undefined} */
let server;
/** Connections that were made to somebody who says nothing stay open until the other side ends them. */
const mute = createServer(() => {}).listen(silent);

const up = () =>
  new Promise((resolve) => {
    if (server) return resolve(undefined);
    server = createServer((socket) => {
      socket.on('error', () => {}); // the tracker hangs up as soon as it knows
      socket.resume().end('hello\n');
    }).listen(path, () => resolve(undefined));
  });
const down = () =>
  new Promise((resolve) => {
    if (!server) return resolve(undefined);
    server.close(() => resolve(undefined));
    server = undefined;
  });

after(async () => {
  await down();
  mute.close();
  rmSync(folder, { recursive: true });
});

trackCompliance({
  test,
  plugin,
  manifest: new URL('../package.json', import.meta.url),
  settings: { path },
  up: async () => void (await up()),
  down: async () => void (await down()),
  hanging: { path: silent, greeting: 'hello' },
  right: [{ path: '/run/other', greeting: 'hello' }],
  wrong: [
    { settings: { path: 'relative' }, contains: 'relative' },
    { settings: { path: `/${'ü'.repeat(60)}` }, contains: '107 octets' },
  ],
});

test('a greeting must be the right one', async () => {
  await up();
  const context = {
    name: 'example-unix-socket',
    options: {},
    log: () => {},
    tracker: 'x',
    interval: 1000,
    timeout: 1000,
  };
  /** @param {string} greeting */
  const find = async (greeting) => {
    const tracker = plugin.create({ ...context, settings: { path, greeting } });
    return tracker.check(new AbortController().signal);
  };
  assert.deepEqual(await find('hello'), { up: true, words: `${path}: says what it should` });
  assert.equal((await find('good day')).up, false);
  assert.equal((await find('shy')).up, false);
});
