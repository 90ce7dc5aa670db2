/** Plugins that do what a plugin must not do, written beside a lab's configuration. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { packageRoot } from '../../core/shared/package-root.ts';
import type { Lab } from './lab.ts';

/** The authentication type that {@link writeAuthPlugin} answers to: on the wire like RFC 2338's password. */
export const TRAP_AUTH = 'trap';
/** The interface type that {@link writeIftypePlugin} answers to. */
export const TRAP_IFTYPE = 'trap';

/** What a test's plugin is made of. */
export interface TrapOptions {
  /** Default 1.0.0. */
  readonly version?: string;
  /** Range of the plugin API. Default ^1.0.0. */
  readonly api?: string;
  /** JavaScript that runs when the module is loaded, `existsSync` and `rmSync` at hand. */
  readonly onLoad?: string;
  /** JavaScript: further members of the authenticator, such as `exportState() { … },`. */
  readonly members?: string;
}

function write(folder: string, kind: string, name: string, options: TrapOptions, code: string): void {
  mkdirSync(folder, { recursive: true });
  const manifest = {
    name: path.basename(folder),
    version: options.version ?? '1.0.0',
    type: 'module',
    exports: './index.js',
    rvrrpd: { api: options.api ?? '^1.0.0', kind, names: [name] },
  };
  writeFileSync(path.join(folder, 'package.json'), JSON.stringify(manifest, undefined, 2));
  const head = "import { existsSync, rmSync } from 'node:fs';\n";
  writeFileSync(path.join(folder, 'index.js'), `${head}${options.onLoad ?? ''}\n${code}`);
}

/** Writes an authentication plugin into `folder`. */
export function writeAuthPlugin(folder: string, options: TrapOptions = {}): void {
  const code = `export default {
  kind: 'auth',
  create(context, secret) {
    const trailer = new Uint8Array(8);
    trailer.set(secret.subarray(0, 8));
    return {
      authType: 1,
      sign: (packet, start, end) => packet.set(trailer, end),
      verify: (packet, start, end) => Buffer.compare(packet.subarray(end, end + 8), trailer) === 0,
      ${options.members ?? ''}
    };
  },
};
`;
  write(folder, 'auth', TRAP_AUTH, options, code);
}

/** Writes an interface type that puts addresses on the interface itself, as the built-in one does. */
export function writeIftypePlugin(folder: string, options: TrapOptions = {}): void {
  const entry = path.join(packageRoot(), 'plugins/iftype-ether/dist/index.js');
  const code = `import ether from ${JSON.stringify(entry)};\nexport default { ...ether };\n`;
  write(folder, 'iftype', TRAP_IFTYPE, options, code);
}

/** A file that springs a trap: the plugin's thread throws, by itself, once the file is there. */
export function springFile(lab: Lab): string {
  return path.join(lab.folder, 'spring');
}

/** `onLoad` of a plugin that throws in its thread once the file exists, and deletes it unless `often`. */
export function throwsWhen(file: string, often = false): string {
  const name = JSON.stringify(file);
  const remove = often ? '' : `rmSync(${name});`;
  return `setInterval(() => { if (existsSync(${name})) { ${remove} throw new Error('the trap is sprung'); } }, 10);`;
}
