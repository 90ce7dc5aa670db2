/** A `track` plugin of somebody else that does what a file says: finds, fails, hangs, spins, crashes, leaks. */
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Lab } from './lab.ts';

/** Package name of the plugin. */
export const TRACKER_PLUGIN = 'rvrrpd-plugin-track-obedient';

/** What one of its trackers can be told to do; `weight N` finds up with that weight. */
export type Behaviour =
  | 'up'
  | 'down'
  | 'throw'
  | 'hang'
  | 'deaf'
  | 'spin'
  | 'crash'
  | 'reject'
  | 'leak'
  | 'exit'
  | `weight ${number}`;

const CODE = `import { readFileSync, watch } from 'node:fs';
import { dirname } from 'node:path';
export default { kind: 'track', create({ tracker, settings, log }) {
  if (settings.refuse) throw new Error('no such thing as ' + settings.refuse);
  let watcher;
  return {
    start(changed) {
      if (settings.watch) watcher = watch(dirname(settings.file), () => changed());
    },
    async check(signal) {
      const [what, number] = readFileSync(settings.file, 'utf8').trim().split(' ');
      switch (what) {
        case 'up': return { up: true, words: 'version VERSION of ' + tracker };
        case 'down': return { up: false, words: 'told to be down' };
        case 'weight': return { up: true, words: 'found ' + number, weight: Number(number) };
        case 'throw': throw new Error('out of luck');
        case 'hang': return new Promise((_, reject) => signal.addEventListener('abort', () => reject(new Error('aborted'))));
        case 'deaf': return new Promise(() => {});
        case 'spin': for (;;) {}
        case 'crash': setImmediate(() => { throw new Error('from nowhere'); }); return new Promise(() => {});
        case 'reject': void Promise.reject(new Error('unhandled')); return new Promise(() => {});
        case 'exit': process.exit(3);
        case 'leak': { const all = []; for (;;) all.push(new Array(1000).fill(all.length)); }
      }
      return undefined;
    },
    stop() { watcher?.close(); },
  };
} };
`;

const SCHEMA = {
  type: 'object',
  required: ['file'],
  additionalProperties: false,
  properties: {
    file: { type: 'string', description: 'What says what to do.', expected: 'a path' },
    watch: { type: 'boolean', expected: 'true or false' },
    refuse: { type: 'string', expected: 'a text' },
    password: { type: 'string', expected: 'a text', writeOnly: true },
    fall: { default: 1 },
  },
};

/** The plugin in a lab's folder. */
export class ObedientTracker {
  private readonly folder: string;
  private version = 0;
  /** `[plugins]` for a configuration in the lab's folder. */
  readonly plugins: string;

  /** @param suffix makes it a package of its own, and a type, beside others */
  constructor(
    private readonly lab: Lab,
    private readonly suffix = '',
  ) {
    this.folder = path.join(lab.folder, `${TRACKER_PLUGIN}${suffix}`);
    this.plugins = `[plugins]\n"./${TRACKER_PLUGIN}${suffix}" = "*"\n`;
    this.upgrade();
  }

  /** Writes another version. @returns which */
  upgrade(): string {
    const version = `1.0.${++this.version}`;
    mkdirSync(this.folder, { recursive: true });
    const rvrrpd = { api: '^1.1.0', kind: 'track', names: [this.type], configSchema: 'schema.json' };
    const description = {
      name: path.basename(this.folder),
      version,
      type: 'module',
      exports: './index.js',
      rvrrpd,
    };
    writeFileSync(path.join(this.folder, 'schema.json'), JSON.stringify(SCHEMA));
    writeFileSync(path.join(this.folder, 'index.js'), CODE.replace('VERSION', version));
    writeFileSync(path.join(this.folder, 'package.json'), JSON.stringify(description, undefined, 2));
    return version;
  }

  private get type(): string {
    return `obedient${this.suffix}`;
  }

  /** The file that tells a tracker what to do. */
  fileOf(name: string): string {
    return path.join(this.lab.folder, `tracker-${name}`);
  }

  /** Tells it. */
  tell(name: string, what: Behaviour): void {
    const file = this.fileOf(name);
    writeFileSync(`${file}.new`, `${what}\n`);
    renameSync(`${file}.new`, file);
  }

  /** A `[[track]]` table in TOML. */
  table(name: string, directives: Readonly<Record<string, unknown>> = {}): string {
    const all = { name, type: this.type, file: this.fileOf(name), interval: 0.2, ...directives };
    const lines = Object.entries(all).map(([key, value]) => `${key} = ${JSON.stringify(value)}\n`);
    return `[[track]]\n${lines.join('')}\n`;
  }
}
