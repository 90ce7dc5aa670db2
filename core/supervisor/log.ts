/** The daemon's log: readable lines on a terminal, JSON lines otherwise. */
import pino, { type DestinationStream, type Logger } from 'pino';
import type { DaemonConfig } from '../config/model.ts';
import { formatTime } from './time.ts';

export type { Logger } from 'pino';

/** Octets that may wait for a reader who does not read; what comes after them is lost, not waited for. */
const BACKLOG = 8 << 20;

/** What the log needs of the configuration. */
export type LogSettings = Pick<DaemonConfig, 'debug' | 'timeZone' | 'timeFormat'>;

/** Settings in force: a process has one log. */
let current: LogSettings = { debug: 0, timeZone: 'local', timeFormat: 'disabled' };

/**
 * The log on a descriptor. Writing never blocks the thread.
 *
 * `debug` 0 logs information, warnings and errors; 1 and 2 add `debug` lines; 3 and up add `trace` lines; 5
 * moreover tells of every advertisement.
 */
export async function openLog(
  settings: LogSettings,
  descriptor = 1,
  terminal = process.stdout.isTTY === true,
): Promise<Logger> {
  const destination = openDestination(descriptor);
  return logTo(terminal ? await readable(destination) : destination, settings);
}

/** A stream that writes readable lines. What it takes is loaded where it is needed: never in a service's daemon. */
async function readable(destination: DestinationStream): Promise<DestinationStream> {
  const { default: pretty } = await import('pino-pretty');
  return pretty({
    destination,
    colorize: true,
    translateTime: false,
    ignore: 'pid,hostname,interface,group,from,to,cause,reason,peer,package',
    singleLine: true,
  });
}

/** What could not be written is tried again after so many ms. */
const RETRY = 250;

/**
 * A stream to a descriptor that nothing behind it can end or stop the daemon with: what cannot be written, say
 * to a full disk, waits until it can.
 */
export function openDestination(fd: number): ReturnType<typeof pino.destination> {
  const destination = pino.destination({ fd, sync: false, maxLength: BACKLOG });
  // At the end of the process it would try for ever to write what is left.
  const flushSync = destination.flushSync.bind(destination);
  let retry: NodeJS.Timeout | undefined;
  destination.on('error', () => {
    destination.flushSync = () => {};
    if (retry) return;
    // By itself it would wait for the next line, which may be days away.
    retry = setTimeout(() => {
      retry = undefined;
      destination.write('');
    }, RETRY).unref();
  });
  destination.on('write', () => {
    destination.flushSync = flushSync;
  });
  return destination;
}

/**
 * The log in files: JSON lines.
 * @param files takes the lines, see log-files.ts
 */
export function openFileLog(settings: LogSettings, files: DestinationStream): Logger {
  return logTo(files, settings);
}

function logTo(stream: DestinationStream, settings: LogSettings): Logger {
  current = settings;
  return pino(
    {
      level: levelOf(settings),
      base: { pid: process.pid },
      timestamp: () => `,"time":"${formatTime(Date.now(), current.timeZone, current.timeFormat)}"`,
      formatters: { level: (label) => ({ level: label }) },
    },
    stream,
  );
}

/** A log of warnings and worse for who prints them: each message by itself. */
export function warningsTo(tell: (message: string) => void): Logger {
  const write = (line: string): void => tell((JSON.parse(line) as { readonly msg: string }).msg);
  return pino({ level: 'warn', base: null, timestamp: false }, { write });
}

/** Brings other settings into force. */
export function adjustLog(log: Logger, settings: LogSettings): void {
  current = settings;
  log.level = levelOf(settings);
}

function levelOf({ debug }: LogSettings): 'info' | 'debug' | 'trace' {
  if (debug === 0) return 'info';
  return debug <= 2 ? 'debug' : 'trace';
}

/** Waits until everything logged is written, but no longer than `timeout` ms. */
export function flushLog(log: Logger, timeout: number): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, timeout);
    log.flush(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}
