/** A network namespace with an actuator in it. Everything goes with `takeDown`. */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import type { VirtualRouterConfig } from '../../core/config/model.ts';
import type { PluginKind, PluginManifest } from '../../core/plugin/contracts/index.ts';
import type { ResolvedPlugin } from '../../core/threads/resolved-plugins.ts';
import { armCleanup, PREFIX } from '../lab/cleanup.ts';
import type { Command, PlainInit, Told } from './harness.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** The plugins under test. */
const FOLDERS = ['netdrv-libnl', 'netdrv-ioctl', 'iftype-ether', 'iftype-macvlan'];

/** A folder that goes at the latest when this process does. */
function temporary(name: string): string {
  armCleanup();
  return mkdtempSync(path.join(os.tmpdir(), `${PREFIX}${name}`));
}

/** The worker, the harness and the plugins as JavaScript, in a temporary folder. */
export class Bundle {
  readonly folder = temporary('actuator-');
  readonly worker = path.join(this.folder, 'actuator.js');
  readonly harness = path.join(this.folder, 'harness.js');
  /** As the supervisor would resolve them. */
  readonly plugins: ResolvedPlugin[] = FOLDERS.map((folder) => {
    const text = readFileSync(path.join(ROOT, 'plugins', folder, 'package.json'), 'utf8');
    const { name, version, rvrrpd } = JSON.parse(text) as {
      name: string;
      version: string;
      rvrrpd: PluginManifest;
    };
    const { kind, names, provides = [], needs = [] } = rvrrpd;
    const entry = path.join(this.folder, 'plugins', folder, 'dist/index.js');
    return { package: name, version, kind, names, default: false, provides, needs, entry, options: {} };
  });

  /** @param extra more plugins: kind, name and TypeScript file */
  static async make(extra: readonly (readonly [PluginKind, string, string])[] = []): Promise<Bundle> {
    const bundle = new Bundle();
    const common = { bundle: true, platform: 'node', format: 'esm', packages: 'external' } as const;
    symlinkSync(path.join(ROOT, 'node_modules'), path.join(bundle.folder, 'node_modules'));
    const entries: [string, string][] = [
      ['core/actuator/worker.ts', bundle.worker],
      ['test/actuator/harness.ts', bundle.harness],
      ...FOLDERS.map((folder, i): [string, string] => [
        `plugins/${folder}/src/index.ts`,
        bundle.plugins[i]!.entry,
      ]),
    ];
    for (const [kind, name, file] of extra) {
      const entry = path.join(bundle.folder, 'extra', `${name}.js`);
      entries.push([file, entry]);
      bundle.plugins.push({ ...bundle.plugins[0]!, kind, names: [name], entry });
    }
    for (const [source, outfile] of entries) {
      await build({ ...common, entryPoints: [path.join(ROOT, source)], outfile, logLevel: 'error' });
    }
    for (const folder of FOLDERS) {
      const native = path.join(ROOT, 'plugins', folder, 'prebuilds');
      if (existsSync(native)) symlinkSync(native, path.join(bundle.folder, 'plugins', folder, 'prebuilds'));
    }
    mkdirSync(path.join(bundle.folder, 'run'));
    writeFileSync(path.join(bundle.folder, 'package.json'), '{"name":"rvrrpd","type":"module"}\n');
    mkdirSync(path.join(bundle.folder, 'core'));
    symlinkSync(path.join(ROOT, 'core/native'), path.join(bundle.folder, 'core/native'));
    return bundle;
  }

  /** The plugin that answers to a name. */
  plugin(kind: PluginKind, name: string): ResolvedPlugin {
    const found = this.plugins.find((plugin) => plugin.kind === kind && plugin.names.includes(name));
    if (!found) throw new Error(`no plugin answers to ${kind} "${name}"`);
    return found;
  }

