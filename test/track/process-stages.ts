/** Trackers of processes and programs. */
import assert from 'node:assert/strict';
import { copyFileSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { Worker } from 'node:worker_threads';
import { trackCompliance } from '../../core/plugin/compliance/track.ts';
import { packageRoot } from '../../core/shared/package-root.ts';
import { find, loadTracker, make, manifestOf, sh, type Tests, until } from './stage.ts';

const folder = process.env.TRACK_FOLDER!;
// All namespaces of a machine see each other's processes: names and arguments that nobody else has.
const NAME = `trk-s-${process.pid}`;
const MOTHER = `trk-m-${process.pid}`;
const SECONDS = 100_000 + process.pid;

/** Processes whose command line contains something; zombies are none. */
function running(what: string): number {
  return Number(sh(`pgrep -c -r R,S,D -f -- '${what}' || true`).trim());
}

/** `process`, with the kernel's events or without, as it is where this runs. */
export async function processStage({ add: test }: Tests): Promise<void> {
  const plugin = await loadTracker('process');
  const sleeper = path.join(folder, NAME);
  copyFileSync('/bin/sleep', sleeper);
  sh(`chmod 755 ${sleeper}`);
  const pidFile = path.join(folder, 'sleeper.pid');
  // Not a child of ours: nobody here has to wait for it.
  const begin = (seconds = 600) => sh(`setsid ${sleeper} ${seconds} </dev/null >/dev/null 2>&1 & echo $!`);
  const end = () =>
    sh(`pkill -KILL -x ${NAME} || true; while pgrep -x -r R,S,D ${NAME} >/dev/null; do sleep 0.02; done`);
  trackCompliance({
    test,
    plugin,
    manifest: manifestOf('process'),
    settings: { process: NAME },
    up: async () => {
      if (running(`^${sleeper}`) === 0) begin();
      await until('the process', () => running(`^${sleeper}`) > 0);
    },
    down: () => void end(),
    right: [
      { command_line: '/usr/bin/python3 /opt/app.py', match: 'begin', minimum: 0, maximum: 0 },
      { pid_file: '/run/x.pid' },
    ],
    wrong: [
      { settings: {}, contains: 'pid_file' },
      { settings: { process: '/usr/sbin/x' }, contains: '' },
      { settings: { process: 'x', minimum: 3, maximum: 2 }, contains: 'maximum = 2' },
      { settings: { process: 'x', match: 'begin' }, contains: 'command_line' },
      { settings: { pid_file: '/run/x.pid', minimum: 2 }, contains: 'minimum = 2' },
    ],
  });
  test('how many, by name and by command line', async () => {
    end();
    begin(SECONDS);
    begin(SECONDS + 1);
    await until('both', () => running(`^${sleeper}`) === 2);
    const words = async (settings: object) => (await find(plugin, { ...settings })).words;
    assert.equal(await words({ process: NAME }), `2 processes of ${NAME}`);
    assert.equal(await words({ process: NAME, minimum: 3 }), `2 processes of ${NAME}, 3 at least must run`);
    assert.equal(await words({ process: NAME, maximum: 1 }), `2 processes of ${NAME}, 1 at most may run`);
    assert.equal((await find(plugin, { process: NAME, maximum: 1 })).up, false);
    assert.equal(
      await words({ command_line: `${sleeper} ${SECONDS}` }),
      `1 process of "${sleeper} ${SECONDS}"`,
    );
    assert.equal((await find(plugin, { command_line: `${sleeper} 1` })).up, false);
    assert.equal((await find(plugin, { command_line: `${sleeper} 1`, match: 'begin', minimum: 2 })).up, true);
    assert.equal((await find(plugin, { command_line: `${NAME} ${SECONDS + 1}`, match: 'contain' })).up, true);
    assert.equal((await find(plugin, { process: 'sleep', command_line: `${sleeper} ${SECONDS}` })).up, false);
    end();
  });
  test('by a file with the process id', async () => {
    const pid = begin().trim();
    const words = async (settings: object = {}) => {
      const { up, words } = await find(plugin, { pid_file: pidFile, ...settings });
      return `${up} ${words}`;
    };
    assert.equal(await words(), `false ${pidFile} is not there`);
    writeFileSync(pidFile, `${pid}\n`);
    await until('its name', () => running(`^${sleeper}`) === 1);
    assert.equal(await words({ process: NAME }), `true process ${pid} of ${pidFile} runs`);
    assert.match(await words({ process: 'other' }), /^false .* is another program than other$/);
    writeFileSync(pidFile, 'soon');
    assert.equal(await words(), `false ${pidFile} holds no process id`);
    writeFileSync(pidFile, pid);
    end();
    await until('its end', async () => (await words()).startsWith('false'));
    rmSync(pidFile);
  });
  test('other processes are of no interest to one that is told by a file', async () => {
    const pid = begin().trim();
    writeFileSync(pidFile, pid);
    const tracker = make(plugin, { pid_file: pidFile });
    let told = 0;
    await tracker.start?.(() => told++);
    const up = async () => (await tracker.check(new AbortController().signal)).up;
    await until('up', up);
    await new Promise((resolve) => setTimeout(resolve, 300)); // until its end it is told nothing
    told = 0;
    for (let count = 0; count < 20; count++) sh('true');
    assert.equal(told, 0);
    end();
    await until('down', async () => !(await up()));
    if (process.env.TRACK_EVENTS === 'yes') await until('the news', () => told > 0);
    await tracker.stop?.();
    rmSync(pidFile);
  });
  test('a zombie does not run', async () => {
    // exec: the shell's child becomes the child of one that never waits.
    sh(`cat > ${folder}/mother <<'X'\n#!/bin/sh\n${sleeper} 0.2 &\nexec ${folder}/${MOTHER} ${SECONDS}\nX\nchmod 755 ${folder}/mother; cp ${sleeper} ${folder}/${MOTHER}
      setsid ${folder}/mother </dev/null >/dev/null 2>&1 &`);
    await until('a zombie', () =>
      sh(`ps -o stat= --ppid "$(pgrep -x ${MOTHER})" 2>/dev/null || true`).startsWith('Z'),
    );
    assert.equal((await find(plugin, { process: NAME })).up, false);
    sh(`pkill -KILL -x ${MOTHER}`);
  });
  test('starts and ends are told, where the kernel does, and found in any case', async () => {
    const tracker = make(plugin, { process: NAME });
    const { signal } = new AbortController();
    let told = 0;
    await tracker.start?.(() => told++);
    const up = async () => (await tracker.check(signal)).up;
    await new Promise((resolve) => setTimeout(resolve, 600)); // the kernel's yes
    assert.equal(await up(), false);
    const news = async (before: number) => {
      if (process.env.TRACK_EVENTS === 'yes') await until('the news', () => told > before);
      else assert.equal(told, 0, 'no events in this namespace');
    };
    for (let round = 0; round < 5; round++) {
      let before = told;
      begin();
      await news(before);
      await until('up', up);
      before = told;
      end();
      await news(before);
      await until('down', async () => !(await up()));
    }
    await tracker.stop?.();
  });
}

/** `exec`. */
export async function execStage({ add: test }: Tests): Promise<void> {
  const plugin = await loadTracker('exec');
  const flag = path.join(folder, 'flag');
  trackCompliance({
    test,
    plugin,
    manifest: manifestOf('exec'),
    settings: { command: ['/usr/bin/test', '-e', flag] },
    up: () => writeFileSync(flag, ''),
    down: () => rmSync(flag),
    hanging: { command: ['/bin/sleep', '600'] },
    right: [
      { command: ['/x'], user: 0, group: 12345, environment: { A: 'b' }, weights: { 1: -20, 0: 5 } },
      { command: ['/x'], user: 'nobody' },
    ],
    wrong: [
      { settings: { command: ['ls'] }, contains: 'ls' },
      { settings: { command: [] }, contains: '' },
      { settings: { command: '/bin/ls' }, contains: '' },
      { settings: { command: ['/bin/ls'], user: 'no-such-user' }, contains: 'no-such-user' },
      { settings: { command: ['/bin/ls'], group: 'no-such-group' }, contains: 'no-such-group' },
      { settings: { command: ['/bin/ls'], user: 54321 }, contains: '54321' },
      { settings: { command: ['/bin/ls'], weights: { 256: 1 } }, contains: '' },
      { settings: { command: ['/bin/ls'], environment: { 'A=B': 'x' } }, contains: '' },
    ],
  });
  const script = async (text: string, more: object = {}, timeout = 5000) =>
    find(plugin, { command: ['/bin/sh', '-c', text], ...more }, timeout);
  test('exit code and last line', async () => {
    assert.deepEqual(await script('echo one; echo two; echo; exit 0'), { up: true, words: 'two' });
    assert.deepEqual(await script('echo wrong >&2; exit 3'), { up: false, words: 'wrong' });
    assert.deepEqual(await script('echo out; echo err >&2; exit 1'), { up: false, words: 'out' });
    assert.deepEqual(await script('exit 7'), { up: false, words: 'exit code 7' });
    assert.deepEqual(await script('kill -SEGV $$'), { up: false, words: 'ended by SIGSEGV' });
    assert.deepEqual(await script("printf 'a\\033[31mb\\tc\\n'"), { up: true, words: 'a [31mb c' });
    const long = await script("head -c 300000 /dev/zero | tr '\\0' 'x'; echo; echo last");
    assert.deepEqual(long, { up: true, words: 'last' });
    assert.equal((await script("head -c 300000 /dev/zero | tr '\\0' 'x'")).words.length, 200);
  });
  test('exit codes with weights', async () => {
    const weights = { 0: 5, 1: -20 };
    assert.deepEqual(await script('exit 1', { weights }), { up: true, words: 'exit code 1', weight: -20 });
    assert.deepEqual(await script('exit 0', { weights }), { up: true, words: 'exit code 0', weight: 5 });
    assert.deepEqual(await script('exit 2', { weights }), { up: false, words: 'exit code 2' });
  });
  test('arguments are no shell’s', async () => {
    assert.equal(
      (await find(plugin, { command: ['/bin/echo', '$HOME', '*', 'a b', '`id`'] })).words,
      '$HOME * a b `id`',
    );
  });
  test('the environment is its own, the folder /, standard input empty', async () => {
    process.env.SECRET_OF_THE_DAEMON = 'x';
    const { words } = await script('env | sort | tr "\\n" " "', {
      user: 'nobody',
      environment: { URL: 'x y', LANG: 'C' },
    });
    assert.doesNotMatch(words, /SECRET/);
    assert.match(
      words,
      /HOME=\S+ LANG=C LOGNAME=nobody (OLDPWD=\S* )?PATH=\/usr\/local\/sbin:\S+ PWD=\/ RVRRPD_TRACKER=probe (SHLVL=\d )?URL=x y USER=nobody( _=\S+)?$/,
    );
    assert.equal((await script('pwd; cat')).words, '/');
  });
  test('no other descriptors, no blocked signals, a session of its own', async () => {
    // This program has inherited a descriptor that is not to be closed at an exec.
    assert.ok(existsSync('/proc/self/fd/9'), 'descriptor 9');
    const list = 'for file in /proc/$$/fd/*; do [ -e $file ] && basename $file; done | tr "\\n" " "; echo';
    assert.equal((await script(list)).words, '0 1 2');
    assert.match(
      (await find(plugin, { command: ['/bin/grep', 'SigBlk', '/proc/self/status'] })).words,
      /SigBlk:\s*0+$/,
    );
    const { words } = await script('ps -o sid=,pgid=,pid= -p $$');
    assert.equal(new Set(words.trim().split(/\s+/)).size, 1, words);
  });
  test('runs as a user and a group, without other groups', async () => {
    const id = 'echo $(id -u) $(id -g) $(id -G)';
    const [nobody, nogroup] = [sh('id -u nobody').trim(), sh('id -g nobody').trim()];
    assert.equal((await script(id, { user: 'nobody' })).words, `${nobody} ${nogroup} ${nogroup}`);
    assert.equal(
      (await script(id, { user: 1234, group: 'daemon' })).words,
      `1234 ${sh('getent group daemon | cut -d: -f3').trim()} ${sh('getent group daemon | cut -d: -f3').trim()}`,
    );
    assert.equal((await script('id -u')).words, '0');
  });
  test('what cannot be run is down, and says why', async () => {
    const file = path.join(folder, 'not-executable');
    writeFileSync(file, 'nothing');
    const words = async (command: string) => (await find(plugin, { command: [command] })).words;
    assert.equal(
      await words('/nowhere/x'),
      'cannot run /nowhere/x: there is no such file, or not what its first line asks for',
    );
    assert.match(await words(file), /not permitted/);
  });
  test('a time-out kills the whole process group, whoever it runs as', async () => {
    for (const user of ['root', 'nobody']) {
      const begin = performance.now();
      const mark = `${SECONDS}.${user.length}`;
      const text = `trap '' TERM HUP INT; sleep ${mark} & (sleep ${mark} & sleep ${mark}) & sleep ${mark}`;
      await assert.rejects(script(text, { user }, 400), /its time was over/);
      assert.ok(performance.now() - begin < 10_000);
      await until('their end', () => running(`^sleep ${mark}`) === 0);
    }
    assert.equal(sh(`ps --ppid ${process.pid} -o stat= | grep -c Z || true`).trim(), '0', 'zombies');
  });
  test('what a check leaves in its group ends with it, and does not keep it waiting', async () => {
    const begin = performance.now();
    assert.deepEqual(await script(`sleep ${SECONDS}.25 & echo done`), { up: true, words: 'done' });
    assert.ok(performance.now() - begin < 4000);
    await until('its end', () => running(`^sleep ${SECONDS}.25`) === 0);
    assert.deepEqual(await script('setsid sleep 3 & echo gone'), { up: true, words: 'gone' });
  });
  test('a flood of output is no trouble', async () => {
    const { up, words } = await script('yes | head -c 20000000; echo end', {}, 20_000);
    assert.deepEqual({ up, words }, { up: true, words: 'end' });
  });
  test('a thread that is ended in the middle of a check takes its processes along', async () => {
    const file = path.join(folder, 'thread.mjs');
    const entry = path.join(packageRoot(), 'plugins/track-exec/dist/index.js');
    mkdirSync(folder, { recursive: true });
    writeFileSync(
      file,
      `import plugin from ${JSON.stringify(entry)};
       const settings = { command: ['/bin/sh', '-c', 'touch ${folder}/begun; sleep ${SECONDS}.75 & sleep ${SECONDS}.75'] };
       const tracker = plugin.create({ name: 'exec', options: {}, log() {}, tracker: 't', interval: 1e6, timeout: 1e6, settings });
       tracker.check(new AbortController().signal);`,
    );
    for (let round = 0; round < 5; round++) {
      const worker = new Worker(file);
      await until(
        'its process',
        () => existsSync(`${folder}/begun`) && running(`^sleep ${SECONDS}.75`) === 2,
      );
      await worker.terminate();
      await until('their end', () => running(`${SECONDS}[.]75`) === 0);
      rmSync(`${folder}/begun`);
    }
    assert.equal(sh(`ps --ppid ${process.pid} -o stat= | grep -c Z || true`).trim(), '0', 'zombies');
  });
}
