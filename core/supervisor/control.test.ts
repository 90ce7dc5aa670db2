import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type ControlHandler, ControlServer } from './control.ts';
import { MAX_REQUEST } from './control-messages.ts';

let folder: string;
let server: ControlServer;
let file: string;
const clients: Socket[] = [];

beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'rvrrpd-control-'));
  file = path.join(folder, 'x.sock');
});

afterEach(() => {
  for (const client of clients.splice(0)) client.destroy();
  server.close();
  rmSync(folder, { recursive: true, force: true });
});

async function open(handler: ControlHandler = (command) => ({ did: command })): Promise<void> {
  server = await ControlServer.open(file, handler);
}

/** A client and what it was told. */
function client(): { socket: Socket; heard: () => string; closed: Promise<void>; line: Promise<string> } {
  const socket = connect(file);
  clients.push(socket);
  let text = '';
  let gotLine: (line: string) => void;
  const line = new Promise<string>((resolve) => {
    gotLine = resolve;
  });
  socket.setEncoding('utf8').on('data', (more: string) => {
    text += more;
    if (text.includes('\n')) gotLine(text);
  });
  socket.on('error', () => {});
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  return { socket, heard: () => text, closed, line };
}

async function ask(request: string): Promise<unknown> {
  const { socket, line } = client();
  socket.write(request);
  return JSON.parse(await line);
}

const UNKNOWN = '"command" must be one of status, reload, upgrade, plugins, standby, resume, failover';

describe('the control socket', () => {
  test('is for its owner alone, and gone when closed', async () => {
    await open();
    expect(statSync(file).mode & 0o777).toBe(0o600);
    server.close();
    expect(statSync(file, { throwIfNoEntry: false })).toBeUndefined();
  });

  test('takes the place of what a dead daemon has left', async () => {
    writeFileSync(file, '');
    await open();
    expect(await ask('{"command":"status"}\n')).toEqual({ ok: true, result: { did: 'status' } });
  });

  test.each([
    ['no JSON\n', 'the request is not JSON'],
    ['null\n', UNKNOWN],
    ['{"command":"stop"}\n', UNKNOWN],
    ['x'.repeat(MAX_REQUEST + 1), `a request is a line of up to ${MAX_REQUEST} octets`],
    [`${'x'.repeat(MAX_REQUEST + 1)}\n`, `a request is a line of up to ${MAX_REQUEST} octets`],
  ])('%.30j is refused', async (request, error) => {
    await open();
    expect(await ask(request)).toEqual({ ok: false, error, code: 'request-invalid' });
  });

  test('a request that fails, now or later', async () => {
    await open((command) => {
      if (command === 'status') throw new Error('not now');
      return Promise.reject(new Error('not later'));
    });
    expect(await ask('{"command":"status"}\n')).toEqual({ ok: false, error: 'not now', code: 'failed' });
    expect(await ask('{"command":"reload"}\n')).toEqual({ ok: false, error: 'not later', code: 'failed' });
  });

  test('several requests of one client, in order, the first in pieces', async () => {
    await open();
    const { socket, heard, closed } = client();
    socket.write('{"comm');
    await new Promise((resolve) => setTimeout(resolve, 20));
    socket.end('and":"status"}\n{"command":"reload"}\n{"command":"plugins"}\n');
    await closed;
    const results = heard()
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line).result.did);
    expect(results).toEqual(['status', 'reload', 'plugins']);
  });

  test('a client that asks and never listens keeps nobody waiting', async () => {
    await open(() => 'x'.repeat(8 << 20));
    const stuck = connect(file);
    clients.push(stuck);
    stuck.pause();
    stuck.write('{"command":"status"}\n'.repeat(100));
    const answer = (await ask('{"command":"status"}\n')) as { result: string };
    expect(answer.result).toHaveLength(8 << 20);
  });

  test('a client that goes away before its answer', async () => {
    let finish: (() => void) | undefined;
    await open((command) => {
      if (command === 'status') return 'fine';
      return new Promise<void>((resolve) => {
        finish = resolve;
      });
    });
    const { socket } = client();
    await new Promise<void>((resolve) => socket.write('{"command":"reload"}\n', () => resolve()));
    await expect.poll(() => finish).toBeDefined();
    socket.destroy();
    finish?.();
    expect(await ask('{"command":"status"}\n')).toEqual({ ok: true, result: 'fine' });
  });

  test('too many clients: the last one is turned away, until another has left', async () => {
    await open();
    const others = Array.from({ length: 16 }, () => client());
    await Promise.all(others.map(({ socket }) => new Promise((resolve) => socket.once('connect', resolve))));
    const late = client();
    await late.closed;
    expect(late.heard()).toBe('');
    others[0]!.socket.destroy();
    await expect
      .poll(async () => {
        const { socket, line, closed } = client();
        socket.write('{"command":"status"}\n');
        return Promise.race([line, closed]);
      })
      .toContain('"did":"status"');
  });
});
