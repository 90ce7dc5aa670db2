/**
 * The line between two processes of which one takes over from the other: a stream for messages, and a socket beside it
 * for descriptors, which are sent first. When one of the processes is gone, however it ended, the line is cut.
 */
import { Socket } from 'node:net';
import { native } from '../../native/index.ts';
import { CodedError, type ErrorReport, errorOf, messageOf } from '../../shared/errors.ts';
import { encodeMessage, type Message, MessageReader, type Section } from './frame.ts';

/** The line was cut: the other process is gone. */
export class LineCut extends CodedError {
  override readonly name = 'LineCut';

  constructor(message = 'the other process has ended') {
    super('worker-failed', message);
  }
}

/** A message with the descriptors that came with it, which are ours now. */
export interface Received extends Omit<Message, 'descriptors'> {
  readonly descriptors: readonly number[];
}

/** See the file's comment. */
export class Line {
  /** Resolves once it is cut. */
  readonly cut: Promise<void>;
  private isCut = false;
  private readonly reader = new MessageReader();
  private readonly waiting: Received[] = [];
  private fault: Error | undefined;
  private hear: (() => void) | undefined;

  /**
   * @param stream for messages
   * @param rights a connected Unix socket for descriptors
   */
  constructor(
    private readonly stream: Socket,
    private readonly rights: number,
  ) {
    this.cut = new Promise((resolve) => {
      stream.once('close', () => {
        this.isCut = true;
        native.closeDescriptor(rights);
        resolve();
        this.hear?.();
      });
    });
    stream.on('error', () => {}); // 'close' follows
    stream.on('data', (piece: Buffer) => this.take(piece));
    stream.on('end', () => stream.destroy()); // what has come before is read already
  }

  /** The side of a process that was started for this. */
  static inherited(stream: number, rights: number): Line {
    return new Line(new Socket({ fd: stream, readable: true, writable: true, allowHalfOpen: false }), rights);
  }

  /** Whether it is cut. */
  get over(): boolean {
    return this.isCut;
  }

  /** Sends a message; if the line is cut, nothing happens. @throws Error if descriptors cannot be passed on */
  send(
    type: string,
    fields: Readonly<Record<string, unknown>> = {},
    sections: readonly Section[] = [],
    descriptors: readonly number[] = [],
  ): void {
    if (this.isCut) return;
    if (descriptors.length > 0) native.sendDescriptors(this.rights, descriptors);
    this.stream.write(encodeMessage({ type, fields, sections, descriptors: descriptors.length }));
  }

  /**
   * Waits for the next message.
   * @param wanted types of it; any other is against the rules
   * @throws LineCut; the error that the other side has reported by a message `failed`
   */
  async next(...wanted: readonly string[]): Promise<Received> {
    for (;;) {
      const message = this.waiting.shift();
      if (message?.type === 'failed') throw errorOf(message.fields as unknown as ErrorReport);
      if (message && wanted.includes(message.type)) return message;
      if (message) throw new Error(`the other process said ${message.type}, not ${wanted.join(' or ')}`);
      if (this.fault) throw this.fault;
      if (this.isCut) throw new LineCut();
      await new Promise<void>((resolve) => {
        this.hear = resolve;
      });
    }
  }

  /** Cuts it. */
  close(): void {
    this.stream.destroy();
  }

  /** Resolves once everything that was sent is on its way. */
  flushed(): Promise<void> {
    return new Promise((resolve) => {
      if (this.isCut || this.stream.writableLength === 0) resolve();
      else this.stream.write('', () => resolve());
    });
  }

  private take(piece: Buffer): void {
    if (this.fault) return;
    try {
      for (const { descriptors, ...message } of this.reader.push(piece)) {
        const taken = descriptors > 0 ? native.receiveDescriptors(this.rights, descriptors) : [];
        this.waiting.push({ ...message, descriptors: taken });
      }
    } catch (error) {
      this.fault = new CodedError('failed', messageOf(error));
    }
    this.hear?.();
  }
}
