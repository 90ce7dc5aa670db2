/** HTTP requests exactly as given: no path is normalised, no header left out, any method has a body. */
import type { Host } from '../lab/host.ts';
import type { Running } from '../lab/running.ts';

/** A request. */
export interface RawRequest {
  readonly method: string;
  /** Path and query, as it goes over the wire; characters up to U+00FF, an octet each. */
  readonly target: string;
  /** In this order, names may repeat. `Host` and, where there can be a body, `Content-Length` are added. */
  readonly headers?: readonly (readonly [name: string, value: string])[];
  readonly body?: string | Uint8Array;
  /** Address that it comes from. Default: as the kernel chooses. */
  readonly from?: string;
}

/** Its answer. */
export interface RawAnswer {
  readonly status: number;
  /** Names in lower case; of several of the same name, all, with commas between. */
  readonly headers: Readonly<Record<string, string>>;
  /** Of an event stream: its beginning. */
  readonly text: string;
}

/** Runs in the host: a request a line, an answer a line. The first argument is the port. */
const MAIN = `
const http = require('node:http');
const agent = new http.Agent({ keepAlive: true, maxSockets: 8 });
const tell = (answer) => process.stdout.write(JSON.stringify(answer) + '\\n');
require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
  const { id, method, target, headers, body, from } = JSON.parse(line);
  let done = false;
  const finish = (answer) => { if (!done) { done = true; tell({ id, ...answer }); } };
  const request = http.request({ host: '127.0.0.1', port: process.argv[1], method, path: target, headers, agent,
    timeout: 20000, ...(from && { localAddress: from }) }, (response) => {
    const chunks = [];
    const answer = () => ({ status: response.statusCode, text: Buffer.concat(chunks).toString(),
      headers: Object.fromEntries(Object.entries(response.headers).map(([name, value]) => [name, String(value)])) });
    response.on('data', (chunk) => {
      chunks.push(chunk);
      if (/event-stream/.test(response.headers['content-type'])) { finish(answer()); request.destroy(); }
    });
    response.on('end', () => finish(answer()));
    response.on('error', (error) => finish({ error: String(error) }));
  });
  request.on('error', (error) => finish({ error: String(error) }));
  request.on('timeout', () => { finish({ error: 'no answer' }); request.destroy(); });
  request.end(body === undefined ? undefined : Buffer.from(body, 'base64'));
});`;

/** A client on a host, for an API that listens on its 127.0.0.1. */
export class RawClient {
  private readonly process: Running;
  private lastId = 0;
  private unread = '';
  private readonly waiting = new Map<number, (answer: RawAnswer & { readonly error?: string }) => void>();

  constructor(
    host: Host,
    private readonly port: number,
  ) {
    this.process = host.start(process.execPath, ['-e', MAIN, String(port)], { input: true });
    this.process.child.stdout!.on('data', (text: string) => this.read(text));
  }

  /** How many requests were sent. */
  get sent(): number {
    return this.lastId;
  }

  /** @throws Error if there is no answer */
  async send(request: RawRequest): Promise<RawAnswer> {
    const id = ++this.lastId;
    const { method, target, headers = [], body, from } = request;
    const expected = ['POST', 'PUT', 'PATCH'].includes(method);
    const octets = body === undefined && !expected ? undefined : Buffer.from(body ?? '');
    const all = [['Host', `127.0.0.1:${this.port}`], ...headers];
    if (octets !== undefined) all.push(['Content-Length', String(octets.length)]);
    const message = { id, method, target, headers: all.flat(), body: octets?.toString('base64'), from };
    const answer = new Promise<RawAnswer & { readonly error?: string }>((resolve) =>
      this.waiting.set(id, resolve),
    );
    this.process.child.stdin!.write(`${JSON.stringify(message)}\n`);
    const { error, ...rest } = await answer;
    if (error !== undefined) throw new Error(`${method} ${target}: ${error}`);
    return rest;
  }

  private read(text: string): void {
    const lines = `${this.unread}${text}`.split('\n');
    this.unread = lines.pop()!;
    for (const line of lines) {
      const { id, ...answer } = JSON.parse(line) as RawAnswer & { readonly id: number };
      this.waiting.get(id)?.(answer);
      this.waiting.delete(id);
    }
  }
}
