import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Authentication } from '../src/auth/authentication.ts';
import { readRevocations, writeRevocations } from '../src/auth/state-file.ts';
import { Tally } from '../src/tally.ts';
import { API, fakeContext, OPTIONS } from './context.ts';

let folder: string;
let stateFile: string;
let log: string[];
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'rvrrpd-state-'));
  stateFile = path.join(folder, 'api.json');
  log = [];
});
afterEach(() => {
  vi.useRealTimers();
  rmSync(folder, { recursive: true });
});

const REVOCATIONS = {
  everybody: 1,
  users: [['carol', 2]] as [string, number][],
  tickets: [['00', 'admin', 3]] as [string, string, number][],
};

describe('the state file', () => {
  test('is read as it was written, for root alone, whatever the umask', () => {
    const umask = process.umask(0);
    try {
      writeRevocations(stateFile, REVOCATIONS);
    } finally {
      process.umask(umask);
    }
    expect(readRevocations(stateFile)).toEqual(REVOCATIONS);
    expect(statSync(stateFile).mode & 0o777).toBe(0o600);
    writeRevocations(stateFile, { everybody: 5, users: [], tickets: [] });
    expect(readRevocations(stateFile)).toEqual({ everybody: 5, users: [], tickets: [] });
    expect(readdirSync(folder)).toEqual(['api.json']);
  });

  test('that is not there is none; one that cannot be written leaves nothing', () => {
    expect(readRevocations(stateFile)).toBeUndefined();
    expect(() => writeRevocations(path.join(folder, 'nowhere', 'api.json'), REVOCATIONS)).toThrow('ENOENT');
    expect(() => writeRevocations(folder, REVOCATIONS)).toThrow();
    expect(existsSync(`${folder}.new`)).toBe(false);
  });

  test.each([
    ['', 'not JSON'],
    ['{"version":1,"revocations":{"everybody":1,"us', 'not JSON'],
    ['{}', 'does not hold revocations'],
    ['{"version":2,"revocations":{"everybody":1,"users":[],"tickets":[]}}', 'does not hold revocations'],
    ['{"version":1,"revocations":{"everybody":-1,"users":[],"tickets":[]}}', 'does not hold revocations'],
    ['{"version":1,"revocations":{"everybody":1,"users":[["a"]],"tickets":[]}}', 'does not hold revocations'],
    [' '.repeat((4 << 20) + 1), 'too large'],
  ])('that is damaged says how', (content, complaint) => {
    writeFileSync(stateFile, content);
    expect(() => readRevocations(stateFile)).toThrow(complaint);
  });
});

test('what is no file does not keep anybody waiting', () => {
  execFileSync('mkfifo', [stateFile]);
  expect(() => readRevocations(stateFile)).toThrow('no regular file');
});

