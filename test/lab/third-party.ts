/** Plugins of somebody else: packages in a lab's folder, named in `[plugins]` by their path. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Lab } from './lab.ts';

/** A plugin to write. */
export interface ThirdParty {
  /** Package name. */
  readonly name: string;
  readonly version: string;
  /** The `"rvrrpd"` field; `api` is filled in. */
  readonly manifest: Readonly<Record<string, unknown>>;
  /** Its module, JavaScript. */
  readonly code: string;
}

/** Writes plugins. @returns the `[plugins]` table for a configuration file in the lab's folder */
export function writePlugins(lab: Lab, ...plugins: readonly ThirdParty[]): string {
  const entries = plugins.map(({ name, version, manifest, code }) => {
    const folder = path.join(lab.folder, 'plugins', name);
    mkdirSync(folder, { recursive: true });
    const rvrrpd = { api: '^1.0.0', ...manifest };
    const description = { name, version, type: 'module', exports: './index.js', rvrrpd };
    writeFileSync(path.join(folder, 'package.json'), JSON.stringify(description, undefined, 2));
    writeFileSync(path.join(folder, 'index.js'), code);
    return `${JSON.stringify(`./plugins/${name}`)} = "*"\n`;
  });
  return `[plugins]\n${entries.join('')}`;
}
