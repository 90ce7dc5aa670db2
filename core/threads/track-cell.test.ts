import { expect, test } from 'vitest';
import { TrackCell, Verdict, verdictOf, weightOf } from './track-cell.ts';

const CONTENT = {
  verdict: Verdict.Down,
  weight: -30,
  since: 1234.5,
  heldUntil: 7,
  words: 'eth1 has no carrier',
};

test('what is written is read, by whoever has the memory', () => {
  const cell = TrackCell.allocate();
  expect(cell.read()).toEqual({
    verdict: Verdict.None,
    weight: undefined,
    since: 0,
    heldUntil: 0,
    words: '',
  });
  cell.write(CONTENT);
  expect(new TrackCell(cell.buffer).read()).toEqual(CONTENT);
});

test.each([undefined, -253, -1, 0, 1, 253])('a mark has verdict and weight: %s', (weight) => {
  const cell = TrackCell.allocate();
  for (const verdict of [Verdict.None, Verdict.Up, Verdict.Down]) {
    cell.write({ ...CONTENT, verdict, weight });
    expect([verdictOf(cell.mark), weightOf(cell.mark)]).toEqual([verdict, weight]);
  }
});

test('words are one line of bounded length, whole characters alone', () => {
  const cell = TrackCell.allocate();
  cell.write({ ...CONTENT, words: ' a\n\tb\u0000 ' });
  expect(cell.read().words).toBe('a b');
  cell.write({ ...CONTENT, words: 'é'.repeat(500) });
  expect(cell.read().words).toBe('é'.repeat(100));
});

test('every change is another version', () => {
  const cell = TrackCell.allocate();
  const { version } = cell;
  cell.write(CONTENT);
  expect(cell.version).not.toBe(version);
});
