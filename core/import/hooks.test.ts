import { expect, test } from 'vitest';
import { COUNTERPARTS } from './counterparts.ts';
import { hookTables, type Told } from './hooks.ts';
import type { Note } from './report.ts';
import { type Statement, statementsOf } from './statements.ts';
import { tableText } from './toml.ts';

function statements(...lines: readonly string[]): readonly Statement[] {
  return statementsOf(lines.map((text, index) => ({ text, place: { file: 'k.conf', line: index + 1 } })));
}

/** Tables of these lines, and what there is none for. */
function hooks(lines: readonly string[], told: Told | undefined, scriptUser?: string[]) {
  const notes: Note[] = [];
  const tables = hookTables(statements(...lines), told, { scriptUser, taken: new Set(), notes });
  return { text: tables.map(tableText).join(''), whys: notes.map(({ why }) => why) };
}

const ROUTER: Told = { name: 'VI 1', kind: 'routers', target: 'eth0/51' };

test('each is a program of its own, for its states', () => {
  const { text, whys } = hooks(
    ['notify_master "/etc/n.sh \'a b\' c" nobody nogroup', 'notify_fault /etc/n.sh', 'notify_stop /etc/n.sh'],
    ROUTER,
    ['root'],
  );
  expect(whys).toEqual([]);
  const first = [
    '[[notify]]',
    'name = "VI-1-master"',
    `type = "${COUNTERPARTS.notify}"`,
    'command = [ "/etc/n.sh", "a b", "c" ]',
    'states = [ "master" ]',
    'routers = [ "eth0/51" ]',
    'user = "nobody"',
    'group = "nogroup"',
  ];
  expect(text.split('\n').slice(0, 8)).toEqual(first);
  expect(text).toContain('states = [ "fault", "down" ]\nrouters = [ "eth0/51" ]\nuser = "root"\n');
  expect(text).toContain('states = [ "stop" ]');
});

test('one for all transitions has keepalived’s arguments, and its names', () => {
  const { text } = hooks(['notify "/etc/n.sh x"'], { name: 'G', kind: 'groups', target: 'G' });
  expect(text).toContain('name = "G-all"\n');
  expect(text).toContain('arguments = "keepalived"\nnames = { "G" = "G" }\n');
  expect(text).toContain('groups = [ "G" ]\n');
});

test('two of a name are told apart', () => {
  const { text } = hooks(['notify_backup /a', 'notify_backup /b'], ROUTER);
  expect(text).toContain('name = "VI-1-backup"\n');
  expect(text).toContain('name = "VI-1-backup-2"\n');
});

test('where there is nobody to tell of, or no program: why', () => {
  expect(hooks(['notify_master /a'], undefined).whys).toEqual([
    'there is nobody whose transitions it could tell',
  ]);
  expect(hooks(['notify_master'], ROUTER).whys).toEqual(['names no program']);
});
