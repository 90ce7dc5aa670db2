/** Whom hooks tell: a program that appends to a file, a web server, a reader of a named pipe. They keep all that they are told. */
import { execFileSync } from 'node:child_process';
import { createHmac } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { NotifyEvent } from '../../core/plugin/contracts/index.ts';
import type { Host } from './host.ts';
import type { Lab } from './lab.ts';
import type { Running } from './running.ts';

const PORT = 8090;

/** Answers each POST after some time, and prints it with its signature. */
const SERVER = `
const server = require('http').createServer((request, response) => {
  let body = '';
  request.on('data', (part) => { body += part; });
  request.on('end', () => {
    console.log(JSON.stringify({ body, signature: request.headers['x-rvrrpd-signature'] ?? null }));
    setTimeout(() => response.writeHead(204).end(), Number(process.argv[1]));
  });
});
server.listen(${PORT}, '127.0.0.1', () => console.log('ready'));
`;

/** What a web server has been posted. */
interface Posted {
  readonly body: string;
  readonly signature: string | null;
}

/** See the file's comment. */
export class HookStage {
  private key: string | undefined;
  /** Of what the reader was told: lines that were counted, and where the next one begins. */
  private count = 0;
  private counted = 0;

  private constructor(
    private readonly lab: Lab,
    private readonly server: Running,
    private readonly reader: Running | undefined,
  ) {}

  /** @param delay of the web server's answers, in ms @param reads somebody reads the pipe */
  static async begin(lab: Lab, host: Host, delay = 0, reads = true): Promise<HookStage> {
    const server = host.start(process.execPath, ['-e', SERVER, '--', String(delay)]);
    await server.waitForOutput(/^ready$/m, 30_000);
    const fifo = path.join(lab.folder, 'told-fifo');
    execFileSync('mkfifo', [fifo]);
    // One that stays, whoever writes and goes.
    const reader = reads ? host.start('sh', ['-c', `exec cat <> '${fifo}'`]) : undefined;
    return new HookStage(lab, server, reader);
  }

  /** A program that is told everything. */
  program({ environment = 'A' }: { readonly environment?: string }): string {
    const command = `printf '%s\\\\n' \\"$RVRRPD_EVENT\\" >> ${this.file('told')}`;
    return `[[notify]]\nname = "program"\ntype = "exec"\ncommand = [ "/bin/sh", "-c", "${command}" ]\nenvironment = { VERSION = "${environment}" }\n`;
  }

  /** A program that is told as keepalived tells its own. What it calls virtual routers is not said. */
  arguments(): string {
    const command = `echo \\"$@\\" >> ${this.file('arguments')}`;
    return `[[notify]]\nname = "arguments"\ntype = "exec"\ncommand = [ "/bin/sh", "-c", "${command}", "sh", "--own" ]\narguments = "keepalived"\n`;
  }

  webhook({ secret }: { readonly secret?: string } = {}): string {
    this.key = secret;
    const signed = secret === undefined ? '' : `secret = "${secret}"\n`;
    return `[[notify]]\nname = "webhook"\ntype = "webhook"\nurl = "http://127.0.0.1:${PORT}/"\n${signed}`;
  }

  fifo(): string {
    return `[[notify]]\nname = "fifo"\ntype = "fifo"\npath = "${this.file('told-fifo')}"\n`;
  }

  /** What the program was told. */
  told(): NotifyEvent[] {
    return this.lines('told').map((line) => JSON.parse(line) as NotifyEvent);
  }

  /** What the web server was told. */
  posted(): NotifyEvent[] {
    return this.requests.map(({ body }) => JSON.parse(body) as NotifyEvent);
  }

  /** How many requests did not have the right signature. */
  get forged(): number {
    const { key } = this;
    if (key === undefined) return this.requests.filter(({ signature }) => signature !== null).length;
    const right = (body: string): string => `sha256=${createHmac('sha256', key).update(body).digest('hex')}`;
    return this.requests.filter(({ body, signature }) => signature !== right(body)).length;
  }

  /** What the reader of the pipe was told. */
  read(): NotifyEvent[] {
    return wholeLines(this.reader?.stdout ?? '').map((line) => JSON.parse(line) as NotifyEvent);
  }

  /** How many lines that is: it may be asked for often. */
  get readLines(): number {
    const text = this.reader?.stdout ?? '';
    for (let end = text.indexOf('\n', this.counted); end >= 0; end = text.indexOf('\n', this.counted)) {
      this.counted = end + 1;
      this.count++;
    }
    return this.count;
  }

  /** The arguments that the program of {@link arguments} was given, a line each time. */
  argumentLines(): string[] {
    return this.lines('arguments');
  }

  private get requests(): Posted[] {
    return wholeLines(this.server.stdout).flatMap((line) =>
      line.startsWith('{') ? (JSON.parse(line) as Posted) : [],
    );
  }

  private file(name: string): string {
    return path.join(this.lab.folder, name);
  }

  private lines(name: string): string[] {
    const file = this.file(name);
    return existsSync(file) ? wholeLines(readFileSync(file, 'utf8')) : [];
  }
}

function wholeLines(text: string): string[] {
  return text.split('\n').slice(0, -1);
}
