/** Both sides of a hand-over between two processes, on a line of real sockets. The engines are made up. */
import { closeSync, fstatSync, openSync } from 'node:fs';
import { Socket } from 'node:net';
import { MessageChannel, type MessagePort } from 'node:worker_threads';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { handOver, type Estate as LetGo, takeOver } from '../../engine/handover.ts';
import { native } from '../../native/index.ts';
import { CodedError } from '../../shared/errors.ts';
import { AuthMemories } from '../../threads/auth-memory.ts';
import type { HandedSocket } from '../../threads/engine-messages.ts';
import { Int, State, StateTable } from '../../threads/state-table.ts';
import type { RouterSummary } from '../succession.ts';
import type { WorkerHandle } from '../worker-handle.ts';
import { Ancestor } from './ancestor.ts';
import { give } from './give.ts';
import { Line, LineCut } from './line.ts';
import { ourReads, plainSection } from './sections.ts';

const ROUTERS: readonly RouterSummary[] = [
  { interface: 'eth0', vrid: 7, family: 4, version: 2, kernel: 'x' },
];
let tests = 0;
let claim = '';

let lines: Line[] = [];
let open: number[] = [];

function pair(): [Line, Line] {
  const stream = native.socketPair();
  const rights = native.socketPair();
  const [a, b] = stream.map((fd, side) => new Line(new Socket({ fd }), rights[side]!)) as [Line, Line];
  lines.push(a, b);
  return [a, b];
}

function file(): number {
  const fd = openSync('/dev/null', 'r');
  open.push(fd);
  return fd;
}

beforeEach(() => {
  claim = `rvrrpd/test/${process.pid}/${++tests}`;
  lines = [];
  open = [];
});
afterEach(() => {
  for (const line of lines) line.close();
  for (const fd of open) closeSync(fd);
  native.dropIdleClaims();
});

/** The old process: one router, Master; what its engine does is in `did`. */
function oldProcess(did: string[]) {
  const table = StateTable.allocate(1);
  table.setInt(0, Int.State, State.Backup);
  const sockets: HandedSocket[] = [{ descriptor: file(), watch: file(), link: 2, family: 4 }];
  return {
    table,
    estate: { routers: ROUTERS, table: table.buffer, authMemories: AuthMemories.allocate(0).buffer, sockets },
    handOver: (port: MessagePort) => {
      const offer = () => ({ links: [], pluginStates: [{ plugin: 'x', state: new Map([[1, 2]]) }] });
      const letGo = (): LetGo => {
        did.push('let go');
        table.setInt(0, Int.State, State.Master); // after the offer
        return { sockets, peers: [undefined], since: 1 };
      };
      void handOver(port, offer, letGo, () => void did.push('took back')).then((handed) =>
        did.push(handed ? 'ended' : 'goes on'),
      );
    },
    retire: async () => void did.push('retired'),
  };
}

/** The new process, from `hello` on; what becomes of it is in `did`. */
async function newProcess(line: Line, did: string[]) {
  const ancestor = new Ancestor(line, undefined);
  await ancestor.receive([]);
  const channel = new MessageChannel();
  const engine = takeOver(channel.port2, ({ pluginStates }) => {
    expect(pluginStates).toEqual([{ plugin: 'x', state: new Map([[1, 2]]) }]);
  });
  const ready = engine.then(({ sockets, died }) => {
    for (const { descriptor } of sockets) expect(fstatSync(descriptor).isCharacterDevice()).toBe(true);
    did.push(died ? 'runs alone' : 'runs');
  });
  ready.catch(() => {});
  const { estate } = ancestor;
  expect(estate.routers).toEqual([]);
  ancestor.handOver(channel.port1);
  await ancestor.handedOver({ ready, isLate: () => {} } as unknown as WorkerHandle);
  await ancestor.retire();
  const remainder = await ancestor.remainder();
  await ancestor.conclude();
  return { ancestor, remainder, state: new StateTable(estate.table).int(0, Int.State) };
}

function goods(did: string[]) {
  return {
    claims: [{ name: claim, descriptor: native.listenUnix(`@${claim}`) }],
    places: { lock: file(), control: file(), pidFile: { path: '/run/x.pid', descriptor: file() } },
    taken: () => void did.push('taken'),
    serve: async () => [plainSection('service', { package: 'p', state: 5 })],
  };
}

