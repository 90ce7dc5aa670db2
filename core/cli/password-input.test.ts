import { EventEmitter } from 'node:events';
import { Readable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import {
  askPassword,
  LineEditor,
  NoPassword,
  readPasswordLine,
  type TerminalInput,
} from './password-input.ts';

describe('LineEditor', () => {
  const type = (text: string) => new LineEditor().type(text);
  test.each([
    ['banana\r', { line: 'banana' }],
    ['banana\n', { line: 'banana' }],
    ['two words\r', { line: 'two words' }],
    ['banax\x7fna\r', { line: 'banana' }],
    ['banax\bna\r', { line: 'banana' }],
    ['\x7f\x7fbanana\r', { line: 'banana' }],
    ['🍌é\x7fe\r', { line: '🍌e' }],
    ['🍌\x7fx\r', { line: 'x' }],
    ['wrong\x15banana\r', { line: 'banana' }],
    ['ban\x1b[Aana\x1b[3~\r', { line: 'banana' }],
    ['ban\tana\x01\r', { line: 'banana' }],
    ['\r', { line: '' }],
    ['banana\x04', { line: 'banana' }],
    ['\x04', 'ended'],
    ['banana\x03\r', 'interrupted'],
    ['banana', 'typing'],
  ])('%j', (text, result) => {
    expect(type(text)).toEqual(result);
  });

  test('goes on from one chunk to the next', () => {
    const editor = new LineEditor();
    for (const chunk of ['ba', 'nx', '\x7f', 'ana']) expect(editor.type(chunk)).toBe('typing');
    expect(editor.type('\r')).toEqual({ line: 'banana' });
  });
});

/** A terminal at which somebody types each text as an answer, once it is asked for. */
function terminal(...answers: readonly (string | Buffer)[]) {
  const keyboard = new EventEmitter();
  const waiting = [...answers];
  const seen = { raw: false, everRaw: [] as boolean[], screen: '' };
  const input = Object.assign(keyboard, {
    setRawMode: (raw: boolean) => {
      seen.raw = raw;
      return input;
    },
    resume: () => input,
    pause: () => input,
  }) as unknown as TerminalInput;
  const write = (text: string | Uint8Array): boolean => {
    seen.screen += String(text);
    if (String(text).endsWith(': ')) {
      seen.everRaw.push(seen.raw);
      const answer = waiting.shift();
      setImmediate(() => {
        if (answer === undefined) keyboard.emit('end');
        else keyboard.emit('data', Buffer.from(answer));
      });
    }
    return true;
  };
  return { input, output: { write } as Pick<NodeJS.WritableStream, 'write'>, seen };
}

describe('askPassword', () => {
  test('asks twice with the echo off, and leaves it on', async () => {
    const { input, output, seen } = terminal('banana\r', 'banana\r');
    expect(await askPassword(input, output)).toBe('banana');
    expect(seen.screen).toBe('Password: \nThe same again: \n');
    expect(seen.everRaw).toEqual([true, true]);
    expect(seen.raw).toBe(false);
  });

  test.each([
    ['another second time', ['banana\r', 'bananas\r'], 'the two passwords differ'],
    ['none', ['\r'], 'must not be empty'],
    ['Ctrl-C', ['ban\x03'], 'interrupted'],
    ['Ctrl-C at the second', ['banana\r', '\x03'], 'interrupted'],
    ['Ctrl-D', ['\x04'], 'no password given'],
    ['the terminal goes away', [], 'the terminal is gone'],
  ])('%s', async (_, answers, message) => {
    const { input, output, seen } = terminal(...answers);
    const refusal = await askPassword(input, output).then(String, (error: Error) => error);
    expect(refusal).toBeInstanceOf(NoPassword);
    expect((refusal as Error).message).toContain(message);
    expect((refusal as Error).message).not.toContain('banana');
    expect(seen.raw).toBe(false);
  });
});

describe('readPasswordLine', () => {
  const read = (...chunks: readonly string[]) =>
    readPasswordLine(Readable.from(chunks.map((chunk) => Buffer.from(chunk, 'latin1'))));
  const latin1 = (text: string) => Buffer.from(text).toString('latin1');

  test.each([
    [['banana\n'], 'banana'],
    [['banana'], 'banana'],
    [['banana\r\n'], 'banana'],
    [['ban', 'ana\nmore\n'], 'banana'],
    [[' two words \n'], ' two words '],
    [[latin1('🍌').slice(0, 2), latin1('🍌').slice(2)], '🍌'],
    [['x'.repeat(4096)], 'x'.repeat(4096)],
  ])('%j', async (chunks, password) => {
    expect(await read(...chunks)).toBe(password);
  });

  test.each([
    [[], 'it is empty'],
    [[''], 'it is empty'],
    [['\nbanana\n'], 'it is empty'],
    [['x'.repeat(4097)], 'must not be longer than 4096 octets'],
  ])('%j is none', async (chunks, message) => {
    await expect(read(...chunks)).rejects.toThrow(message);
    await expect(read(...chunks)).rejects.toThrow(NoPassword);
  });
});
