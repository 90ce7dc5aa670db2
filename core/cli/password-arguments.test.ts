import { describe, expect, test } from 'vitest';
import { PASSWORD_HELP, parsePasswordArguments } from './password-arguments.ts';

const carol = { command: 'make', user: 'carol', algorithm: 'SCRYPT', level: 0 };

describe('parsePasswordArguments', () => {
  test.each([
    [['carol'], carol],
    [['carol', 'banana'], { ...carol, password: 'banana' }],
    [['carol', 'banana', 'sha256'], { ...carol, password: 'banana', algorithm: 'SHA256' }],
    [['carol', 'banana', 'SCRYPT'], { ...carol, password: 'banana' }],
    [['carol', '--alg', 'sha256'], { ...carol, algorithm: 'SHA256' }],
    [['--alg=scrypt', 'carol', 'banana'], { ...carol, password: 'banana' }],
    [['carol', '--level', '9'], { ...carol, level: 9 }],
    [['--level=3', 'carol', 'sha256'], { ...carol, level: 3, password: 'sha256' }],
    [['carol', '--', '-secret'], { ...carol, password: '-secret' }],
    [['carol', 'two words'], { ...carol, password: 'two words' }],
    [['-h'], { command: 'help' }],
    [['a b', '--help'], { command: 'help' }],
    [['--version'], { command: 'version' }],
  ])('%j', (args, command) => {
    expect(parsePasswordArguments(args)).toEqual(command);
  });

  test.each([
    [[], 'USER is missing'],
    [['a-b'], 'USER must be 1 to 256 letters and digits'],
    [[''], 'USER must be 1 to 256 letters and digits'],
    [['x'.repeat(257)], 'USER must be 1 to 256 letters and digits'],
    [['carol', ''], 'PASSWORD must not be empty'],
    [['carol', 'geheim', 'md5'], 'ALG must be scrypt or sha256'],
    [['carol', '--alg', ''], 'ALG must be scrypt or sha256'],
    [['carol', 'geheim', 'sha256', '--alg', 'sha256'], 'ALG is given twice, by its place and by --alg'],
    [['carol', 'geheim', 'und', 'mehr'], 'there are too many arguments: a PASSWORD with blanks needs quotes'],
    [['carol', '--level', '10'], 'LEVEL must be 0 to 9'],
    [['carol', '--level', 'x'], 'LEVEL must be 0 to 9'],
    [['carol', '--level'], 'the value of an option is missing or not wanted'],
    [['carol', '-geheim'], 'there is an unknown option; a PASSWORD that starts with a dash goes behind "--"'],
    [
      ['carol', '--geheim'],
      'there is an unknown option; a PASSWORD that starts with a dash goes behind "--"',
    ],
  ])('%j is refused', (args, message) => {
    const command = parsePasswordArguments(args);
    expect(command).toEqual({ command: 'usage-error', message: `${message}; see rvrrpd-pw --help` });
  });

  test('no message repeats an argument', () => {
    for (const args of [
      ['carol', '-geheim'],
      ['carol', '--geheim=1'],
      ['carol', '--help=geheim'],
      ['carol', 'x', 'geheim'],
      ['carol', 'sehr', 'geheim', 'geheim'],
      ['geheim!'],
      ['carol', '--alg', 'geheim'],
      ['carol', '--level', 'geheim'],
    ]) {
      const command = parsePasswordArguments(args);
      expect(command.command).toBe('usage-error');
      expect(JSON.stringify(command)).not.toContain('geheim');
    }
  });

  test('the help text fits a terminal and has every option', () => {
    for (const option of ['--alg', '--level', '-h, --help', '-V, --version', 'USER', 'PASSWORD']) {
      expect(PASSWORD_HELP).toContain(option);
    }
    for (const line of PASSWORD_HELP.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  });
});
