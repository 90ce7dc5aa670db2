/**
 * `npm run publish:all -- [--registry=URL] [--tag=TAG] [--provenance] [--dry-run]`: publishes the tarballs in
 * out/packages, plugins first, rvrrpd last, so that whoever installs it finds what it depends on. What the registry has
 * already is left alone: a run that broke off is simply repeated. `--provenance` needs a CI that npm trusts (OIDC).
 */
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { publishAll } from './packages/publish.ts';
import { ROOT, workspacePackages } from './packages/workspace.ts';

const { values } = parseArgs({
  options: {
    registry: { type: 'string' },
    tag: { type: 'string' },
    provenance: { type: 'boolean', default: false },
    'dry-run': { type: 'boolean', default: false },
  },
});
const folder = path.join(ROOT, 'out/packages');
const there = readdirSync(folder);
const tarballs = workspacePackages().map(({ manifest: { name, version } }) => {
  const file = `${name}-${version}.tgz`;
  if (!there.includes(file)) throw new Error(`out/packages/${file} is missing: run \`npm run pack:all\``);
  return { name, version, file: path.join(folder, file) };
});
for await (const line of publishAll(tarballs, {
  ...(values.registry !== undefined && { registry: values.registry }),
  ...(values.tag !== undefined && { tag: values.tag }),
  provenance: values.provenance,
  dryRun: values['dry-run'],
})) {
  console.log(line);
}
