import { readFileSync } from 'node:fs';
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { coreFiles, findNames, pluginNames } from './core-names.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

describe('the core', () => {
  const names = pluginNames(`${root}plugins`);

  test('there are plugins and files to look for', () => {
    expect(names.folders.length).toBeGreaterThanOrEqual(6);
    expect(names.configuration.length).toBeGreaterThanOrEqual(6);
    expect(coreFiles(`${root}core`).length).toBeGreaterThan(30);
  });

  test('knows no plugin by name', () => {
    const found = coreFiles(`${root}core`).flatMap((file) =>
      findNames(relative(root, file), readFileSync(file, 'utf8'), names),
    );
    expect(found).toEqual([]);
  });
});

describe('findNames', () => {
  const names = { folders: ['netdrv-pigeon'], configuration: ['pigeon', 'ether'] };
  const inScript = (text: string) => findNames('x.ts', text, names);
  const inNative = (text: string) => findNames('x.cc', text, names);

  test.each([
    ['a branch', "if (name === 'pigeon') fly();"],
    ['a default', 'const driver = config.netdrv ?? "pigeon";'],
    ['a template', 'log(`pigeon`);'],
    ['a case', "switch (x) { case 'pigeon': }"],
    ['a list', "const all = ['dove', 'pigeon'];"],
    ['advice', `throw new Error('use netdrv = "pigeon" instead');`],
    ['a template with parts', `throw new Error(\`\${x}: use "pigeon" \${y}\`);`],
    ['a type', "type Driver = 'dove' | 'pigeon';"],
    ['a property that is not type', "const x = { netdrv: 'pigeon' };"],
  ])('finds a configuration name in %s', (_, text) => {
    expect(inScript(text)).toEqual(['x.ts:1: configuration name "pigeon"']);
  });

  test.each([
    ['a comment', '// as netdrv-pigeon does'],
    ['an import', "import x from '../../plugins/netdrv-pigeon/src/index.ts';"],
    ['a package name', "const x = 'rvrrpd-plugin-netdrv-pigeon';"],
  ])('finds a folder name in %s', (_, text) => {
    expect(inScript(text)).toEqual(['x.ts:1: plugin netdrv-pigeon']);
  });

  test('says which line', () => {
    expect(inScript("\n\nx('ether');\n")).toEqual(['x.ts:3: configuration name "ether"']);
  });

  test.each([
    ['a word in a sentence', "throw new Error('no ether here, nor a pigeon');"],
    ['an identifier', 'const ether = frame.ether;'],
    ['a comment', '// an ether type; a "pigeon"'],
    ['a longer word', "const x = 'pigeons'; const y = 'my-netdrv-pigeon-2';"],
    ['a kernel link type', "const x = { type: 'pigeon' }; if (link.type === 'pigeon') y();"],
    ['the type of a kernel link type', "interface X { readonly type: 'pigeon'; }"],
    ['the capability to make such links', "type DriverCapability = 'pigeon';"],
    ['one of several capabilities', "type DriverCapability = 'loft' | 'pigeon';"],
  ])('lets %s be', (_, text) => {
    expect(inScript(text)).toEqual([]);
  });

  test('finds names of trackers in code about trackers alone', () => {
    const words = { folders: [], configuration: [], trackers: ['link'] };
    expect(findNames('core/services/track-worker.ts', "const fast = ['link'];", words)).toEqual([
      'core/services/track-worker.ts:1: configuration name "link"',
    ]);
    expect(findNames('core/actuator/view.ts', "const fast = ['link'];", words)).toEqual([]);
    expect(findNames('core/config/track.test.ts', "const fast = ['link'];", words)).toEqual([]);
  });

  test('reads native sources', () => {
    expect(inNative('if (name == "pigeon") {}')).toEqual(['x.cc:1: configuration name "pigeon"']);
    expect(inNative('Fail("use \\"pigeon\\"");')).toEqual(['x.cc:1: configuration name "pigeon"']);
    expect(inNative('#include <netdrv-pigeon.h>\nchar c = \'"\'; /* "ether" */ // "ether"')).toEqual([
      'x.cc:1: plugin netdrv-pigeon',
    ]);
  });
});
