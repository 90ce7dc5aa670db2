import { expect, test } from 'vitest';
import { encodeMessage, type Message, MessageReader } from './frame.ts';

const MESSAGES: readonly Message[] = [
  { type: 'hello', fields: { version: '0.3.0', größe: 1 }, sections: [], descriptors: 0 },
  {
    type: 'offer',
    fields: {},
    sections: [
      { name: 'table', version: 1, content: Buffer.from([0, 1, 2, 255]) },
      { name: 'empty', version: 7, content: Buffer.alloc(0) },
      { name: 'text', version: 2, content: Buffer.from('ü') },
    ],
    descriptors: 3,
  },
];
const STREAM = Buffer.concat(MESSAGES.map(encodeMessage));

test.each([1, 7, 13, 64, STREAM.length])('messages come back from pieces of %i octets', (size) => {
  const reader = new MessageReader();
  const read: Message[] = [];
  for (let at = 0; at < STREAM.length; at += size) read.push(...reader.push(STREAM.subarray(at, at + size)));
  expect(read).toEqual(MESSAGES);
});

test('what is no message is refused', () => {
  expect(() => new MessageReader().push(Buffer.from('GET / HTTP/1.1\r\n'))).toThrow(
    'no message of an upgrade',
  );
});

test('sections that are not as long as they say are refused', () => {
  const octets = encodeMessage(MESSAGES[1]!);
  const wrong = Buffer.from(octets.toString('latin1').replace('"length":4', '"length":5'), 'latin1');
  expect(() => new MessageReader().push(wrong)).toThrow('not as long as it says');
});
