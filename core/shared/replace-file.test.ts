import { spawn } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { replaceFault, stageFile, temporaryPath } from './replace-file.ts';

let folder: string;
let file: string;

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'replace-file-')));
  file = join(folder, 'x.conf');
  writeFileSync(file, 'old', { mode: 0o640 });
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const left = () => readdirSync(folder).sort();

describe('stage', () => {
  test('then commit', async () => {
    const staged = await stageFile(file, 'new €\n');
    expect(readFileSync(file, 'utf8')).toBe('old');
    expect(left()).toEqual(['.x.conf.rvrrpd-new', 'x.conf']);
    await staged.commit();
    expect(readFileSync(file, 'utf8')).toBe('new €\n');
    expect(left()).toEqual(['x.conf']);
    await staged.discard();
    await expect(staged.commit()).rejects.toThrow(
      `${file} cannot be replaced: the new text has been given up`,
    );
    expect(readFileSync(file, 'utf8')).toBe('new €\n');
  });

  test('then discard', async () => {
    const staged = await stageFile(file, 'new');
    await staged.discard();
    await staged.discard();
    expect(left()).toEqual(['x.conf']);
    expect(readFileSync(file, 'utf8')).toBe('old');
    await expect(staged.commit()).rejects.toThrow('the new text has been given up');
  });

  test('what a crash has left is removed, and not followed if it is a link', async () => {
    const victim = join(folder, 'victim');
    writeFileSync(victim, 'untouched');
    symlinkSync(victim, temporaryPath(file));
    await (await stageFile(file, 'new')).commit();
    expect(readFileSync(victim, 'utf8')).toBe('untouched');
    expect(lstatSync(file).isSymbolicLink()).toBe(false);
    writeFileSync(temporaryPath(file), 'left', { mode: 0o666 });
    await (await stageFile(file, 'newer')).commit();
    expect(readFileSync(file, 'utf8')).toBe('newer');
    expect(left()).toEqual(['victim', 'x.conf']);
  });

  test('a second time takes the place of the first', async () => {
    const first = await stageFile(file, 'first');
    const second = await stageFile(file, 'second');
    await expect(first.commit()).rejects.toThrow('something else has taken the place of the new text');
    expect(readFileSync(file, 'utf8')).toBe('old');
    await second.commit();
    expect(readFileSync(file, 'utf8')).toBe('second');

    const third = await stageFile(file, 'third');
    const fourth = await stageFile(file, 'fourth');
    await third.discard();
    await fourth.commit();
    expect(readFileSync(file, 'utf8')).toBe('fourth');
  });

  test('a symbolic link stays one', async () => {
    const elsewhere = join(folder, 'elsewhere');
    mkdirSync(elsewhere);
    const real = join(elsewhere, 'real.conf');
    writeFileSync(real, 'old');
    const link = join(folder, 'link.conf');
    symlinkSync('elsewhere/real.conf', link);
    const staged = await stageFile(link, 'new');
    expect(readdirSync(elsewhere).sort()).toEqual(['.real.conf.rvrrpd-new', 'real.conf']);
    await staged.commit();
    expect(lstatSync(link).isSymbolicLink()).toBe(true);
    expect(readFileSync(real, 'utf8')).toBe('new');
    expect(readdirSync(elsewhere)).toEqual(['real.conf']);
  });
});

describe('owner and mode stay', () => {
  // Only root can give a file away; whoever else runs this test keeps what is his own.
  const [uid, gid] = process.getuid?.() === 0 ? [12_345, 23_456] : [process.getuid!(), process.getgid!()];

  test.each([0o600, 0o640, 0o644, 0o400, 0o4755])('%o', async (mode) => {
    chownSync(file, uid, gid);
    chmodSync(file, mode);
    const umask = process.umask(0o077);
    const staged = await stageFile(file, 'new');
    process.umask(umask);
    const states = [statSync(temporaryPath(file))];
    await staged.commit();
    states.push(statSync(file));
    for (const state of states) {
      expect({ mode: state.mode & 0o7777, uid: state.uid, gid: state.gid }).toEqual({ mode, uid, gid });
    }
  });

  test('at no moment can anybody read it who could not read the old one', async () => {
    chownSync(file, uid, gid);
    chmodSync(file, 0o600);
    const umask = process.umask(0);
    let looking = true;
    const modes = new Set<number>();
    const look = async (): Promise<void> => {
      while (looking) {
        if (existsSync(temporaryPath(file))) {
          try {
            modes.add(lstatSync(temporaryPath(file)).mode & 0o7777);
          } catch {} // it has just been renamed
        }
        await new Promise((resolve) => setImmediate(resolve));
      }
    };
    const looked = look();
    for (let round = 0; round < 20; round++) await (await stageFile(file, 'x'.repeat(100_000))).commit();
    looking = false;
    await looked;
    process.umask(umask);
    expect([...modes]).toEqual([0o600]);
  });
});

