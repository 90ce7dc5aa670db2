import { expect, test } from 'vitest';
import type { Link } from '../plugin/contracts/index.ts';
import { KnownLinks, LinkComparison } from './link-news.ts';

const link = (index: number, name: string, running = true): Link => ({
  ...{ index, name, mac: '02:00:00:00:00:01', up: true, running, ethernet: true },
  ...{ mtu: 1500, type: 'veth', parent: 0, addresses: [] },
});

test('all links once, then what has changed alone', () => {
  const comparison = new LinkComparison();
  const [a, b] = [link(1, 'a'), link(2, 'b')];
  expect(comparison.news([a, b])).toEqual({ links: [a, b] });
  expect(comparison.news([b, a])).toBeUndefined();
  expect(comparison.news([a, link(2, 'b', false)])).toEqual({ links: [link(2, 'b', false)], gone: [] });
  expect(comparison.news([a])).toEqual({ links: [], gone: ['b'] });
  expect(comparison.news([link(1, 'c')])).toEqual({ links: [link(1, 'c')], gone: ['a'] });
});

test('whoever hears all news knows the links as they are', () => {
  const comparison = new LinkComparison();
  const known = new KnownLinks();
  const all = [link(1, 'a'), link(2, 'b')];
  known.hear(comparison.news(all)!);
  expect(known.list()).toBe(known.list());
  expect(known.list()).toEqual(all);
  const swapped = [link(2, 'a'), link(1, 'b')];
  known.hear(comparison.news(swapped)!);
  expect(known.list()).toEqual(swapped);
  known.hear(comparison.news([])!);
  expect(known.list()).toEqual([]);
  known.hear({ links: all }); // another actuator begins anew
  expect(known.list()).toEqual(all);
});
