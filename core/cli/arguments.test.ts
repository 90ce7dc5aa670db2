import { describe, expect, test } from 'vitest';
import { ExitCode, HELP, Mode, parseArguments } from './arguments.ts';

const foreground = { command: 'run', mode: Mode.Foreground, check: false };

describe('parseArguments', () => {
  test.each([
    [[], foreground],
    [['-m1'], foreground],
    [['-m', '1'], foreground],
    [['--mode', '1'], foreground],
    [['--mode=2'], { ...foreground, mode: Mode.Daemon }],
    [['-m0', '-i', 'eth0'], { ...foreground, mode: Mode.Listen, iface: 'eth0' }],
    [['-c', 'x.conf'], { ...foreground, conf: 'x.conf' }],
    [['--conf=x.conf'], { ...foreground, conf: 'x.conf' }],
    [['-g', 'json'], { ...foreground, format: 'json' }],
    [['--cfg-format', 'toml'], { ...foreground, format: 'toml' }],
    [['-d5'], { ...foreground, debug: 5 }],
    [['--debug', '0'], { ...foreground, debug: 0 }],
    [['--check'], { ...foreground, check: true }],
    [['--iface', 'eth0.5'], { ...foreground, iface: 'eth0.5' }],
    [['-h'], { command: 'help' }],
    [['--help', '-m9'], { command: 'help' }],
    [['-V'], { command: 'version' }],
    [['--version'], { command: 'version' }],
  ])('%j', (args, command) => {
    expect(parseArguments(args)).toEqual(command);
  });

  test.each([
    [['-m3'], '-m 3: the mode must be 0, 1 or 2'],
    [['-m', 'one'], '-m one: the mode must be 0, 1 or 2'],
    [['-m', '01'], '-m 01: the mode must be 0, 1 or 2'],
    [['-d', '6'], '-d 6: the debug level must be 0 to 5'],
    [['-d', ''], '-d : the debug level must be 0 to 5'],
    [['-g', 'yaml'], '-g yaml: the format must be toml or json'],
    [['-c', ''], '--conf must not be empty'],
    [['--frobnicate'], "unknown option '--frobnicate'"],
    [['-x'], "unknown option '-x'"],
    [['rvrrpd.conf'], "unexpected argument 'rvrrpd.conf'"],
    [['-c'], "option '-c, --conf <value>' argument missing"],
  ])('%j is refused', (args, message) => {
    const command = parseArguments(args);
    expect(command).toEqual({ command: 'usage-error', message: `${message}; see rvrrpd --help` });
  });

  test('the help text has every option', () => {
    for (const option of ['-m, --mode', '-i, --iface', '-c, --conf', '-d, --debug', '-g, --cfg-format']) {
      expect(HELP).toContain(option);
    }
    for (const option of ['-h, --help', '-V, --version', '--check']) expect(HELP).toContain(option);
    for (const line of HELP.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  });

  test('exit codes', () => {
    expect(ExitCode).toEqual({ Ok: 0, Failure: 1, Usage: 2 });
  });
});
