import { existsSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { packageRoot } from '../core/shared/package-root.ts';
import { verifyPassword } from '../core/users/password-hash.ts';
import { parseUserLine } from '../core/users/user-line.ts';
import { withLab } from './lab/lab.ts';
import { describeSystem } from './lab/requirements.ts';

// rvrrpd-pw as it is called: on a terminal, in a pipe, with arguments.

/** The executable. @throws Error if it has not been built */
function executable(): string {
  const file = path.join(packageRoot(), 'dist/rvrrpd-pw.js');
  if (!existsSync(file)) throw new Error(`${file} is missing: run \`npm run build\``);
  return file;
}

/** Whether some output is one line of this user with the password `banana`. */
async function isCarol(output: string, level = 0): Promise<boolean> {
  const user = parseUserLine(output.replace(/\r?\n$/, ''));
  return user?.name === 'carol' && user.level === level && (await verifyPassword(user, 'banana'));
}

describeSystem('rvrrpd-pw', () => {
  it('asks on a terminal, twice, and does not show what is typed', () =>
    withLab(async (lab) => {
      const host = await lab.host('office');
      const pidFile = path.join(lab.folder, 'pid');
      const running = host.startOnTerminal(process.execPath, [executable(), 'carol'], pidFile);
      await running.waitForOutput(/Password: $/);
      running.child.stdin?.write('banx\x7fana\r');
      await running.waitForOutput(/The same again: $/);
      running.child.stdin?.write('banana\r');
      expect((await running.exited).code).toBe(0);
      expect(running.output).toMatch(
        /^Password: \r\nThe same again: \r\n\{\{SCRYPT\}\}carol:0::\$rscrypt\$0\$/,
      );
      // Not in the third line: a hash is random text.
      expect(running.output.split('\r\n').slice(0, 2).join()).not.toMatch(/ban|ana/);
      expect(await isCarol(running.output.split('\r\n')[2]!)).toBe(true);
    }));

  it('makes nothing of two that differ, or of Ctrl-C, and the terminal works as before', () =>
    withLab(async (lab) => {
      const host = await lab.host('office');
      const run = async (name: string, ...answers: string[]) => {
        const pidFile = path.join(lab.folder, name);
        // `stty` tells afterwards whether what is typed is shown again.
        const command = `${process.execPath} ${executable()} carol; echo code $?; stty -a`;
        const running = host.startOnTerminal('sh', ['-c', `'${command}'`], pidFile);
        for (const answer of answers) {
          await running.waitForOutput(/: $/);
          running.child.stdin?.write(answer);
          await running.waitForOutput(/: \r\n/);
        }
        await running.exited;
        return running.output;
      };
      for (const output of [
        await run('differ', 'banana\r', 'bananas\r'),
        await run('interrupt', 'ban\x03'),
      ]) {
        expect(output).toMatch(/\r\nrvrrpd-pw: (the two passwords differ: .*|interrupted)\r\ncode 1\r\n/);
        expect(output).toMatch(/\bicanon\b/);
        expect(output).toMatch(/(?<!-)\becho\b/);
        expect(output).not.toContain('{{');
        expect(output).not.toContain('ban');
      }
    }));

  it('reads a line of standard input, and takes arguments as 0.1.3 does', () =>
    withLab(async (lab) => {
      const host = await lab.host('office');
      const run = async (input: string | undefined, ...args: string[]) => {
        const options = { input: input !== undefined };
        const running = host.start(process.execPath, [executable(), ...args], options);
        if (input !== undefined) running.child.stdin?.end(input);
        const { code } = await running.exited;
        return { code, stdout: running.stdout, stderr: running.stderr };
      };
      const piped = await run('banana\n', 'carol', '--level', '7');
      expect(await isCarol(piped.stdout, 7)).toBe(true);
      const old = await run(undefined, 'carol', 'banana', 'sha256');
      expect(old.stdout).toMatch(/^\{\{SHA256\}\}carol:0:[1-9a-f][0-9a-f]{0,15}:[0-9a-f]{64}\n$/);
      expect(await isCarol(old.stdout)).toBe(true);
      expect(await isCarol((await run(undefined, 'carol', 'banana')).stdout)).toBe(true);
      for (const made of [piped, old]) expect(made).toMatchObject({ code: 0, stderr: '' });

      expect(await run('', 'carol')).toMatchObject({ code: 1, stdout: '' });
      const wrong = await run(undefined, 'carol', '-banana');
      expect(wrong).toMatchObject({ code: 2, stdout: '' });
      expect(wrong.stderr).not.toContain('banana');
      expect(await run(undefined, '--help')).toMatchObject({ code: 0, stderr: '' });
    }));
});
