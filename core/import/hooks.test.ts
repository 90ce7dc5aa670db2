import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, test } from 'vitest';
import { describeIssue } from '../supervisor/issues.ts';
import { prepare } from '../supervisor/prepare.ts';
import { importKeepalived } from './convert.ts';
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

test('one that a shell runs hands its arguments on', () => {
  const { text } = hooks(['notify "/etc/n.sh 2>&1 | logger"', 'notify_fault "/etc/n.sh >/dev/null"'], ROUTER);
  expect(text).toContain(
    'command = [ "/bin/sh", "-c", "/etc/n.sh 2>&1 | logger \\"$@\\"", "/bin/sh" ]  # has what',
  );
  expect(text).toContain('command = [ "/bin/sh", "-c", "/etc/n.sh >/dev/null" ]  # has what');
});

/** Two instances, of one virtual router group each. */
const CONFIGURATION = `
global_defs {
    script_user nobody nogroup
    notify_fifo /run/all.fifo
    vrrp_notify_fifo "/run/vrrp.fifo" root root
    notify_fifo_script /etc/reader.sh
}
vrrp_sync_group G {
    group { VI_1 VI_2 }
    notify "/etc/group.sh "two words""
    notify_stop /etc/stop.sh
}
vrrp_sync_group alone {
    group { VI_3 }
    notify /etc/alone.sh
    notify_master /etc/alone-master.sh
}
vrrp_instance VI_1 {
    interface eth0
    virtual_router_id 1
    virtual_ipaddress { 10.0.0.1 }
    notify_master "/etc/n.sh 'a b' c" root
    notify_backup "echo b | logger"
    notify_fault fault.sh
    notify_stop "/etc/n.sh stop" root root
    notify "/etc/n.sh" 65534 65534
    notify_deleted
    notify_master_rx_lower_pri /etc/lower.sh
}
vrrp_instance VI_2 {
    interface eth1
    virtual_router_id 1
    virtual_ipaddress { fe80::1 }
    notify "/etc/n.sh; true"
}
vrrp_instance VI_3 {
    interface eth1
    virtual_router_id 1
    virtual_ipaddress { 10.0.0.3 }
    notify_master
}
`;

test('every form passes the check of the real schema', async () => {
  const { text = '', faults } = importKeepalived('k.conf', 'main', {
    read: () => CONFIGURATION,
    names: () => [],
  });
  expect(faults).toEqual([]);
  const folder = mkdtempSync(path.join(tmpdir(), 'import-hooks-'));
  try {
    const file = path.join(folder, 'rvrrpd.toml');
    writeFileSync(file, text, { mode: 0o600 });
    const { start, issues } = await prepare(file, {});
    expect(issues.filter(({ severity }) => severity !== 'notice').map(describeIssue)).toEqual([]);
    expect(start?.config.hooks?.map(({ name }) => name)).toEqual([
      ...['VI_1-master', 'VI_1-backup', 'VI_1-fault', 'VI_1-stop', 'VI_1-all', 'VI_2-all'],
      ...['G-all', 'G-stop', 'alone-all', 'alone-master', 'notify_fifo', 'vrrp_notify_fifo'],
    ]);
  } finally {
    rmSync(folder, { recursive: true });
  }
  const names = '{ "eth0/1" = "VI_1", "eth1/1/ipv6/v3" = "VI_2", "eth1/1/ipv4/v2" = "VI_3", "G" = "G" }';
  expect(text).toContain(`path = "/run/all.fifo"\nformat = "lines"\nnames = ${names}\n`);
  expect(text).toContain('arguments = "keepalived"  # INSTANCE, not GROUP: it has one member');
  expect(text).toContain('names = { "eth1/1/ipv4/v2" = "alone" }');
  for (const why of [
    'line 5: vrrp_notify_fifo /run/vrrp.fifo root root: a pipe that is not there is made',
    'line 6: notify_fifo_script /etc/reader.sh: nothing is started that reads the pipe',
    'notify_deleted: a virtual router that has gone',
    'notify_master_rx_lower_pri /etc/lower.sh: is no transition',
    'notify_master: names no program',
  ])
    expect(text).toContain(why);
});

test('a pipe needs a path', () => {
  const text = `global_defs {\nnotify_fifo f\n}\n${CONFIGURATION}`;
  const { text: made } = importKeepalived('k.conf', 'main', { read: () => text, names: () => [] });
  expect(made).toContain('line 2: notify_fifo f: names no pipe by its absolute path');
});
