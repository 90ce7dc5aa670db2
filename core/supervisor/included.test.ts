import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import type { ChangeRequest } from '../plugin/contracts/index.ts';
import { isTemporary } from './source.ts';
import { changing, TEXT } from './test/changing.ts';

// A configuration of several files, while it is changed and reloaded.

const THREE = `[[vrouter]]
group = 3
interface = "lan"
vip = "192.0.2.3"
`;

/** Two virtual routers in the main file, one in another. */
async function stage() {
  const made = await changing();
  const folder = path.join(made.folder, 'conf.d');
  mkdirSync(folder);
  const file = (name: string): string => path.join(folder, name);
  const put = (name: string, text: string): void => writeFileSync(file(name), text);
  put('3.toml', THREE);
  made.write(`include = ["conf.d/*.toml"]\n${TEXT}`);
  expect(await made.reloader.reload()).toMatchObject({ ok: true, issues: [] });
  const groups = (): number[] => made.daemon.start.config.virtualRouters.map(({ vrid }) => vrid);
  return { ...made, folder, file, put, groups, readIn: (name: string) => readFileSync(file(name), 'utf8') };
}

function priority(group: number, value: number, more: Partial<ChangeRequest> = {}): ChangeRequest {
  const router = { interface: 'lan', group };
  return { changes: [{ op: 'change-router', router, patch: { priority: value } }], ...more };
}

test('a change is written to the file that it is about, and to no other', async () => {
  const { changer, daemon, readIn, read, folder } = await stage();
  const before = read();
  expect(await changer.perform(priority(3, 150))).toMatchObject({ ok: true, issues: [] });
  expect(readIn('3.toml')).toBe(`${THREE}priority = 150\n`);
  expect([read(), readdirSync(folder)]).toEqual([before, ['3.toml']]);
  expect(daemon.start.config.virtualRouters[2]!.priority).toBe(150);
  expect(await changer.perform(priority(1, 140))).toMatchObject({ ok: true });
  expect(read()).toBe(before.replace('priority = 100', 'priority = 140'));
});

test('a change that concerns two files is written to both, or to none', async () => {
  const { changer, readIn, read, folder } = await stage();
  const changes = [...priority(1, 140).changes, ...priority(3, 150).changes];
  expect(await changer.perform({ changes })).toMatchObject({ ok: true });
  expect([read(), readIn('3.toml')]).toEqual([
    expect.stringContaining('priority = 140 # low') as string,
    `${THREE}priority = 150\n`,
  ]);
  expect(readdirSync(folder)).toEqual(['3.toml']);
});

test('a temporary change leaves the files alone, and a lasting one after it', async () => {
  const { changer, daemon, readIn, reloader } = await stage();
  expect(await changer.perform(priority(3, 150, { temporary: true }))).toMatchObject({ ok: true });
  expect([readIn('3.toml'), isTemporary(daemon.start.source)]).toEqual([THREE, true]);
  const preemption: ChangeRequest['changes'] = [
    { op: 'change-router', router: { interface: 'lan', group: 3 }, patch: { preemption: true } },
  ];
  expect(await changer.perform({ changes: preemption })).toMatchObject({ ok: true });
  expect(readIn('3.toml')).toBe(`${THREE}preemption = true\n`);
  expect(daemon.start.config.virtualRouters[2]).toMatchObject({ priority: 150, preempt: true });
  await reloader.reload();
  expect(daemon.start.config.virtualRouters[2]).toMatchObject({ priority: 100, preempt: true });
});

test('an included file that was edited by hand and not reloaded is not overwritten, nor is it passed over', async () => {
  const { changer, put, readIn, reloader, read } = await stage();
  put('3.toml', `${THREE}# mine\n`);
  const before = read();
  for (const group of [1, 3]) {
    expect(await changer.perform(priority(group, 150))).toMatchObject({
      ...{ ok: false, reason: 'conflict', code: 'config-edited' },
      message: expect.stringMatching(/conf\.d\/3\.toml was edited since it was loaded/) as string,
    });
  }
  expect([read(), readIn('3.toml')]).toEqual([before, `${THREE}# mine\n`]);
  await reloader.reload();
  expect(await changer.perform(priority(3, 150))).toMatchObject({ ok: true });
  expect(readIn('3.toml')).toContain('# mine\n');
});

test('a reload sees files that were added and removed', async () => {
  const { put, file, reloader, groups } = await stage();
  expect(groups()).toEqual([1, 2, 3]);
  put('4.toml', THREE.replaceAll('3', '4').replace('192.0.2.4', '192.0.2.44'));
  expect(await reloader.reload()).toMatchObject({ ok: true });
  expect(groups()).toEqual([1, 2, 3, 4]);
  rmSync(file('3.toml'));
  expect(await reloader.reload()).toMatchObject({ ok: true });
  expect(groups()).toEqual([1, 2, 4]);
  put('4.toml', 'debug = 1\n');
  const outcome = await reloader.reload();
  expect(outcome).toMatchObject({ ok: false });
  expect(outcome.issues.join()).toMatch(
    /conf\.d\/4\.toml:1: debug: is set already in .*rvrrpd\.toml:3: must be/,
  );
  expect(groups()).toEqual([1, 2, 4]);
});

test('an included file that is gone: the change says so', async () => {
  const { changer, file } = await stage();
  rmSync(file('3.toml'));
  expect(await changer.perform(priority(1, 150))).toMatchObject({ ok: false, reason: 'failed' });
});
