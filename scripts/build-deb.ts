/**
 * `make deb`: the Debian package, into out/. `--architecture=arm64` makes it of the addons of that platform
 * (`npm run build:cross`); without it, it is for this machine.
 */
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { type Architecture, buildDeb, thisArchitecture } from './packages/deb.ts';
import { ROOT } from './packages/workspace.ts';

const { values } = parseArgs({
  options: { architecture: { type: 'string' }, out: { type: 'string', default: path.join(ROOT, 'out') } },
});
const architecture = values.architecture || thisArchitecture();
if (architecture !== 'amd64' && architecture !== 'arm64') {
  console.error(`build-deb: --architecture=${architecture}: must be amd64 or arm64`);
  process.exit(2);
}
// Folders in the package are for all to read, whatever the umask of whoever makes it.
process.umask(0o022);
mkdirSync(values.out, { recursive: true });
const addons = values.architecture ? 'all' : 'this';
console.log(await buildDeb(values.out, { architecture: architecture as Architecture, addons }));
