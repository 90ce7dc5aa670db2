/** What the trackers' programs in namespaces have in common: a test registrar that reports in lines, and ways to look. */
import { execFileSync } from 'node:child_process';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { TrackSettings } from '../../core/plugin/compliance/track.ts';
import type { Finding, TrackContext, Tracker, TrackPlugin } from '../../core/plugin/contracts/index.ts';
import { packageRoot } from '../../core/shared/package-root.ts';

/** A test that has been run, as the program writes it, a line of JSON each. */
export interface Report {
  readonly test: string;
  /** Absent: it has passed. */
  readonly error?: string;
}

/** A shell command in this program's namespace. @returns its output @throws Error if it fails */
export function sh(command: string): string {
  return execFileSync('sh', ['-ec', command], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

/** The command that makes an interface with a carrier, at whose other end (its name and `-o`) nobody is. */
export function plugged(name: string): string {
  return `ip link add ${name} type veth peer name ${name}-o; ip link set ${name}-o up; ip link set ${name} up;`;
}

/** A built-in tracker as it is built. @param name what it answers to */
export async function loadTracker(name: string): Promise<TrackPlugin> {
  const file = path.join(packageRoot(), 'plugins', `track-${name}`, 'dist/index.js');
  const module = (await import(pathToFileURL(file).href)) as { default: TrackPlugin };
  return module.default;
}

/** Its manifest. */
export function manifestOf(name: string): string {
  return path.join(packageRoot(), 'plugins', `track-${name}`, 'package.json');
}

/** Makes a tracker. */
export function make(plugin: TrackPlugin, settings: TrackSettings, timeout = 1000): Tracker {
  const context: TrackContext = {
    ...{ name: 'x', options: {}, log: () => {}, tracker: 'probe', interval: timeout, timeout },
    settings,
  };
  return plugin.create(context);
}

/** One check of a tracker made for it. */
export async function find(plugin: TrackPlugin, settings: TrackSettings, timeout = 1000): Promise<Finding> {
  const tracker = make(plugin, settings, timeout);
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), timeout);
  try {
    return await tracker.check(controller.signal);
  } finally {
    clearTimeout(timer);
    await tracker.stop?.();
  }
}

/** Tests in the order in which they were registered. */
export class Tests {
  private readonly all: [string, () => void | Promise<void>][] = [];

  /** Registers one. */
  readonly add = (name: string, body: () => void | Promise<void>): void => {
    this.all.push([name, body]);
  };

  /** Runs them, one after the other, and reports each. */
  async run(): Promise<void> {
    for (const [test, body] of this.all) {
      let report: Report = { test };
      try {
        await body();
      } catch (error) {
        report = { test, error: error instanceof Error ? (error.stack ?? error.message) : String(error) };
      }
      process.stdout.write(`${JSON.stringify(report)}\n`);
    }
  }
}

/** Calls `holds` until it is true. @throws Error after 20 s */
export async function until(what: string, holds: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + 20_000;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}
