/** A daemon without threads whose configuration is a real file, and all that may change it. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { onTestFinished, vi } from 'vitest';
import { Applier, type ReopenableLog } from '../applier.ts';
import { Changer } from '../changer.ts';
import { prepare } from '../prepare.ts';
import { Reloader } from '../reloader.ts';
import { Standby } from '../standby.ts';
import { running } from './stage.ts';

/** Two routers and a comment. */
export const TEXT = `# of the lab
debug = 1

[[vrouter]]
group = 1
interface = "lan"
vip = "192.0.2.1"
priority = 100 # low

[[vrouter]]
group = 2
interface = "lan"
vip = "192.0.2.2"
`;

/** See the file's comment. */
export async function changing(text = TEXT) {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'rvrrpd-supervisor-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = path.join(folder, 'rvrrpd.toml');
  writeFileSync(file, text);
  const { start, issues } = await prepare(file, {});
  if (!start) throw new Error(issues.map(({ message }) => message).join());
  const places = { journal: '/run/x.journal', namespaceCookie: '1', serviceState: '/run/x.service' };
  const made = await running({ ...start, places });
  const manager = { reloading: vi.fn(), reloaded: vi.fn() };
  const files = { reopen: vi.fn(), check: vi.fn(), use: vi.fn() } satisfies ReopenableLog;
  const applier = new Applier(made.daemon, made.log, manager, files);
  const standby = new Standby(made.daemon, made.log, {
    now: () => performance.now(),
    sleep: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
    hasListener: () => false,
  });
  return {
    ...{ ...made, file, folder, manager, files, applier },
    changer: new Changer(made.daemon, applier, {}, standby),
    reloader: new Reloader(made.daemon, applier, {}),
    /** What the file says now. */
    read: (): string => readFileSync(file, 'utf8'),
    /** Somebody edits it. */
    write: (next: string): void => writeFileSync(file, next),
    /** Names in its folder. */
    names: (): string[] => readdirSync(folder),
  };
}