describe('what cannot be replaced', () => {
  test.each<[string, () => string, string]>([
    ['no file', () => join(folder, 'none'), 'ENOENT: there is no such file'],
    ['a folder', () => folder, 'is no regular file'],
    ['a device', () => '/dev/null', 'is no regular file'],
    [
      'a name that leaves no room for another one',
      () => {
        const long = join(folder, 'n'.repeat(250));
        writeFileSync(long, '');
        return long;
      },
      'ENAMETOOLONG: name too long',
    ],
    [
      'a folder in the way',
      () => {
        mkdirSync(temporaryPath(file));
        return file;
      },
      'cannot be replaced: E',
    ],
  ])('%s', async (_, make, message) => {
    const path = make();
    const before = left();
    const error: unknown = await stageFile(path, 'new').catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(Error);
    expect((error as Error).message).toContain(`${path} cannot be replaced: `);
    expect((error as Error).message).toContain(message);
    expect(left()).toEqual(before);
    expect(readFileSync(file, 'utf8')).toBe('old');
  });

  test('the folder is gone when it is to be committed', async () => {
    const inner = join(folder, 'inner');
    mkdirSync(inner);
    writeFileSync(join(inner, 'y'), 'old');
    const staged = await stageFile(join(inner, 'y'), 'new');
    rmSync(inner, { recursive: true });
    await expect(staged.commit()).rejects.toThrow(
      `${join(inner, 'y')} cannot be replaced: ENOENT: there is no such file`,
    );
    await staged.discard();
  });

  test.each([
    ['ENOSPC', 'no space is left on its file system: make some'],
    ['EROFS', 'its file system is read-only: mount it read-write'],
    ['EACCES', 'permission denied: let rvrrpd write to the folder of the file'],
    ['EBUSY', 'it is a mount point'],
  ])('%s', (code, advice) => {
    const cause = Object.assign(new Error(`${code}: something, open '/etc/.x.rvrrpd-new'`), { code });
    expect(replaceFault('/etc/x', cause).message).toContain(`/etc/x cannot be replaced: ${code}: ${advice}`);
    expect(replaceFault('/etc/x', cause).cause).toBe(cause);
  });
});

test('killed at any moment it leaves a whole file, the old one or the new one', async () => {
  const script = join(folder, 'rewrite.mjs');
  await build({
    stdin: {
      contents: `
        import { stageFile } from './replace-file.ts';
        const [, , file, start] = process.argv;
        process.stdout.write('.');
        for (let n = Number(start); ; n++) {
          const staged = await stageFile(file, (n + '\\n').repeat(20_000) + 'end');
          await (n % 3 === 0 ? staged.discard() : staged.commit());
        }`,
      resolveDir: fileURLToPath(new URL('.', import.meta.url)),
      loader: 'ts',
    },
    bundle: true,
    platform: 'node',
    format: 'esm',
    outfile: script,
    logLevel: 'silent',
  });
  writeFileSync(file, `0\n${'0\n'.repeat(19_999)}end`);
  const seen = new Set<string>();
  const begin = Date.now();
  const isLong = (ms: number): boolean => Date.now() - begin > ms;
  // On a busy machine it takes longer until one has written a whole file.
  for (let round = 1; seen.size < 3 ? !isLong(30_000) : !isLong(2000); round++) {
    const child = spawn(process.execPath, [script, file, String(round * 1_000_000)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const exited = new Promise((resolve) => child.once('exit', (_, signal) => resolve(signal)));
    await new Promise((resolve) => child.stdout.once('data', resolve));
    await sleep(Math.random() * 60);
    child.kill('SIGKILL');
    expect(await exited).toBe('SIGKILL');
    const text = readFileSync(file, 'utf8');
    const number = text.slice(0, text.indexOf('\n'));
    expect(text === `${`${number}\n`.repeat(20_000)}end`).toBe(true);
    seen.add(number);
  }
  expect(seen.size).toBeGreaterThanOrEqual(3);
  await (await stageFile(file, 'last')).commit();
  expect(left()).toEqual(['rewrite.mjs', 'x.conf']);
}, 60_000);