test('everything is handed over, as it was when the old engine let go', async () => {
  const [ours, theirs] = pair();
  const old: string[] = [];
  const young: string[] = [];
  const giving = (async () => {
    await ours.next('prepared');
    const given = goods(old);
    await give(oldProcess(old), { line: ours, reads: ourReads(), leaving: [] }, given, async () => {});
    native.closeDescriptor(given.claims[0]!.descriptor);
  })();
  const { ancestor, remainder, state } = await newProcess(theirs, young);
  await giving;
  await vi.waitUntil(() => old.length === 4);
  expect(young).toEqual(['runs']);
  expect(old).toEqual(['let go', 'taken', 'retired', 'ended']);
  expect(state).toBe(State.Master);
  expect(remainder).toEqual({ service: { package: 'p', state: 5 } });
  expect(ancestor.places.pidFile?.path).toBe('/run/x.pid');
  expect(native.heldClaims().map(({ name }) => name)).toContain(claim);
});

/** Cuts a line when it is about to say something. */
function cutAt(line: Line, type: string): void {
  const send = line.send.bind(line);
  line.send = (what, ...more) => {
    if (what === type) line.close();
    else send(what, ...more);
  };
}

test.each(['take', 'running', 'done'])(
  'the new process dies before it says %s: the old one goes on',
  async (type) => {
    const [ours, theirs] = pair();
    const old: string[] = [];
    cutAt(theirs, type);
    void newProcess(theirs, []).catch(() => {});
    await ours.next('prepared');
    const given = goods(old);
    const giving = give(
      oldProcess(old),
      { line: ours, reads: ourReads(), leaving: [] },
      given,
      async () => void old.push('killed'),
    );
    await expect(giving).rejects.toBeInstanceOf(LineCut);
    native.closeDescriptor(given.claims[0]!.descriptor);
    await vi.waitUntil(() => old.at(-1) === 'goes on');
    expect(old.includes('took back')).toBe(type !== 'take');
    expect(old.indexOf('killed')).toBeLessThan(old.indexOf('goes on'));
  },
);

test('the new process cannot take over: the old one goes on, and hears why', async () => {
  const [ours, theirs] = pair();
  const old: string[] = [];
  theirs.send('failed', { code: 'plugin-refused', message: 'no such state' });
  const given = goods(old);
  const giving = give(oldProcess(old), { line: ours, reads: ourReads(), leaving: [] }, given, async () => {});
  await expect(giving).rejects.toEqual(new CodedError('plugin-refused', 'no such state'));
  native.closeDescriptor(given.claims[0]!.descriptor);
});

test.each(['estate', 'retired', 'served'])(
  'the old process dies before it says %s: the new one goes on alone',
  async (type) => {
    const [ours, theirs] = pair();
    const young: string[] = [];
    cutAt(ours, type);
    const given = goods([]);
    void (async () => {
      await ours.next('prepared');
      await give(oldProcess([]), { line: ours, reads: ourReads(), leaving: [] }, given, async () => {});
    })().catch(() => {});
    const { state } = await newProcess(theirs, young);
    native.closeDescriptor(given.claims[0]!.descriptor);
    expect(young).toEqual([type === 'estate' ? 'runs alone' : 'runs']);
    // Of the estate it has nothing, but what it was offered.
    expect(state).toBe(type === 'estate' ? State.Backup : State.Master);
  },
);

test('the old process dies before it has offered anything: there is nothing to take over', async () => {
  const [ours, theirs] = pair();
  const ancestor = new Ancestor(theirs, undefined);
  const receiving = ancestor.receive([]);
  ours.close();
  await expect(receiving).rejects.toBeInstanceOf(LineCut);
  expect(ancestor.hasLeftNothing).toBe(true);
});

test('hundreds of descriptors pass', () => {
  const [a, b] = native.socketPair();
  const many = Array.from({ length: 700 }, file);
  native.sendDescriptors(a, many);
  native.sendDescriptors(a, many.slice(0, 1));
  const received = native.receiveDescriptors(b, 700);
  open.push(...received, ...native.receiveDescriptors(b, 1));
  expect(new Set(received).size).toBe(700);
  native.closeDescriptor(a);
  native.closeDescriptor(b);
});
