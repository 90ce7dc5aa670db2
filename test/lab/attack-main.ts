/**
 * Opens many connections and does with them what no proper client would: an {@link Attack} a line of JSON on
 * standard input, what comes of it as lines of JSON. For {@link Attacker}.
 */
import { connect, type Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { connect as connectTls } from 'node:tls';
import { type Attack, type Outcome, PATIENCE } from './attacker.ts';

/** Octets of an answer that are kept between two pieces, so that a status line in two pieces is found. */
const CARRY = 'HTTP/1.1 20'.length;
/** ms; a drip that is faster writes as soon as the last one has gone. */
const AT_ONCE = 0;

/** One connection of an attack. */
class Connection {
  readonly statuses: string[] = [];
  opened = false;
  ended = false;
  /** ms from the beginning of the attack. */
  end = 0;
  readonly socket: Socket;
  private carry = '';
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly attack: Attack,
    index: number,
    changed: (connection: Connection) => void,
  ) {
    const { to, from, tls } = attack;
    const target = { ...to, localAddress: from[index % from.length]! };
    this.socket = tls ? connectTls({ ...target, rejectUnauthorized: false }) : connect(target);
    this.socket.once(tls ? 'secureConnect' : 'connect', () => {
      this.opened = true;
      this.send(index);
      changed(this);
    });
    this.socket.on('error', () => {}); // refused or reset: `close` follows
    this.socket.once('close', () => {
      clearInterval(this.timer);
      this.ended = true;
      changed(this);
    });
    if (attack.deaf) this.socket.pause();
    else this.socket.on('data', (octets: Buffer) => this.read(octets.toString('latin1')));
  }

  stop(): void {
    this.socket.destroy();
  }

  private send(index: number): void {
    const { send = [], drip, halfClose, resetAfter, connections = 1 } = this.attack;
    const first = send[index % send.length];
    const reset = (): void => void this.socket.resetAndDestroy();
    // Once the octets are on their way, or they would go with the connection; spread evenly, not at random.
    const written = (): void => {
      if (resetAfter === 0) reset();
      else if (resetAfter !== undefined) setTimeout(reset, (resetAfter * index) / connections);
    };
    if (first === undefined) written();
    else this.socket.write(Buffer.from(first, 'base64'), written);
    if (halfClose) this.socket.end();
    if (drip === undefined) return;
    const octets = Buffer.from(drip.octets, 'base64');
    if (drip.everyMs !== AT_ONCE) {
      this.timer = setInterval(() => this.socket.writable && this.socket.write(octets), drip.everyMs);
      return;
    }
    const pour = (): void => {
      while (this.socket.writable && this.socket.write(octets));
    };
    this.socket.on('drain', pour);
    pour();
  }

  private read(text: string): void {
    const all = this.carry + text;
    for (const [, status] of all.matchAll(/HTTP\/1\.1 (\d{3})/g)) this.statuses.push(status!);
    // No status line may be counted twice.
    this.carry = all.slice(Math.max(all.lastIndexOf('HTTP/1.1 ') + 1, all.length - CARRY));
  }
}

/** `200`, `200×16`, `401 408`; `none`. */
function summary(statuses: readonly string[]): string {
  const runs: { status: string; count: number }[] = [];
  for (const status of statuses) {
    const last = runs.at(-1);
    if (last?.status === status) last.count++;
    else runs.push({ status, count: 1 });
  }
  return runs.map(({ status, count }) => (count === 1 ? status : `${status}×${count}`)).join(' ') || 'none';
}

function run(id: number, attack: Attack): void {
  const begin = performance.now();
  const count = attack.connections ?? 1;
  let waiting = count;
  let left = count;
  const say = (message: object): void => void process.stdout.write(`${JSON.stringify({ id, ...message })}\n`);
  const seen = new WeakSet<Connection>();
  const changed = (connection: Connection): void => {
    if (!seen.has(connection)) {
      seen.add(connection);
      if (--waiting === 0) say({ opened: true });
    }
    if (!connection.ended) return;
    connection.end = performance.now() - begin;
    if (--left === 0) finish();
  };
  const all = Array.from({ length: count }, (_, index) => new Connection(attack, index, changed));
  const timer = setTimeout(() => finish(), PATIENCE);
  function finish(): void {
    clearTimeout(timer);
    endings.delete(id);
    const ended = all.filter((each) => each.ended);
    const answers: Record<string, number> = {};
    for (const { statuses } of all) answers[summary(statuses)] = (answers[summary(statuses)] ?? 0) + 1;
    const outcome: Outcome = {
      answers,
      open: count - ended.length,
      longest: Math.max(0, ...ended.map(({ end }) => end)),
      sent: all.reduce((sum, { socket }) => sum + socket.bytesWritten, 0),
    };
    left = -1; // connections that end now are our own doing
    for (const connection of all) connection.stop();
    say({ outcome });
  }
  endings.set(id, finish);
}

/** What ends each attack that goes on. */
const endings = new Map<number, () => void>();

createInterface({ input: process.stdin }).on('line', (line) => {
  const { id, attack } = JSON.parse(line) as { id: number; attack?: Attack };
  if (attack === undefined) endings.get(id)?.();
  else run(id, attack);
});
process.stdout.write('ready\n');
