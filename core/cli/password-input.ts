/** Reads a password: from a terminal without showing it, or a line of standard input. */
import { StringDecoder } from 'node:string_decoder';
import { stripVTControlCharacters } from 'node:util';

/** No password came of it; the message says why. */
export class NoPassword extends Error {
  override readonly name = 'NoPassword';
}

/** What is typed on a terminal whose own line editing is off. */
export class LineEditor {
  private characters: string[] = [];

  /** @returns what the typed characters amount to: still typing, or a whole line, or none */
  type(text: string): { readonly line: string } | 'typing' | 'interrupted' | 'ended' {
    // A cursor key sends an escape sequence: its letters are none of the password.
    for (const character of stripVTControlCharacters(text)) {
      switch (character) {
        case '\r':
        case '\n':
          return { line: this.characters.join('') };
        case '\x03': // Ctrl-C
          return 'interrupted';
        case '\x04': // Ctrl-D
          return this.characters.length === 0 ? 'ended' : { line: this.characters.join('') };
        case '\x7f': // backspace
        case '\b':
          this.characters.pop();
          break;
        case '\x15': // Ctrl-U: kill
          this.characters = [];
          break;
        default:
          if (character >= ' ') this.characters.push(character);
      }
    }
    return 'typing';
  }
}

/** The part of a terminal's input that matters here. */
export type TerminalInput = Pick<NodeJS.ReadStream, 'on' | 'off' | 'setRawMode' | 'resume' | 'pause'>;

/**
 * Asks on a terminal, twice.
 * @param output where the questions go: not standard output, which is for the result
 * @throws NoPassword if the two differ, are empty, or whoever types gives up
 */
export async function askPassword(
  input: TerminalInput,
  output: Pick<NodeJS.WritableStream, 'write'>,
): Promise<string> {
  const password = await askHidden('Password: ', input, output);
  if (password === '') throw new NoPassword('the password must not be empty');
  if ((await askHidden('The same again: ', input, output)) !== password) {
    throw new NoPassword('the two passwords differ: nothing is made of them');
  }
  return password;
}

/**
 * Asks for a line on a terminal once, without showing it.
 * @param output where the question goes
 * @throws NoPassword if whoever types gives up
 */
export function askHidden(
  question: string,
  input: TerminalInput,
  output: Pick<NodeJS.WritableStream, 'write'>,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const editor = new LineEditor();
    const decoder = new StringDecoder('utf8'); // a character may come in two parts
    const done = (settle: () => void): void => {
      input.off('data', onData);
      input.off('end', onEnd);
      input.setRawMode(false);
      input.pause();
      output.write('\n');
      settle();
    };
    const onData = (chunk: Buffer): void => {
      const result = editor.type(decoder.write(chunk));
      if (result === 'typing') return;
      if (typeof result === 'object') done(() => resolve(result.line));
      else done(() => reject(new NoPassword(result === 'interrupted' ? 'interrupted' : 'no password given')));
    };
    const onEnd = (): void => done(() => reject(new NoPassword('no password given: the terminal is gone')));
    // The echo goes off before the question appears: whoever types at once is not seen either.
    input.setRawMode(true);
    input.on('data', onData);
    input.on('end', onEnd);
    input.resume();
    output.write(question);
  });
}

/** Octets. Whatever is longer is no password, but a wrong file. */
const LONGEST_LINE = 4096;

/**
 * The first line of a stream, without its end.
 * @throws NoPassword if there is none, or an empty one, or a very long one
 */
export async function readPasswordLine(input: AsyncIterable<Buffer | string>): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of input) {
    const bytes = Buffer.from(chunk);
    chunks.push(bytes);
    length += bytes.length;
    if (bytes.includes('\n') || length > LONGEST_LINE) break;
  }
  const line = Buffer.concat(chunks).toString('utf8').split('\n')[0]!.replace(/\r$/, '');
  if (line === '') throw new NoPassword('the first line of standard input must be the password: it is empty');
  if (Buffer.byteLength(line) > LONGEST_LINE) {
    throw new NoPassword(`the password must not be longer than ${LONGEST_LINE} octets`);
  }
  return line;
}
