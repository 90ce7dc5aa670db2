import { rmSync } from 'node:fs';
import { expect, test } from 'vitest';
import { changing, TEXT } from './test/changing.ts';

const MORE = TEXT.replace('priority = 100', 'priority = 7');

test('a reload reads the file again, and everybody hears how it went', async () => {
  const { daemon, files, lines, log, manager, reloader, write } = await changing();
  write(MORE.replace('debug = 1', 'debug = 3'));
  const outcome = await reloader.reload();
  expect(outcome).toEqual({ time: expect.any(String), ok: true, issues: [] });
  expect(daemon.lastReload).toBe(outcome);
  expect(daemon.start.config.virtualRouters[0]!.priority).toBe(7);
  expect(daemon.start.places.journal).toBe('/run/x.journal');
  expect(log.level).toBe('trace');
  expect(lines).toEqual(['info: reloaded: 2 Init']);
  expect(manager.reloading.mock.invocationCallOrder[0]).toBeLessThan(
    files.reopen.mock.invocationCallOrder[0]!,
  );
  expect(manager.reloaded).toHaveBeenCalledExactlyOnceWith('2 Init');
});

test('who asks while one is under way waits for the next one, all together', async () => {
  const { daemon, reloader } = await changing();
  const first = reloader.reload();
  await new Promise(setImmediate);
  const [second, third] = [reloader.reload(), reloader.reload()];
  expect(second).toBe(third);
  expect(second).not.toBe(first);
  await second;
  expect(daemon.info.generation).toBe(3);
});

test('a configuration with errors: all of them are told, and nothing is started', async () => {
  const { applier, daemon, file, lines, reloader, threads, write } = await changing();
  write(TEXT.replace('priority = 100', 'priority = 999').replace('debug = 1', 'debug = 9'));
  const outcome = await reloader.reload();
  expect(outcome).toMatchObject({
    ...{ ok: false, error: 'the configuration has errors', code: 'config-invalid' },
    issues: [`error: ${file}:2`, `error: ${file}:8`].map((start) => expect.stringContaining(start)),
  });
  expect(threads.all).toHaveLength(2);
  expect(daemon.info.generation).toBe(1);
  expect(lines).toHaveLength(3);
  expect(lines.at(-1)).toBe(
    'error: not reloaded: the configuration has errors; everything runs on as before',
  );
  expect(applier.summary).toBe(`reload failed: the configuration has errors: ${outcome.issues[0]}; 2 Backup`);
});

test('a file that is not there any more', async () => {
  const { daemon, file, reloader } = await changing();
  rmSync(file);
  expect(await reloader.reload()).toMatchObject({
    ...{ ok: false, code: 'config-invalid', issues: [expect.stringContaining(file)] },
  });
  expect(daemon.info.generation).toBe(1);
});

test('log files that cannot be used call a reload off before anything is started', async () => {
  const { files, reloader, threads } = await changing();
  files.check.mockImplementationOnce(() => {
    throw new Error('main_log is a folder');
  });
  expect(await reloader.reload()).toMatchObject({ ok: false, error: 'main_log is a folder', code: 'failed' });
  expect(threads.all).toHaveLength(2);
});

test('log files that fail later, or cannot be opened anew, are told, and the reload goes on', async () => {
  const { daemon, files, lines, reloader } = await changing();
  files.reopen.mockImplementationOnce(() => {
    throw new Error('no space');
  });
  files.use.mockImplementationOnce(() => {
    throw new Error('gone');
  });
  expect(await reloader.reload()).toMatchObject({ ok: true });
  expect(lines.slice(0, 2)).toEqual(['error: no space', 'error: gone']);
  expect(daemon.info.generation).toBe(2);
});

test('what stays as it was until the next start is told', async () => {
  const { lines, reloader, write } = await changing();
  write(`pid = "/run/other.pid"\n${TEXT}`);
  expect(await reloader.reload()).toMatchObject({ ok: true });
  expect(lines).toContain('warn: "pid" and "working_dir" stay as they were until the next start');
});

test('what is configured and does not run is an issue of a reload that went well', async () => {
  const { applier, daemon, reloader } = await changing();
  daemon.trouble('control', 'no socket');
  expect(await reloader.reload()).toMatchObject({ ok: true, issues: ['error: no socket'] });
  expect(applier.summary).toBe('not running: no socket; 2 Init');
});

test('a service that takes long to begin keeps the outcome waiting, but no crashed worker and no stop', async () => {
  const { daemon, reloader, threads, write } = await changing();
  write(`${TEXT}\n[api]\nhost = "127.0.0.1:1"\n`);
  threads.manners = { service: { go: 'hang' } };
  let over = false;
  const reload = reloader.reload().finally(() => {
    over = true;
  });
  while (!threads.journal.includes('service 1: go')) await new Promise(setImmediate);
  threads.named('engine 2').crash();
  while (daemon.info.generation < 3) await new Promise(setImmediate);
  expect(over).toBe(false);
  await daemon.stop();
  expect(await reload).toMatchObject({ ok: true });
  expect(threads.alive).toEqual([]);
});
