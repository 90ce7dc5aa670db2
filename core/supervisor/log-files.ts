/** The log of a daemon in the background: everything in one file, errors in another one as well. */
import { closeSync, constants, fstatSync, openSync } from 'node:fs';
import path from 'node:path';
import type { DaemonConfig } from '../config/model.ts';
import { native } from '../native/index.ts';
import { CodedError } from '../shared/errors.ts';
import { kindOf } from '../shared/read-file.ts';
import { openDestination } from './log.ts';

/** Has pino set `lastLevel` before each `write`. */
const METADATA = Symbol.for('pino.metadata');
/** Severities of pino: `error` and up. */
const ERROR = 50;
const NOWHERE = '/dev/null';
const STANDARD_ERROR = 2;

/** Where the log goes. */
export interface LogPlaces {
  /** Absolute path. */
  readonly main: string;
  /** Absolute path. Absent: none. */
  readonly error?: string;
}

/** `main_log` and `error_log`; relative paths are below the working directory of the process. */
export function logPlaces({ mainLog, errorLog }: Pick<DaemonConfig, 'mainLog' | 'errorLog'>): LogPlaces {
  const main = path.resolve(mainLog);
  return { main, ...(errorLog === undefined ? {} : { error: path.resolve(errorLog) }) };
}

/** A stream for pino. Its files can be changed at any time, nothing logged is lost. */
export class LogFiles {
  readonly [METADATA] = true;
  /** Severity of what is written next. */
  lastLevel = 0;
  private hasStandardError = false;
  private readonly descriptors: { readonly main: number; readonly error: number };
  private readonly main: ReturnType<typeof openDestination>;
  private readonly error: ReturnType<typeof openDestination>;

  /** @throws Error if a file cannot be opened */
  constructor(private places: LogPlaces) {
    this.descriptors = open(places);
    this.main = openDestination(this.descriptors.main);
    this.error = openDestination(this.descriptors.error);
  }

  /** @throws Error if one of them cannot be opened, with its path */
  static check(places: LogPlaces): void {
    const { main, error } = open(places);
    closeSync(main);
    closeSync(error);
  }

  /**
   * Opens the files anew, after they were renamed, or others.
   * @throws Error if one of them cannot be opened; then those before stay in use
   */
  reopen(places: LogPlaces = this.places): void {
    const { main, error } = open(places);
    native.replaceDescriptor(main, this.descriptors.main);
    native.replaceDescriptor(error, this.descriptors.error);
    if (this.hasStandardError) this.takeStandardError(places);
    closeSync(main);
    closeSync(error);
    this.places = places;
  }

  /** What Node.js itself says, should it come to that, goes to the file for errors, or else to the main one. */
  takeStandardError(places: LogPlaces = this.places): void {
    this.hasStandardError = true;
    const { main, error } = this.descriptors;
    native.replaceDescriptor(places.error === undefined ? main : error, STANDARD_ERROR);
  }

  write(line: string): void {
    this.main.write(line);
    if (this.lastLevel >= ERROR) this.error.write(line);
  }

  /** Calls back once everything is written. */
  flush(done: () => void): void {
    this.main.flush(() => this.error.flush(done));
  }
}

function open({ main, error }: LogPlaces): { main: number; error: number } {
  const first = append(main, 'main_log');
  try {
    return { main: first, error: append(error ?? NOWHERE, 'error_log') };
  } catch (failure) {
    closeSync(first);
    throw failure;
  }
}

function append(file: string, directive: string): number {
  const { O_WRONLY, O_APPEND, O_CREAT, O_NONBLOCK, O_NOCTTY } = constants;
  const wrong = (why: string): Error =>
    new CodedError('file-unusable', `${directive} ${JSON.stringify(file)} ${why}`);
  let descriptor: number;
  try {
    // A FIFO that nobody reads would keep us waiting for ever.
    descriptor = openSync(file, O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK | O_NOCTTY, 0o640);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENXIO') throw wrong('is a FIFO or a socket: it must be a regular file');
    throw wrong(`cannot be written: ${code}: change it, or create its folder`);
  }
  const kind = kindOf(fstatSync(descriptor));
  if (kind === undefined || kind === 'device') return descriptor;
  closeSync(descriptor);
  throw wrong(`is a ${kind}: it must be a regular file`);
}