  takeDown(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/**
 * A shell command that waits until these interfaces have a carrier: the kernel looks when it has time, and until then
 * what is sent is lost, and flags change by themselves.
 */
export function carrier(...names: readonly string[]): string {
  const look = 'ip link show dev $dev | grep -q "state UP" && break';
  return `for dev in ${names.join(' ')}; do for i in $(seq 200); do ${look}; sleep 0.05; done; done`;
}

let namespaces = 0;

/** A network namespace. */
export class Namespace {
  readonly name = `${PREFIX}actuator-${++namespaces}`;

  constructor() {
    armCleanup();
    execFileSync('ip', ['netns', 'add', this.name]);
    this.run('ip link set lo up');
  }

  /** Runs a shell command inside. @returns its output @throws Error if it fails */
  run(command: string): string {
    return execFileSync('ip', ['netns', 'exec', this.name, 'sh', '-ec', command], { encoding: 'utf8' });
  }

  /** Addresses of an interface as `ip` lists them: `10.0.0.1/32 eth0:1`. */
  addresses(name: string): string[] {
    const [link] = JSON.parse(this.run(`ip -j addr show dev ${name}`)) as [
      { addr_info: { local: string; prefixlen: number; label?: string }[] },
    ];
    return link.addr_info.map(
      ({ local, prefixlen, label }) => `${local}/${prefixlen}${label ? ` ${label}` : ''}`,
    );
  }

  /** Everything that must be as before in the end; interface indices and counters left out. */
  state(): string {
    const listing = this.run(
      'ip -j -d addr; ip -j route show table all; ip -6 -j route show table all; ip -j rule',
    );
    const settings = this.run('sysctl -a 2>/dev/null | grep -E "^net.ipv[46].conf" || true');
    return `${listing.replace(/"(valid|preferred)_life_time":\d+/g, '').replace(/"tentative":true,?/g, '')}${settings}`;
  }

  takeDown(): void {
    execFileSync('ip', ['netns', 'del', this.name]);
  }
}

/** A virtual router's configuration. */
export function router(vrid: number, on: string, address: string, more: Partial<VirtualRouterConfig> = {}) {
  return {
    position: { file: 'test', line: 1 },
    vrid,
    interface: on,
    family: 4,
    version: 2,
    addresses: [address],
    priority: 100,
    preempt: true,
    advertisementIntervalCs: 100,
    rfc3768: true,
    authSecret: '',
    iftype: 'ether',
    vifname: `standby${vrid}`,
    socketFilter: true,
    ...more,
  } as const satisfies VirtualRouterConfig;
}

/** An actuator in a process of its own, in a namespace. */
export class RunningActuator {
  readonly told: Told[] = [];
  private readonly child: ChildProcess;
  private news: (() => void) | undefined;

  constructor(
    bundle: Bundle,
    netns: Namespace,
    routers: readonly VirtualRouterConfig[],
    options: {
      masters?: number[];
      protocols?: PlainInit['config']['protocols'];
      journal?: string;
      /** Default `libnl`. */
      netdrv?: string;
    } = {},
  ) {
    this.child = spawn('ip', ['netns', 'exec', netns.name, process.execPath, bundle.harness], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    this.child.on('message', (told: Told) => {
      this.told.push(told);
      this.news?.();
    });
    const config = { virtualRouters: routers, protocols: options.protocols ?? {} } as PlainInit['config'];
    const routerPlugins = routers.map(({ iftype }) => ({
      netdrv: options.netdrv ?? 'libnl',
      iftype: iftype ?? 'ether',
    }));
    const journal = options.journal ?? path.join(bundle.folder, 'run', `${netns.name}.journal`);
    const init = { config, routerPlugins, plugins: bundle.plugins, journal };
    this.order({ do: 'start', worker: bundle.worker, init, masters: options.masters ?? [] });
  }

  order(command: Command): void {
    this.child.send(command);
  }

  /** Waits until something was told. @returns the first match @throws Error after 20 s */
  async until<T extends Told>(what: (told: Told) => told is T, after?: number): Promise<T>;
  async until(what: (told: Told) => boolean, after?: number): Promise<Told>;
  async until(what: (told: Told) => boolean, after = 0): Promise<Told> {
    const deadline = Date.now() + 20_000;
    for (;;) {
      const found = this.told.slice(after).find(what);
      if (found) return found;
      const last = JSON.stringify(this.told.at(-1))?.slice(0, 2000);
      if (Date.now() > deadline) throw new Error(`not told in 20 s; the last was ${last}`);
      await new Promise<void>((resolve) => {
        this.news = resolve;
        setTimeout(resolve, 100);
      });
    }
  }

  async ready(): Promise<void> {
    const end = await this.until(
      (t) =>
        t.from === 'exit' ||
        (t.from === 'worker' && (t.report.type === 'ready' || t.report.type === 'failed')),
    );
    if (end.from !== 'worker' || end.report.type !== 'ready') throw new Error(JSON.stringify(end));
  }

  /** Flips slots between Master and not, and waits until the kernel follows. @returns ms that it took */
  async flip(slots: readonly number[], by = 1): Promise<number> {
    const before = this.told.length;
    const applied = this.table()?.applied ?? [];
    const start = performance.now();
    this.order({ do: 'flip', slots, by });
    await this.until(
      (told) =>
        told.from === 'table' && slots.every((slot) => told.applied[slot] === (applied[slot] ?? 0) + by),
      before,
    );
    return performance.now() - start;
  }

  /** The table when the actuator rang last. */
  table(): Extract<Told, { from: 'table' }> | undefined {
    return this.told.findLast((told) => told.from === 'table');
  }

  /** The links as the engine knows them. */
  links() {
    const told = this.told.findLast((entry) => entry.from === 'actuator');
    return told?.message.links ?? [];
  }

  /** What the log says. */
  log(): string[] {
    return this.told.flatMap((told) =>
      told.from === 'worker' && told.report.type === 'log' ? [told.report.message] : [],
    );
  }

  /** Orders it to stop. @returns ms until it has taken everything back */
  async stop(): Promise<number> {
    const start = performance.now();
    this.order({ do: 'stop' });
    await this.until((told) => told.from === 'worker' && told.report.type === 'stopped');
    const took = performance.now() - start;
    await this.kill('SIGTERM');
    return took;
  }

  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const gone = new Promise((resolve) => this.child.once('exit', resolve));
    this.child.kill(signal);
    await gone;
  }
}
