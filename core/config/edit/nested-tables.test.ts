import { expect, test } from 'vitest';
import { add, change, edited, remove } from './test-edit.ts';

// `[[vrouter.route]]` and its like stand behind their `[[vrouter]]`, and are a part of it.

const TEXT = `[[vrouter]]
group = 1
interface = "eth0"
vip = "10.0.0.1"

[[vrouter.route]]
to = "default" # the way out
via = "10.0.0.9"

[[vrouter.rule]]
priority = 5
table = 9

[[vrouter]]
group = 2
interface = "eth0"
vip = "10.0.0.2"

[[vrouter.route]]
to = "192.0.2.0/24"
via = "10.0.0.8"
`;

test('a directive of the virtual router gets in front of its tables', () => {
  const text = edited(TEXT, change(1, { priority: 5 }));
  expect(text).toBe(TEXT.replace('vip = "10.0.0.1"\n', 'vip = "10.0.0.1"\npriority = 5\n'));
});

test('with the virtual router its tables go', () => {
  const text = edited(TEXT, remove(1));
  expect(text).not.toMatch(/the way out|priority = 5|group = 1/);
  expect(text).toMatch(/group = 2[\s\S]*192\.0\.2\.0/);
  expect(edited(TEXT, remove(2))).toMatch(/group = 1[\s\S]*the way out[\s\S]*table = 9\n*$/);
});

test('one more virtual router with some', () => {
  const table = { group: 3, interface: 'eth0', vip: '10.0.0.3', rule: [{ priority: 7, type: 'prohibit' }] };
  const text = edited(TEXT, add(table));
  expect(text.startsWith(TEXT.trimEnd())).toBe(true);
  expect(text).toMatch(/group = 3[\s\S]*priority = 7/);
});
