import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Link } from '../plugin/contracts/index.ts';
import { LinkComparison } from '../threads/link-news.ts';
import { LinkQueue } from './link-queue.ts';

const link = (index: number, name: string, mtu = 1500): Link => ({
  ...{ index, name, mac: '02:00:00:00:00:01', up: true, running: true, ethernet: true },
  ...{ mtu, type: 'veth', parent: 0, addresses: [] },
});

const one = () => 1;

test('a turn takes no more than its budget, and the rest waits', () => {
  const queue = new LinkQueue();
  const links = Array.from({ length: 1000 }, (_, at) => link(at + 1, `v${at}`));
  queue.reset(links);
  queue.hear({ links: links.map((was) => ({ ...was, running: false })), gone: [] });
  const turns: number[] = [];
  while (!queue.isEmpty) turns.push(queue.next(one, 64).names.length);
  expect(Math.max(...turns)).toBe(64);
  expect(turns.reduce((a, b) => a + b)).toBe(1000);
});

test('one that is dearer than a turn is taken alone', () => {
  const queue = new LinkQueue();
  queue.reset([]);
  queue.hear({ links: [link(1, 'a'), link(2, 'b')], gone: [] });
  expect(queue.next(() => 255, 64).names).toEqual(['a']);
  expect(queue.next(() => 255, 64).names).toEqual(['b']);
});

test('a link that flaps while it waits has one turn, as it is then', () => {
  const queue = new LinkQueue();
  queue.reset([link(1, 'a')]);
  queue.hear({ links: [link(1, 'a', 1)], gone: [] });
  queue.hear({ links: [], gone: ['a'] });
  queue.hear({ links: [link(9, 'a', 2)], gone: [] });
  expect(queue.latest()).toEqual([link(9, 'a', 2)]);
  expect(queue.next(one, 64)).toEqual({ names: ['a'], indices: [1] });
  expect(queue.of(['a'])).toEqual([link(9, 'a', 2)]);
  expect(queue.isEmpty).toBe(true);
});

test('those that exchange names have their turn together, however small it is', () => {
  const queue = new LinkQueue();
  queue.reset([link(1, 'a'), link(2, 'b'), link(3, 'c')]);
  queue.hear({ links: [link(2, 'a'), link(3, 'b'), link(1, 'c')], gone: [] });
  expect(queue.next(one, 1).names.sort()).toEqual(['a', 'b', 'c']);
});

test('reading after reading, turn by turn: no index ever has two names, and the end is the last reading', () => {
  const reading = fc
    .uniqueArray(fc.tuple(fc.integer({ min: 1, max: 6 }), fc.constantFrom(...'abcdef')), {
      selector: ([index]) => index,
    })
    .map((pairs) => [...new Map(pairs.map(([index, name]) => [name, link(index, name)])).values()]);
  const step = fc.record({ links: reading, turns: fc.integer({ min: 0, max: 3 }) });
  fc.assert(
    fc.property(reading, fc.array(step, { maxLength: 6 }), (first, steps) => {
      const queue = new LinkQueue();
      const comparison = new LinkComparison();
      queue.hear(comparison.news(first)!);
      const byName = (links: readonly Link[]) => [...links].sort((a, b) => (a.name < b.name ? -1 : 1));
      const turn = () => {
        queue.next(one, 1);
        const indices = queue.of([...'abcdef']).map(({ index }) => index);
        expect(new Set(indices).size).toBe(indices.length);
      };
      let last = first;
      for (const { links, turns } of steps) {
        const news = comparison.news(links);
        if (news) queue.hear(news);
        last = links;
        expect(byName(queue.latest())).toEqual(byName(last));
        for (let i = 0; i < turns && !queue.isEmpty; i++) turn();
      }
      while (!queue.isEmpty) turn();
      expect(byName(queue.latest())).toEqual(byName(last));
    }),
  );
});
