/** Asks the running daemon, through its control socket. */
import { access } from 'node:fs/promises';
import { connect } from 'node:net';
import path from 'node:path';
import { SEARCH_FOLDER, SEARCH_PLACES } from '../config/index.ts';
import { CodedError, type ErrorCode } from '../shared/errors.ts';
import type { ControlAnswer, ControlRequest } from '../supervisor/control-messages.ts';

/** The daemon answers within this many ms, or is taken for stuck. Longer than its own patience for a reload. */
const PATIENCE = {
  ...{ status: 10_000, plugins: 10_000, reload: 120_000, resume: 120_000, upgrade: 180_000 },
  // As many as there are, one after the other.
  ...{ standby: 43_200_000, failover: 43_200_000 },
} as const;
/** Characters that an answer may have: some hundred octets for each virtual router. */
const MAX_ANSWER = 64 << 20;

/** There is no daemon for this configuration file in this network namespace. */
export class NotRunning extends CodedError {
  override readonly name = 'NotRunning';

  constructor(message: string) {
    super('no-daemon', message);
  }
}

/** The daemon is there, or may be, but there is no good answer. */
export class ControlError extends CodedError {
  override readonly name = 'ControlError';

  /** @param code `forbidden`: whether it runs cannot be told without root */
  constructor(message: string, code: ErrorCode = 'no-answer') {
    super(code, message);
  }
}

/**
 * The configuration file that a daemon started with the same arguments would read.
 * @returns its absolute path; undefined if there is no `named` one and none in the default places
 */
export async function findConfiguration(named?: string): Promise<string | undefined> {
  if (named !== undefined) return path.resolve(named);
  for (const place of SEARCH_PLACES.map((each) => path.join(SEARCH_FOLDER, each))) {
    if (await exists(place)) return place;
  }
  return undefined;
}

/** Whether there is such a file. */
export function exists(file: string): Promise<boolean> {
  return access(file).then(
    () => true,
    () => false,
  );
}

/**
 * Sends one request and waits for its answer.
 * @param socket path of the control socket
 * @returns `result` of the answer
 * @throws NotRunning, ControlError
 */
export async function ask(socket: string, request: ControlRequest): Promise<unknown> {
  const line = await exchange(socket, request, PATIENCE[request.command]);
  const answer = JSON.parse(line) as ControlAnswer;
  if (!answer.ok) throw new ControlError(answer.error, answer.code);
  return answer.result;
}

function exchange(socket: string, request: ControlRequest, patience: number): Promise<string> {
  return new Promise((resolve, reject) => {
    const connection = connect(socket);
    const parts: string[] = [];
    let length = 0;
    const timer = setTimeout(() => {
      reject(new ControlError(`rvrrpd does not answer within ${patience / 1000} s`));
      connection.destroy();
    }, patience);
    connection.setEncoding('utf8');
    connection.on('data', (text: string) => {
      parts.push(text);
      length += text.length;
      if (!text.includes('\n') && length <= MAX_ANSWER) return;
      resolve(parts.join('').split('\n')[0]!);
      connection.destroy();
    });
    connection.on('error', (error: NodeJS.ErrnoException) => reject(explain(error)));
    connection.on('close', () => {
      clearTimeout(timer);
      reject(new ControlError('rvrrpd has ended, or has too many requests, and gave no answer'));
    });
    connection.write(`${ascii(JSON.stringify(request))}\n`);
  });
}

/** JSON without characters that have more than one octet: names of interfaces may have some. */
function ascii(json: string): string {
  return json.replace(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

function explain(error: NodeJS.ErrnoException): Error {
  switch (error.code) {
    case 'ENOENT':
    case 'ECONNREFUSED':
      return new NotRunning('rvrrpd is not running');
    case 'EACCES':
      return new ControlError('permission denied: only root and rvrrpd’s own user may ask it', 'forbidden');
    case 'ECONNRESET':
    case 'EPIPE':
      return new ControlError('rvrrpd has ended, or has too many requests, and gave no answer');
    default:
      return new ControlError(`cannot reach rvrrpd: ${error.message}`);
  }
}
