/**
 * Asks for IPv6 addresses until they are answered: the first line of standard input is the {@link Desk}s, in JSON; each
 * further line `EVERY_MS DEADLINE_MS` asks for all of them, every so often, and `done N` is said when N are left that have
 * had no right answer: none, or the time is up. For {@link Solicitor}.
 */
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { Meta, native, Queue } from '../../core/native/index.ts';
import { isAnswer, isMastersAnswer, neighbourSolicitation } from './neighbour.ts';
import { macAt } from './pcap.ts';
import { neighbourAdvertisementOf } from './sightings.ts';
import type { Desk } from './solicitor.ts';

const IPV6 = 0x86dd;
const SLOT = 256;
const SLOTS = 256;
/** A round is sent in so many parts: no queue on the way has to hold all of it. */
const PARTS = 10;
/** Passes neighbour advertisements (man 2 bpf, classic): next header 58, type 136. */
const ONLY_ADVERTISEMENTS = Uint32Array.from(
  [
    [0x30, 0, 0, 20],
    [0x15, 0, 3, 58],
    [0x30, 0, 0, 54],
    [0x15, 0, 1, 136],
    [0x06, 0, 0, 0xffff],
    [0x06, 0, 0, 0],
  ].flat(),
);

const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const desks = JSON.parse((await lines.next()).value ?? '[]') as Desk[];

/** A question and whom it goes through. */
interface Question {
  readonly socket: number;
  readonly frame: Buffer;
  readonly mac: string;
  /** Of a round. */
  readonly part: number;
}

const sockets = desks.map(({ interface: name }) => {
  const socket = native.openPacketSocket(4 << 20, 4 << 20);
  native.attachFilter(socket, ONLY_ADVERTISEMENTS);
  native.bindPacketSocket(socket, Number(readFileSync(`/sys/class/net/${name}/ifindex`, 'utf8')), IPV6);
  return socket;
});
const all = new Map<string, Question>(
  desks.flatMap(({ mac: own, sought }, desk) =>
    sought.map(({ address, mac }, index): [string, Question] => [
      `${desk} ${address}`,
      { socket: sockets[desk]!, frame: neighbourSolicitation(own, address), mac, part: index % PARTS },
    ]),
  ),
);
let open = new Map<string, Question>();

const receive = Buffer.alloc(SLOT * SLOTS);
const meta = new Int32Array(SLOTS * Meta.Count);
const send = Buffer.alloc(
  Math.max(
    1,
    [...all.values()].reduce((sum, { frame }) => sum + frame.length, 0),
  ),
);
const queue = new Int32Array(Math.max(1, all.size) * Queue.Count);
const loop = new native.PacketLoop(receive, SLOT, meta, send, queue, (packets) => {
  for (let slot = 0; slot < packets; slot++) {
    const length = Math.min(SLOT, meta[slot * Meta.Count + Meta.Length]!);
    const data = receive.subarray(slot * SLOT, slot * SLOT + length);
    const answer = neighbourAdvertisementOf({
      ...{ time: 0, sourceMac: macAt(data, 6), destinationMac: macAt(data, 0), interfaceIndex: 0 },
      ...{ etherType: data.readUInt16BE(12), payload: data.subarray(14) },
    });
    const key = `${meta[slot * Meta.Count + Meta.Tag]} ${answer?.target}`;
    const question = open.get(key);
    if (answer && question && isAnswer(answer) && isMastersAnswer(answer, question.mac)) open.delete(key);
  }
});
for (const [desk, socket] of sockets.entries()) loop.add(socket, desk);

function ask(questions: readonly Question[]): void {
  let offset = 0;
  for (const [index, { socket, frame }] of questions.entries()) {
    frame.copy(send, offset);
    queue.set([socket, offset, frame.length], index * Queue.Count);
    offset += frame.length;
  }
  if (loop.flush(questions.length) > 0) throw new Error('not all solicitations could be sent');
}

console.log('ready');
for (let line = await lines.next(); !line.done; line = await lines.next()) {
  const [everyMs, deadlineMs] = line.value.split(' ').map(Number) as [number, number];
  open = new Map(all);
  const start = native.monotonicMs();
  for (let part = 0; open.size > 0; part++) {
    const due = start + (part * everyMs) / PARTS;
    const wait = due - native.monotonicMs();
    if (native.monotonicMs() - start > deadlineMs) break;
    // Never without a pause: it is where answers are read.
    await new Promise((resolve) => setTimeout(resolve, Math.max(0, wait)));
    ask([...open.values()].filter((question) => question.part === part % PARTS));
  }
  console.log(`done ${open.size}`);
}
loop.close();
for (const socket of sockets) native.closeDescriptor(socket);