describe('a restart', () => {
  /** A process that has started, one boot if not said otherwise. */
  const boot = (secret: string | undefined = 'a secret', era = 'boot 1') => {
    const context = fakeContext({ stateFile, log: (level, message) => log.push(`${level} ${message}`) });
    const settings = { users: API.users, ...(secret !== '' && { secret }) };
    const auth = new Authentication(context, settings, () => OPTIONS, new Tally(), era);
    auth.open();
    return auth;
  };
  const issue = (auth: Authentication) => auth.sessions.issue('session', 'carol')!.ticket;

  test('keeps sessions, and keeps ended what was ended', () => {
    const before = boot();
    const [kept, ended] = [issue(before), issue(before)];
    const admin = before.sessions.issue('token', 'admin')!.ticket;
    before.sessions.end(ended);
    before.sessions.endUser('admin');
    const after = boot();
    expect(after.sessions.check(kept)).toBeDefined();
    expect(after.sessions.check(ended)).toBeUndefined();
    expect(after.sessions.check(admin)).toBeUndefined();
    expect(log).toEqual([]);
  });

  test('without a secret ends all of them, and writes nothing', () => {
    const before = boot('');
    const ticket = issue(before);
    before.sessions.end(issue(before));
    expect(boot('').sessions.check(ticket)).toBeUndefined();
    expect(existsSync(stateFile)).toBe(false);
  });

  test.each([
    ['lost', () => rmSync(stateFile)],
    ['damaged', () => writeFileSync(stateFile, '{"version":1,')],
    [
      'not a file',
      () => {
        rmSync(stateFile);
        chmodSync(folder, 0o700);
        writeFileSync(stateFile, '[]');
      },
    ],
  ])('with a state file that is %s refuses all from before: nobody knows what was revoked', (_how, spoil) => {
    const before = boot();
    const ended = issue(before);
    const other = issue(before);
    before.sessions.end(ended);
    spoil();
    const after = boot();
    expect(after.sessions.check(ended)).toBeUndefined();
    expect(after.sessions.check(other)).toBeUndefined();
    const fresh = issue(after);
    expect(after.sessions.check(fresh)).toBeDefined();
    const later = boot();
    expect(later.sessions.check(ended), 'and later, too').toBeUndefined();
    expect(later.sessions.check(fresh)).toBeDefined();
  });

  test('ends them however the clock was set meanwhile', () => {
    vi.useFakeTimers({ toFake: ['Date'], now: 1_700_000_000_000 });
    const before = boot();
    const tickets = [issue(before)];
    for (let i = 0; i < 50; i++) {
      before.sessions.endUser('carol'); // each is dated further ahead than the one before
      tickets.push(issue(before));
    }
    expect(before.sessions.check(tickets.at(-1)!)).toBeDefined();
    vi.setSystemTime(1_700_000_000_000 - 250_000);
    rmSync(stateFile);
    const after = boot();
    for (const ticket of tickets) expect(after.sessions.check(ticket)).toBeUndefined();
    const fresh = issue(after);
    expect(after.sessions.check(fresh)).toBeDefined();
    expect(boot().sessions.check(fresh)).toBeDefined();
  });

  test('from a version whose file knew no epochs keeps its sessions', () => {
    const before = boot('a secret');
    writeRevocations(stateFile, { everybody: 0, users: [], tickets: [] });
    const old = boot();
    const ticket = issue(old);
    expect(boot().sessions.check(ticket)).toBeDefined();
    expect(before.sessions.check(ticket)).toBeUndefined(); // of another epoch
  });

  test('with a damaged file says so, in words that an operator understands', () => {
    writeFileSync(stateFile, 'secret text');
    boot();
    expect(log).toEqual([
      `error ${stateFile} cannot be used: it is not JSON. All sessions and tokens from before are ended`,
    ]);
    expect(readFileSync(stateFile, 'utf8')).toMatch(/^\{"version":1,/);
  });

  test('of the machine ends all: the file goes with it', () => {
    const ticket = issue(boot());
    expect(boot('a secret', 'boot 2').sessions.check(ticket)).toBeUndefined();
  });

  test('works where the file cannot be written, and says what that means', () => {
    stateFile = path.join(folder, 'nowhere', 'api.json');
    const auth = boot();
    expect(log).toHaveLength(1);
    expect(log[0]).toMatch(/^error .*api\.json cannot be written: ENOENT.* A restart will forget/);
    const ticket = issue(auth);
    auth.sessions.end(ticket);
    expect(auth.sessions.check(ticket)).toBeUndefined();
  });

  test('of the plugin alone: the file tells what the old version revoked after it had exported its state', () => {
    const before = boot();
    const late = issue(before);
    const kept = issue(before);
    const state = before.exportState();
    const after = new Authentication(
      fakeContext({ stateFile }),
      { users: API.users, secret: 'a secret' },
      () => OPTIONS,
      new Tally(),
      'boot 1',
    );
    after.importState(structuredClone(state));
    before.sessions.end(late);
    after.open();
    expect(after.sessions.check(late)).toBeUndefined();
    expect(after.sessions.check(kept)).toBeDefined();
  });

  test('a secret that a reload brings: the file of earlier times is heeded', () => {
    const before = boot();
    const ended = issue(before);
    before.sessions.end(ended);
    before.configure({ users: API.users });
    before.configure({ users: API.users, secret: 'a secret' });
    expect(before.sessions.check(ended)).toBeUndefined();
    const other = boot('');
    other.configure({ users: API.users, secret: 'a secret' });
    expect(other.sessions.check(ended)).toBeUndefined();
  });
});
