/** Makes a module of a broken state machine, beside the sources, which are not touched. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import type { transition } from '../../core/vrrp/machine.ts';
import { type Mutant, mutantsOf } from './mutants.ts';

/** The sources that are changed, in `core/vrrp`. */
export const SOURCES = ['machine.ts', 'timers.ts'] as const;

/** A state machine, see {@link transition}. */
export type Machine = typeof transition;

/** A mutant of one of the sources. */
export interface SourceMutant extends Mutant {
  readonly file: string;
}

/** Every mutant of the state machine. @param root folder of the repository */
export function allMutants(root: string): SourceMutant[] {
  return SOURCES.flatMap((file) => {
    const text = readFileSync(path.join(root, 'core/vrrp', file), 'utf8');
    return mutantsOf(file, text).map((mutant) => ({ file, ...mutant }));
  });
}

/** Makes modules of mutants in a folder of its own, which {@link close} removes. */
export class Workshop {
  private readonly folder: string;
  private count = 0;

  /** @param root folder of the repository */
  constructor(private readonly root: string) {
    this.folder = mkdtempSync(path.join(root, 'node_modules/.cache/mutants-'));
  }

  /** The state machine with this change, none without. */
  async machine(mutant?: SourceMutant): Promise<Machine> {
    const outfile = path.join(this.folder, `machine-${this.count++}.mjs`);
    await build({
      entryPoints: [path.join(this.root, 'core/vrrp/machine.ts')],
      ...{ outfile, bundle: true, platform: 'node', format: 'esm', target: 'node20', logLevel: 'silent' },
      plugins: [
        {
          name: 'mutant',
          setup: ({ onLoad }) => {
            onLoad({ filter: /core\/vrrp\/[a-z]+\.ts$/ }, ({ path: file }) =>
              mutant?.file === path.basename(file) ? { contents: mutant.text, loader: 'ts' } : undefined,
            );
          },
        },
      ],
    });
    const made = (await import(pathToFileURL(outfile).href)) as { readonly transition: Machine };
    return made.transition;
  }

  close(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
