import { describe, expect, test } from 'vitest';
import { ExitCode, HELP, Mode, parseArguments } from './arguments.ts';

const foreground = { command: 'run', mode: Mode.Foreground, check: false };
const listen = { command: 'listen', iface: 'eth0', json: false };

describe('parseArguments', () => {
  test.each([
    [[], foreground],
    [['-m1'], foreground],
    [['-m', '1'], foreground],
    [['--mode', '1'], foreground],
    [['--mode=2'], { ...foreground, mode: Mode.Daemon }],
    [['-m0', '--check'], { ...foreground, check: true }],
    [['-m0', '-i', 'eth0'], listen],
    [['-m0', '-ieth0', '--json', '--count', '10'], { ...listen, json: true, count: 10 }],
    [['-m0', '-i', 'eth0', '-c', 'x.conf', '-g', 'json'], { ...listen, conf: 'x.conf', format: 'json' }],
    [
      ['-m0', '-i', 'eth0', '--auth-type', 'some', '--secret-file', '-'],
      { ...listen, secret: { authType: 'some', file: '-' } },
    ],
    [['-c', 'x.conf'], { ...foreground, conf: 'x.conf' }],
    [['--conf=x.conf'], { ...foreground, conf: 'x.conf' }],
    [['-g', 'json'], { ...foreground, format: 'json' }],
    [['--cfg-format', 'toml'], { ...foreground, format: 'toml' }],
    [['-d5'], { ...foreground, debug: 5 }],
    [['--debug', '0'], { ...foreground, debug: 0 }],
    [['--check'], { ...foreground, check: true }],
    [['--iface', 'eth0.5'], foreground],
    [['status'], { command: 'status', json: false }],
    [['status', '--json', '-c', 'x.conf'], { command: 'status', json: true, conf: 'x.conf' }],
    [['-c', 'x.conf', 'reload'], { command: 'reload', json: false, conf: 'x.conf' }],
    [['plugins', '-g', 'json'], { command: 'plugins', json: false, format: 'json' }],
    [['import', 'k.conf'], { command: 'import', file: 'k.conf' }],
    [
      ['import', '--config-id', 'main', '--output', 'x.toml', 'k.conf'],
      { command: 'import', file: 'k.conf', configId: 'main', output: 'x.toml' },
    ],
    [['status', '--help'], { command: 'help' }],
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
    [['-m0'], '-m0 needs -i INTERFACE'],
    [['-m0', '-i', ''], '--iface must not be empty'],
    [['-m0', '-i', 'eth0', '--count', '0'], '--count 0: the number must be 1 or more'],
    [['-m0', '-i', 'eth0', '--count', 'x'], '--count x: the number must be 1 or more'],
    [['-m0', '-i', 'eth0', '--auth-type', 'x'], '--auth-type and --secret-file need each other'],
    [['-m0', '-i', 'eth0', '--secret-file', 'x'], '--auth-type and --secret-file need each other'],
    [
      ['-m0', '-i', 'eth0', '-c', 'x', '--auth-type', 'x', '--secret-file', 'x'],
      'the secret is either that of --secret-file or those of --conf',
    ],
    [['--json'], '--json is for listening: use it with -m0'],
    [['-m2', '--count', '1'], '--count is for listening: use it with -m0'],
    [['--frobnicate'], "unknown option '--frobnicate'"],
    [['-x'], "unknown option '-x'"],
    [['rvrrpd.conf'], "unexpected argument 'rvrrpd.conf'"],
    [['start'], "unexpected argument 'start'"],
    [['status', 'eth0'], "unexpected argument 'eth0'"],
    [['status', '-m1'], '--mode is not for rvrrpd status'],
    [['reload', '--check'], '--check is not for rvrrpd reload'],
    [['reload', '-g', 'toml'], '--cfg-format is not for rvrrpd reload'],
    [
      ['import'],
      'rvrrpd import needs keepalived’s configuration file, such as /etc/keepalived/keepalived.conf',
    ],
    [['import', 'a', 'b'], "unexpected argument 'b'"],
    [['import', 'a', '-c', 'b'], '--conf is not for rvrrpd import'],
    [['import', 'a', '--config-id', ''], '--config-id must not be empty'],
    [['import', 'a', '--output', ''], '--output must not be empty'],
    [['--config-id', 'a'], '--config-id is for rvrrpd import'],
    [['status', '--output', 'a'], '--output is not for rvrrpd status'],
    [['upgrade', 'a', 'b'], "unexpected argument 'b'"],
    [['upgrade', ''], 'a path must not be empty'],
    [['status', '--node', '/n'], '--node is not for rvrrpd status'],
    [['--node', '/n'], '--node is for rvrrpd upgrade'],
    [['plugins', '-g', 'yaml'], '-g yaml: the format must be toml or json'],
    [['status', '-c', ''], '--conf must not be empty'],
    [['-c'], "option '-c, --conf <value>' argument missing"],
  ])('%j is refused', (args, message) => {
    const command = parseArguments(args);
    expect(command).toEqual({ command: 'usage-error', message: `${message}; see rvrrpd --help` });
  });

  test('the help text has every option', () => {
    for (const option of ['-m, --mode', '-i, --iface', '-c, --conf', '-d, --debug', '-g, --cfg-format']) {
      expect(HELP).toContain(option);
    }
    for (const option of ['--json', '--count', '--auth-type', '--secret-file'])
      expect(HELP).toContain(option);
    for (const word of ['  status ', '  reload ', '  plugins ', '  upgrade ']) expect(HELP).toContain(word);
    for (const option of ['-h, --help', '-V, --version', '--check']) expect(HELP).toContain(option);
    for (const line of HELP.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  });

  test('exit codes', () => {
    expect(ExitCode).toEqual({ Ok: 0, Failure: 1, Usage: 2, NotRunning: 3 });
  });
});
