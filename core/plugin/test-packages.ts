/** Packages in a temporary folder, for the tests of this folder. */
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

/** What goes into a `package.json`, beside its name. */
export type PackageFields = Readonly<Record<string, unknown>>;

/** A temporary folder to put packages into. */
export class TestPackages {
  readonly folder = realpathSync(mkdtempSync(join(tmpdir(), 'rvrrpd-packages-')));

  /** Writes a file; folders on the way are made. @returns its absolute path */
  file(path: string, content: string): string {
    const file = join(this.folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
    return file;
  }

  /** Writes `<path>/package.json`. Each field on a line of its own: name 2, version 3, then as given. */
  package(path: string, name: string, fields: PackageFields): string {
    return this.file(
      `${path}/package.json`,
      JSON.stringify({ name, version: '1.0.0', ...fields }, undefined, 1),
    );
  }

  /** A plugin package in `node_modules`, its module at `index.js`. */
  plugin(name: string, manifest: PackageFields, fields: PackageFields = {}): string {
    return this.package(`node_modules/${name}`, name, {
      exports: './index.js',
      rvrrpd: { api: '^1.0.0', ...manifest },
      ...fields,
    });
  }

  /** An installation of rvrrpd with these dependencies. @returns its folder */
  root(...dependencies: string[]): string {
    this.package('.', 'rvrrpd', {
      dependencies: Object.fromEntries(dependencies.map((name) => [name, '^1.0.0'])),
    });
    return this.folder;
  }

  remove(): void {
    rmSync(this.folder, { recursive: true });
  }
}
