import { expect, test } from 'vitest';
import {
  contentOf,
  essentialOf,
  octetSection,
  ourReads,
  plainOf,
  plainSection,
  readableBy,
  SECTIONS,
  unreadable,
} from './sections.ts';

const message = (sections: Parameters<typeof readableBy>[1]) => ({
  ...{ type: 'offer', fields: {}, descriptors: 0 },
  sections,
});

test('the same version reads everything', () => {
  expect(unreadable(ourReads())).toEqual([]);
});

test('what another version does not know is left out, unless it cannot do without', () => {
  const { peers: _, ...without } = ourReads();
  expect(unreadable(without)).toEqual([]);
  const sections = [plainSection('peers', []), plainSection('links', [])];
  expect(readableBy(without, sections).map(({ name }) => name)).toEqual(['links']);
  expect(unreadable({ ...ourReads(), table: 0, links: 0 })).toEqual([
    `table ${SECTIONS.table.version}`,
    `links ${SECTIONS.links.version}`,
  ]);
});

test('a newer version reads older ones', () => {
  const reads = Object.fromEntries(Object.keys(ourReads()).map((name) => [name, 9]));
  expect(unreadable({ ...reads, future: 1 })).toEqual([]);
});

test('what is of a version that we do not read counts as not there', () => {
  const newer = { ...plainSection('links', [1]), version: SECTIONS.links.version + 1 };
  expect(plainOf(message([newer]), 'links')).toBeUndefined();
  expect(() => essentialOf(message([newer]), 'links')).toThrow('"links"');
  expect(essentialOf(message([plainSection('links', [1])]), 'links')).toEqual([1]);
  expect(contentOf(message([octetSection('table', Buffer.from('x'))]), 'table')).toEqual(Buffer.from('x'));
});
