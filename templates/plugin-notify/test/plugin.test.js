import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { notifyCompliance, notifyEvent } from 'rvrrpd/plugin';
import plugin from '../index.js';

const folder = mkdtempSync(join(tmpdir(), 'notify-example-'));
const path = join(folder, 'socket');
const silent = join(folder, 'silent');
let answer = 'ok';

/** @type {unknown[]} What was told. */
const told = [];
const server = createServer((socket) => {
  let text = '';
  socket.on('error', () => {}); // the hook hangs up as soon as it knows
  socket.on('data', (part) => {
    text += part.toString();
    if (!text.endsWith('\n')) return;
    told.push(JSON.parse(text));
    socket.end(`${answer}\n`);
  });
});
/** Connections that were made to somebody who says nothing stay open until the other side ends them. */
const mute = createServer((socket) => socket.on('error', () => {}).resume());

before(async () => {
  await Promise.all(
    [/** @type {const} */ ([server, path]), /** @type {const} */ ([mute, silent])].map(
      ([each, at]) => new Promise((resolve) => each.listen(at, () => resolve(undefined))),
    ),
  );
});
after(() => {
  server.close();
  mute.close();
  rmSync(folder, { recursive: true });
});

notifyCompliance({
  test,
  plugin,
  manifest: new URL('../package.json', import.meta.url),
  settings: { path },
  arrived: () => told.length,
  failing: { path: join(folder, 'nobody') },
  hanging: { path: silent },
  right: [{ path: '/run/other' }],
  wrong: [
    { settings: { path: 'relative' }, contains: 'relative' },
    { settings: { path: `/${'ü'.repeat(60)}` }, contains: '107 octets' },
  ],
});

test('an answer must be the right one', async () => {
  const context = { name: 'example-unix-socket', options: {}, log: () => {}, hook: 'x', timeout: 1000 };
  const notifier = plugin.create({ ...context, settings: { path } });
  answer = 'too late';
  await assert.rejects(
    Promise.resolve(notifier.deliver(notifyEvent(), new AbortController().signal)),
    /says "too late"/,
  );
  answer = 'ok';
});
