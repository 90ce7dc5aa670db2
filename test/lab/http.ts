/** HTTP requests from within a host of the lab. */
import type { Host } from './host.ts';
import type { Running } from './running.ts';
import { eventually } from './wait.ts';

/** What to ask for. */
export interface HttpRequest {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as it is; objects as JSON. */
  readonly body?: unknown;
}

/** The answer. */
export interface HttpAnswer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** `Set-Cookie`, one each. */
  readonly cookies: readonly string[];
  readonly text: string;
  /** The body, if it is JSON. */
  readonly json: unknown;
}

/** Runs in the host: a request a line, an answer a line. */
const MAIN = `
process.env.NODE_TLS_REJECT_UNAUTHORIZED = '0'; process.removeAllListeners('warning');
require('node:readline').createInterface({ input: process.stdin }).on('line', async (line) => {
  const { id, url, init } = JSON.parse(line);
  let answer;
  try {
    const response = await fetch(url, { ...init, redirect: 'manual' });
    answer = { status: response.status, headers: Object.fromEntries(response.headers),
      cookies: response.headers.getSetCookie(), text: await response.text() };
  } catch (error) { answer = { error: String(error.cause ?? error) }; }
  process.stdout.write(JSON.stringify({ id, ...answer }) + '\\n');
});`;

/** A client on a host. */
export class HttpClient {
  private readonly process: Running;
  private lastId = 0;
  private read = 0;
  private readonly answers = new Map<number, Readonly<Record<string, unknown>>>();
  /** Sent with every request. */
  headers: Readonly<Record<string, string>> = {};

  /** @param base `http://127.0.0.1:7080` */
  constructor(
    host: Host,
    private readonly base: string,
  ) {
    this.process = host.start(process.execPath, ['-e', MAIN], { input: true });
  }

  /** @throws Error if there is no answer */
  async request(path: string, request: HttpRequest = {}): Promise<HttpAnswer> {
    const id = ++this.lastId;
    const { method = 'GET', body } = request;
    const json = body !== undefined && typeof body !== 'string';
    const headers = {
      ...(json && { 'content-type': 'application/json' }),
      ...this.headers,
      ...request.headers,
    };
    const init = {
      method,
      headers,
      ...(body === undefined ? {} : { body: json ? JSON.stringify(body) : body }),
    };
    this.process.child.stdin!.write(`${JSON.stringify({ id, url: this.base + path, init })}\n`);
    const answer = await eventually(`the answer to ${method} ${path}`, 30_000, () => this.take(id), 5);
    if (answer.error !== undefined) throw new Error(`${method} ${path}: ${String(answer.error)}`);
    const { status, text, cookies } = answer as unknown as HttpAnswer;
    const type = (answer.headers as Readonly<Record<string, string>>)['content-type'] ?? '';
    const parsed: unknown = /\bjson\b/.test(type) && text !== '' ? JSON.parse(text) : undefined;
    return { status, headers: answer.headers as HttpAnswer['headers'], cookies, text, json: parsed };
  }

  /** Logs in with a password; every request from then on carries the token. */
  async logIn(user: string, passwd: string): Promise<void> {
    const { status, json, text } = await this.request('/auth', { method: 'POST', body: { user, passwd } });
    if (status !== 200) throw new Error(`log-in of ${user}: ${status} ${text}`);
    this.headers = { ...this.headers, authorization: `Bearer ${(json as { token: string }).token}` };
  }

  private take(id: number): Readonly<Record<string, unknown>> | undefined {
    const end = this.process.stdout.lastIndexOf('\n') + 1;
    for (const line of this.process.stdout.slice(this.read, end).split('\n')) {
      if (line === '') continue;
      const answer = JSON.parse(line) as Readonly<Record<string, unknown>>;
      this.answers.set(answer.id as number, answer);
    }
    this.read = end;
    const answer = this.answers.get(id);
    this.answers.delete(id);
    return answer;
  }
}
