/** What the packages bring beside the program, tried with the programs that read it. */
import { execFileSync, spawnSync } from 'node:child_process';
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { COMMAND_OPTIONS, COMMANDS, LOCAL_COMMANDS, OPTION_GROUPS } from '../core/cli/argument-table.ts';
import { packageRoot } from '../core/shared/package-root.ts';
import { executable } from './lab/rvrrpd.ts';
import { UNIT } from './lab/unit-file.ts';

const packaging = path.join(packageRoot(), 'packaging');
const folder = mkdtempSync(path.join(tmpdir(), 'packaging-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Every long option of `rvrrpd`. */
const OPTIONS = OPTION_GROUPS.flatMap(({ options }) => options.map(({ long }) => `--${long}`));
const OF_COMMANDS: readonly string[] = COMMAND_OPTIONS.map(({ long }) => `--${long}`);
const EVERY_COMMAND = Object.keys({ ...COMMANDS, ...LOCAL_COMMANDS });
const WITHOUT_COMMAND = OPTIONS.filter((option) => !OF_COMMANDS.includes(option));

describe('manual pages', () => {
  const pages = readdirSync(path.join(packaging, 'man'));

  test.each(pages)('%s: man has nothing to say of it', (page) => {
    const file = path.join(packaging, 'man', page);
    const env = { ...process.env, LC_ALL: 'C.UTF-8', MANROFFSEQ: '', MANWIDTH: '80' };
    const args = ['--warnings', '-E', 'UTF-8', '-l', '-Tutf8', '-Z', file];
    const { status, stderr } = spawnSync('man', args, { env, encoding: 'utf8' });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    // What `apropos` and `whatis` find it by.
    const known = execFileSync('lexgrog', [file], { encoding: 'utf8' });
    expect(known).toMatch(new RegExp(`: "${page.replace(/\.\d$/, '')} - \\S.*"`));
  });

  test('the four that there are', () => {
    expect(pages.sort()).toEqual(['rvrrpd-plugin.7', 'rvrrpd-pw.1', 'rvrrpd.8', 'rvrrpd.conf.5']);
  });

  test('they read as they should', () => {
    const env = { ...process.env, LC_ALL: 'C.UTF-8', MANWIDTH: '100' };
    const file = path.join(packaging, 'man/rvrrpd.8');
    const text = execFileSync('man', ['-l', file], { env, encoding: 'utf8' });
    for (const option of OPTIONS) expect(text).toContain(option);
    for (const command of EVERY_COMMAND) expect(text).toContain(`rvrrpd ${command}`);
    expect(text).not.toMatch(/`|\\f|<!--|&lt;/);
    expect(text).toMatch(/^SIGNALS|SIGHUP/m);
  });
});

describe('completion for bash', () => {
  /** What bash offers at the end of a line, by the file alone: nothing of bash-completion's. */
  function offers(program: string, ...line: string[]): string[] {
    const script = `
      source "$1"; shift
      COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMP_LINE="$*"; COMP_POINT=\${#COMP_LINE}
      spec=$(complete -p "$1"); name=\${spec#*-F }; name=\${name%% *}
      $name "$1" "\${COMP_WORDS[COMP_CWORD]}" "\${COMP_WORDS[COMP_CWORD - 1]}"
      printf '%s\\n' "\${COMPREPLY[@]}"`;
    const file = path.join(packaging, 'completion/bash', program);
    const args = ['--norc', '--noprofile', '-uc', script, 'bash', file, program, ...line];
    const { stdout, stderr } = spawnSync('bash', args, { cwd: folder, encoding: 'utf8' });
    expect(stderr).toBe('');
    return stdout.split('\n').filter(Boolean).sort();
  }
  writeFileSync(path.join(folder, 'my file.conf'), '');
  mkdirSync(path.join(folder, 'my folder'));

  test.each<[string[], string[]]>([
    [[''], EVERY_COMMAND],
    [['re'], ['reload', 'resume']],
    [
      ['-m', ''],
      ['0', '1', '2'],
    ],
    [['--cfg-format', 'j'], ['json']],
    [
      ['--cfg-format', '=', ''],
      ['json', 'toml'],
    ],
    [
      ['--cfg-format', '='],
      ['json', 'toml'],
    ],
    [
      ['-c', 'my'],
      ['my file.conf', 'my folder'],
    ],
    [['--conf', '=', 'my fi'], ['my file.conf']],
    [['-i', 'l'], ['lo']],
    [
      ['-c', 'x', 'sta'],
      ['standby', 'status'],
    ],
    [
      ['--conf', '=', 'x', 'sta'],
      ['standby', 'status'],
    ],
    [
      ['standby', '--fo'],
      ['--for', '--force'],
    ],
    [
      ['status', '--'],
      ['--conf', '--json'],
    ],
    [['-c', 'status', '--ch'], ['--check']],
    [['status', ''], []],
    [['--count', ''], []],
  ])('rvrrpd %j: %j', (line, expected) => {
    expect(offers('rvrrpd', ...line)).toEqual([...expected].sort());
  });

  test('all options', () => {
    expect(offers('rvrrpd', '--')).toEqual([...new Set(WITHOUT_COMMAND)].sort());
    expect(offers('rvrrpd-pw', '--')).toEqual(['--alg', '--help', '--level', '--version']);
    expect(offers('rvrrpd-pw', 'carol', '--alg', '')).toEqual(['scrypt', 'sha256'].sort());
  });
});

// setup.sh installs both where they can be had.
const hasShellcheck = spawnSync('shellcheck', ['--version']).status === 0;
const hasZsh = spawnSync('zsh', ['-fc', 'true']).status === 0;

describe.runIf(hasZsh)('completion for zsh', () => {
  /** What zsh offers at the end of a line: a shell on a terminal of its own, which prints what is added to the list. */
  function offers(line: string): string[] {
    const inner = `
PROMPT=
fpath=(${path.join(packaging, 'completion/zsh')} $fpath)
autoload -U compinit; compinit -u -D
bindkey '^I' complete-word
zstyle ':completion:*' verbose no
begin() { print -r -- '<<<' }
compprefuncs=(begin)
finish() { print -r -- '>>>'; exit }
comppostfuncs=(finish)
compadd() {
  if [[ \${@[1,(i)(-|--)]} == *-(O|A|D)\\ * ]]; then builtin compadd "$@"; return $?; fi
  local -a found
  builtin compadd -A found "$@"
  local each
  for each in $found; do print -r -- "= $each"; done
}
print ready`;
    writeFileSync(path.join(folder, 'inner.zsh'), inner);
    const outer = `
zmodload zsh/zpty
zpty shell zsh -f -i
zpty -w shell "source ${path.join(folder, 'inner.zsh')}"
zpty -r -m shell text '*ready*'
zpty -n -w shell "$1"$'\\t'
zpty -r -m shell text '*>>>*'
print -r -- $text`;
    const env = { ...process.env, LC_ALL: 'C.UTF-8', TERM: 'dumb' };
    const { stdout } = spawnSync('zsh', ['-fc', outer, 'zsh', line], {
      cwd: folder,
      env,
      encoding: 'utf8',
      timeout: 30_000,
    });
    return [...stdout.matchAll(/^= (.*?)\r?$/gm)].map(([, name]) => name!).sort();
  }

  test.each(readdirSync(path.join(packaging, 'completion/zsh')))('%s has no syntax error', (file) => {
    const { status, stderr } = spawnSync('zsh', ['-fn', path.join(packaging, 'completion/zsh', file)], {
      encoding: 'utf8',
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  });

  test.each<[string, string[]]>([
    ['rvrrpd ', EVERY_COMMAND],
    ['rvrrpd -m ', ['0', '1', '2']],
    ['rvrrpd --cfg-format=', ['json', 'toml']],
    ['rvrrpd status --', ['--conf', '--json']],
    ['rvrrpd -c x status --', ['--json']],
    ['rvrrpd-pw --alg ', ['scrypt', 'sha256']],
  ])('%s: %j', (line, expected) => {
    expect(offers(line)).toEqual([...expected].sort());
  });
});

describe.runIf(hasShellcheck)('shell scripts', () => {
  const below = (folder: string, pattern: RegExp): string[] =>
    readdirSync(path.join(packageRoot(), folder))
      .filter((name) => pattern.test(name))
      .map((name) => path.join(packageRoot(), folder, name));

  test('shellcheck has nothing to say of them', () => {
    const files = [
      ...below('.ci', /^run$/),
      ...below('scripts', /\.sh$/),
      ...below('packaging/debian', /^(?:pre|post)/),
      ...below('packaging/completion/bash', /./),
    ];
    // What logrotate runs.
    const rotation = readFileSync(path.join(packaging, 'rvrrpd.logrotate'), 'utf8');
    const [, postrotate] = /postrotate\n([\s\S]*?)\n\s*endscript/.exec(rotation)!;
    const script = path.join(folder, 'postrotate');
    writeFileSync(script, `#!/bin/sh\n${postrotate}\n`);
    expect(files.length).toBeGreaterThanOrEqual(7);
    const { status, stdout } = spawnSync('shellcheck', [...files, script], { encoding: 'utf8' });
    expect({ status, stdout }).toEqual({ status: 0, stdout: '' });
  });
});

describe('the unit for systemd', () => {
  test('systemd-analyze verify has nothing to say of it', () => {
    // Where the package puts the program and the pages.
    const unit = readFileSync(UNIT, 'utf8').replaceAll('/usr/bin/rvrrpd', executable());
    const file = path.join(folder, 'rvrrpd.service');
    writeFileSync(file, unit);
    for (const page of ['rvrrpd.8', 'rvrrpd.conf.5']) {
      const place = path.join(folder, `man/man${page.slice(-1)}`);
      mkdirSync(place, { recursive: true });
      symlinkSync(path.join(packaging, 'man', page), path.join(place, page));
    }
    const env = { ...process.env, MANPATH: path.join(folder, 'man') };
    const { status, stdout, stderr } = spawnSync('systemd-analyze', ['verify', file], {
      env,
      encoding: 'utf8',
    });
    // Of other units on this machine it may say what it likes.
    const ours = `${stdout}${stderr}`.split('\n').filter((line) => line.includes('rvrrpd'));
    expect({ status, ours }).toEqual({ status: 0, ours: [] });
  });

  test('systemd-analyze security: OK, or better', () => {
    const { status, stdout, stderr } = spawnSync(
      'systemd-analyze',
      ['security', '--offline=true', '--no-pager', '--threshold=40', UNIT],
      { encoding: 'utf8' },
    );
    expect(stdout, stderr).toMatch(/Overall exposure level for rvrrpd\.service: [\d.]+ (OK|SAFE|PERFECT)/);
    expect(status).toBe(0);
  });
});
