import { rmSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { ChangeRequest } from '../plugin/contracts/index.ts';
import { temporaryPath } from '../shared/replace-file.ts';
import { State } from '../threads/state-table.ts';
import { configurationTag } from './source.ts';
import { changing, TEXT } from './test/changing.ts';
import { enter } from './test/stage.ts';

const LAN1 = { interface: 'lan', group: 1 };

/** A change of the priority of virtual router 1. */
function priority(value: unknown, more: Partial<ChangeRequest> = {}): ChangeRequest {
  return { changes: [{ op: 'change-router', router: LAN1, patch: { priority: value } }], ...more };
}

test('a change comes into force, and then into the file, comments kept', async () => {
  const { changer, daemon, lines, manager, names, read, threads } = await changing();
  const before = configurationTag(daemon.start.source);
  const engine = threads.named('engine 1');
  engine.manner = { handOver: 'hang' };
  const whenRoutersGoOver = (async () => {
    while (engine.told('hand-over') === 0) await new Promise(setImmediate);
    const files = { text: read(), names: names().sort() };
    engine.says({ type: 'stopped' });
    return files;
  })();
  const outcome = await changer.perform(priority(150, { by: 'carol', onlyIf: before }));
  const tag = configurationTag(daemon.start.source);
  expect(outcome).toMatchObject({ ok: true, tag, issues: [] });
  expect(tag).not.toBe(before);
  const ready = { text: TEXT, names: ['.rvrrpd.toml.rvrrpd-new', 'rvrrpd.toml'] };
  expect(await whenRoutersGoOver).toEqual(ready);
  expect(read()).toBe(TEXT.replace('priority = 100 # low', 'priority = 150 # low'));
  expect(names()).toEqual(['rvrrpd.toml']);
  expect(daemon.start.config.virtualRouters[0]!.priority).toBe(150);
  expect(daemon.info).toMatchObject({ generation: 2, lastReload: { ok: true, issues: [] } });
  expect(lines[0]).toBe('info: carol asks for: change priority of group 1 on lan');
  expect(lines.at(-1)).toMatch(/^info: changed: /);
  expect(manager.reloading).toHaveBeenCalledTimes(1);
});

test('a dry run, and a change that changes nothing, start no generation', async () => {
  const { changer, daemon, read } = await changing();
  const tried = await changer.perform(priority(150, { dryRun: true }));
  expect(tried).toMatchObject({ ok: true, tag: configurationTag(daemon.start.source) });
  expect(await changer.perform(priority(100))).toMatchObject({ ok: true });
  expect(read()).toBe(TEXT);
  expect(daemon.info).toMatchObject({ generation: 1, lastReload: null });
});

test('a temporary change leaves the file alone; a lasting one after it is made to both texts', async () => {
  const { changer, daemon, read, reloader } = await changing();
  expect(await changer.perform(priority(150, { temporary: true }))).toMatchObject({ ok: true });
  expect(read()).toBe(TEXT);
  expect(daemon.start.config.virtualRouters[0]!.priority).toBe(150);
  const debug: ChangeRequest = { changes: [{ op: 'set', path: ['debug'], value: 2 }] };
  expect(await changer.perform(debug)).toMatchObject({ ok: true });
  expect(read()).toBe(TEXT.replace('debug = 1', 'debug = 2'));
  expect(daemon.start.config).toMatchObject({ debug: 2, virtualRouters: [{ priority: 150 }, {}] });
  await reloader.reload();
  expect(daemon.start.config).toMatchObject({ debug: 2, virtualRouters: [{ priority: 100 }, {}] });
});

test('a lasting change must be right without the temporary ones too: the next start has none', async () => {
  const { changer, daemon, read } = await changing();
  const vip = (group: number, address: string): ChangeRequest['changes'] => [
    { op: 'change-router', router: { interface: 'lan', group }, patch: { vip: address } },
  ];
  expect(await changer.perform({ changes: vip(2, '192.0.2.22'), temporary: true })).toMatchObject({
    ok: true,
  });
  expect(await changer.perform({ changes: vip(1, '192.0.2.2') })).toMatchObject({
    ...{ ok: false, reason: 'invalid', code: 'config-invalid' },
  });
  expect(read()).toBe(TEXT);
  expect(daemon.info.generation).toBe(2);
});

const REFUSALS: readonly {
  readonly what: string;
  readonly request: unknown;
  readonly refusal: { readonly reason: string; readonly code: string };
}[] = [
  {
    what: 'no request at all',
    request: { changes: 1 },
    refusal: { reason: 'invalid', code: 'request-invalid' },
  },
  {
    what: 'another configuration than the client read',
    request: priority(150, { onlyIf: 'old' }),
    refusal: { reason: 'stale', code: 'config-stale' },
  },
  {
    what: 'no such router',
    request: { changes: [{ op: 'remove-router', router: { interface: 'lan', group: 9 } }] },
    refusal: { reason: 'missing', code: 'router-missing' },
  },
  {
    what: 'a router that is there already',
    request: { changes: [{ op: 'add-router', table: { group: 2, interface: 'lan', vip: '192.0.2.9' } }] },
    refusal: { reason: 'exists', code: 'router-exists' },
  },
  {
    what: 'no such tracker',
    request: { changes: [{ op: 'remove-entry', list: 'track', name: 'x' }] },
    refusal: { reason: 'missing', code: 'entry-missing' },
  },
  {
    what: 'a value that is wrong',
    request: priority(999),
    refusal: { reason: 'invalid', code: 'config-invalid' },
  },
  {
    what: 'a fail-over of who is not Master',
    request: { changes: [], failOver: [LAN1] },
    refusal: { reason: 'conflict', code: 'router-state' },
  },
  {
    what: 'a fail-over of a router that there is not',
    request: { changes: [], failOver: [{ interface: 'lan', group: 9 }] },
    refusal: { reason: 'missing', code: 'router-missing' },
  },
];

test.each(REFUSALS)('$what is refused, and changes nothing', async ({ request, refusal }) => {
  const { changer, daemon, names, read, threads } = await changing();
  expect(await changer.perform(request as ChangeRequest)).toMatchObject({ ok: false, ...refusal });
  expect(read()).toBe(TEXT);
  expect(names()).toEqual(['rvrrpd.toml']);
  expect(threads.all).toHaveLength(2);
  expect(daemon.info).toMatchObject({ generation: 1, lastReload: null });
});

test('what is wrong is told one by one', async () => {
  const { changer } = await changing();
  const outcome = await changer.perform(priority(999));
  expect(outcome).toMatchObject({
    ...{ message: 'the configuration would have errors' },
    issues: [{ severity: 'error', directive: 'vrouter[0].priority', value: '999' }],
  });
});

test('a router that another process runs is refused', async () => {
  const { changer, twins, threads } = await changing();
  twins.fault = 'taken';
  expect(await changer.perform(priority(150))).toMatchObject({
    ...{ ok: false, reason: 'conflict', code: 'router-taken', message: 'taken' },
  });
  expect(threads.all).toHaveLength(2);
});

test('a file that was edited by hand and not reloaded is not overwritten', async () => {
  const { changer, read, reloader, write, threads } = await changing();
  const edited = `${TEXT}# mine\n`;
  write(edited);
  expect(await changer.perform(priority(150))).toMatchObject({
    ...{ ok: false, reason: 'conflict', code: 'config-edited' },
  });
  expect(read()).toBe(edited);
  expect(threads.all).toHaveLength(2);
  // Unless it stays out of the file, or the edit is in force.
  expect(await changer.perform(priority(150, { temporary: true }))).toMatchObject({ ok: true });
  await reloader.reload();
  expect(await changer.perform(priority(150))).toMatchObject({ ok: true });
  expect(read()).toBe(edited.replace('priority = 100', 'priority = 150'));
});

test('a file that cannot be read any more is not written', async () => {
  const { changer, file, names, threads } = await changing();
  rmSync(file);
  expect(await changer.perform(priority(150))).toMatchObject({
    ...{ ok: false, reason: 'failed', message: expect.stringContaining(`${file} cannot be read: ENOENT`) },
  });
  expect(names()).toEqual([]);
  expect(threads.all).toHaveLength(2);
});

test('a change that a worker refuses leaves file and generation as they were', async () => {
  const { changer, daemon, lines, names, read, threads } = await changing();
  threads.manners = { actuator: { load: 'fail' } };
  expect(await changer.perform(priority(150))).toMatchObject({
    ...{ ok: false, reason: 'failed', code: 'plugin-refused', message: 'actuator 2 cannot' },
  });
  expect(read()).toBe(TEXT);
  expect(names()).toEqual(['rvrrpd.toml']);
  expect(threads.alive).toEqual(['engine 1', 'actuator 1']);
  expect(lines.at(-1)).toBe('error: not changed: actuator 2 cannot; everything runs on as before');
  expect(daemon.info).toMatchObject({
    ...{ generation: 1, lastReload: { ok: false, code: 'plugin-refused', error: 'actuator 2 cannot' } },
  });
});

/** Something happens to the files while the routers go over. */
async function meanwhile(happens: (stage: Awaited<ReturnType<typeof changing>>) => void) {
  const made = await changing();
  const { daemon, files } = made;
  files.use.mockImplementationOnce(() => happens(made));
  const outcome = await made.changer.perform(priority(150));
  return { ...made, outcome, daemon };
}

test('a file that cannot be renamed: the configuration before is brought back into force', async () => {
  const { daemon, lines, names, outcome, read, threads } = await meanwhile(({ file }) =>
    rmSync(temporaryPath(file)),
  );
  expect(outcome).toMatchObject({
    ok: false,
    reason: 'failed',
    message: expect.stringContaining('replaced'),
  });
  expect(read()).toBe(TEXT);
  expect(names()).toEqual(['rvrrpd.toml']);
  expect(daemon.start.config.virtualRouters[0]!.priority).toBe(100);
  expect(daemon.info.generation).toBe(3);
  expect(threads.alive).toEqual(['engine 3', 'actuator 3']);
  expect(threads.named('engine 3').succession).toMatchObject({ slots: [0, 1] });
  expect(lines).toContain('info: a service asks for: back to what it was');
});

test('a file that somebody edits meanwhile keeps the edit', async () => {
  const edited = `${TEXT}# mine\n`;
  const { daemon, outcome, names, read } = await meanwhile(({ write }) => write(edited));
  expect(outcome).toMatchObject({ ok: false, reason: 'conflict', code: 'config-edited' });
  expect(read()).toBe(edited);
  expect(names()).toEqual(['rvrrpd.toml']);
  expect(daemon.start.config.virtualRouters[0]!.priority).toBe(100);
});

test('a reload that is asked for during a change reads what the change has written', async () => {
  const { changer, daemon, read, reloader } = await changing();
  const change = changer.perform(priority(150));
  const reload = reloader.reload();
  const second = changer.perform(priority(160));
  expect(await change).toMatchObject({ ok: true });
  expect(await reload).toMatchObject({ ok: true });
  expect(await second).toMatchObject({ ok: true });
  expect(daemon.info.generation).toBe(4);
  expect(read()).toContain('priority = 160 # low');
});

test('of two changes to the same configuration the second is stale', async () => {
  const { changer, daemon, read } = await changing();
  const onlyIf = configurationTag(daemon.start.source);
  const outcomes = await Promise.all([150, 160].map((value) => changer.perform(priority(value, { onlyIf }))));
  expect(outcomes).toMatchObject([{ ok: true }, { ok: false, reason: 'stale' }]);
  expect(read()).toContain('priority = 150');
});

test('a fail-over is an order to the running engine', async () => {
  const { changer, daemon, lines, read, threads } = await changing();
  enter(threads.named('engine 1'), 1, State.Master);
  const failOver = [{ interface: 'lan', group: 2 }];
  expect(await changer.perform({ changes: [], failOver })).toMatchObject({ ok: true });
  expect(threads.named('engine 1').orders.at(-1)).toEqual({ type: 'fail-over', slots: [1] });
  expect(daemon.info.generation).toBe(1);
  expect(read()).toBe(TEXT);
  expect(lines[0]).toBe('info: a service asks for: fail over group 2 on lan');
});

test('trackers and groups: into force, and into the file', async () => {
  const { changer, daemon, lines, read } = await changing();
  const both = ['lan/1', 'lan/2'];
  const added: ChangeRequest = {
    changes: [
      { op: 'add-entry', list: 'track', table: { name: 'flag', type: 'file', path: '/run/flag' } },
      { op: 'add-entry', list: 'sync', table: { name: 'gw', routers: both, track: ['flag'] } },
    ],
  };
  expect(await changer.perform(added)).toMatchObject({ ok: true, issues: [] });
  expect(daemon.start.config).toMatchObject({
    trackers: [{ name: 'flag' }],
    virtualRouters: [{ sync: 'gw' }, {}],
  });
  expect(read()).toBe(
    `${TEXT}\n[[track]]\nname = "flag"\ntype = "file"\npath = "/run/flag"\n` +
      '\n[[sync]]\nname = "gw"\nrouters = ["lan/1", "lan/2"]\ntrack = ["flag"]\n',
  );
  expect(lines[0]).toBe('info: a service asks for: add tracker flag; add group gw');
  expect(
    await changer.perform({ changes: [{ op: 'remove-entry', list: 'track', name: 'flag' }] }),
  ).toMatchObject({
    ...{ ok: false, reason: 'invalid', issues: [{ directive: 'sync[0].track[0]' }] },
  });
  const gone: ChangeRequest['changes'] = [
    { op: 'change-entry', list: 'sync', name: 'gw', patch: { track: null } },
    { op: 'remove-entry', list: 'track', name: 'flag' },
  ];
  expect(await changer.perform({ changes: gone })).toMatchObject({ ok: true });
  expect(read()).not.toContain('flag');
});

test('one that the same change removes is not told to fail over', async () => {
  const { changer, threads } = await changing();
  enter(threads.named('engine 1'), 0, State.Master);
  const request: ChangeRequest = { changes: [{ op: 'remove-router', router: LAN1 }], failOver: [LAN1] };
  expect(await changer.perform(request)).toMatchObject({
    ...{ ok: false, reason: 'conflict', message: expect.stringContaining('leave it out of the fail-over') },
  });
});

test('a stop during a change: it is refused, and the file stays as it was', async () => {
  const { changer, daemon, names, read, threads } = await changing();
  threads.manners = { engine: { load: 'hang' } };
  const change = changer.perform(priority(150));
  while (threads.all.length < 4) await new Promise(setImmediate);
  const stopped = daemon.stop();
  expect(await change).toMatchObject({ ok: false, reason: 'failed', code: 'stopping' });
  await stopped;
  expect(read()).toBe(TEXT);
  expect(names()).toEqual(['rvrrpd.toml']);
  expect(threads.alive).toEqual([]);
});

test('what is asked for is logged without values: they may be secrets', async () => {
  const { changer, lines } = await changing();
  const changes: ChangeRequest['changes'] = [
    { op: 'set', path: ['debug'] },
    { op: 'set', path: ['main_log'], value: '/dev/null' },
    { op: 'add-router', table: { group: 3, interface: 'lan', vip: '192.0.2.3', auth_secret: 'hidden' } },
    { op: 'remove-router', router: { interface: 'lan', group: 2 } },
  ];
  const outcome = await changer.perform({ changes, temporary: true });
  expect(outcome).toMatchObject({ ok: true });
  expect(lines[0]).toBe(
    'info: a service asks for: remove debug; set main_log; add group 3 on lan; remove group 2 on lan (temporary)',
  );
  expect(lines.join()).not.toContain('hidden');
});
