/**
 * What `make install` and `make uninstall` do: `install.ts [--destdir=DIR] [--prefix=DIR] [--addons=all]
 * [--uninstall]`.
 */
import path from 'node:path';
import { parseArgs } from 'node:util';
import { install, uninstall } from './packages/install.ts';

const { values } = parseArgs({
  options: {
    destdir: { type: 'string', default: '' },
    prefix: { type: 'string', default: '/usr/local' },
    addons: { type: 'string', default: 'this' },
    uninstall: { type: 'boolean', default: false },
  },
});
if (!path.isAbsolute(values.prefix)) {
  console.error(`install: PREFIX=${values.prefix}: must be an absolute path, such as /usr/local`);
  process.exit(2);
}
if (values.addons !== 'this' && values.addons !== 'all') {
  console.error(`install: --addons=${values.addons}: must be this or all`);
  process.exit(2);
}
// Folders too are for all to read.
process.umask(0o022);
const below = path.resolve(values.destdir === '' ? '/' : values.destdir);
const layout = { prefix: values.prefix, distribution: false };
const left = values.uninstall ? uninstall(below, layout) : await install(below, layout, values.addons);
for (const file of left) console.log(`${file} is left as it is: it has been changed`);
