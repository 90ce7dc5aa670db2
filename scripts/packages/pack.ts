/** Makes tarballs. */
import { mkdirSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { npmPack } from './npm.ts';
import { type StageOptions, stage } from './stage.ts';

/** A package ready to be published. */
export interface Tarball {
  readonly name: string;
  readonly version: string;
  /** Absolute path. */
  readonly file: string;
  /** In octets. */
  readonly size: number;
}

/**
 * Packs the packages of this repository.
 * @returns the tarballs in the order in which they can be published
 * @throws Error if something has not been built
 */
export async function packAll(into: string, options: StageOptions): Promise<Tarball[]> {
  mkdirSync(into, { recursive: true });
  const below = mkdtempSync(path.join(tmpdir(), 'rvrrpd-pack-'));
  try {
    const staged = await stage(below, options);
    const packed = await npmPack(
      staged.map((each) => each.staged),
      into,
    );
    return packed.map(({ name, version, filename }) => {
      const file = path.join(into, filename);
      return { name, version, file, size: statSync(file).size };
    });
  } finally {
    rmSync(below, { recursive: true, force: true });
  }
}
