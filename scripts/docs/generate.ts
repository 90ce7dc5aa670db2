/** `npm run docs`: writes every generated file that is not as it should be, and says which. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { outputs, root } from './outputs.ts';

let written = 0;
for (const [file, text] of outputs()) {
  if (readIfThere(`${root}${file}`) === text) continue;
  mkdirSync(dirname(`${root}${file}`), { recursive: true });
  writeFileSync(`${root}${file}`, text);
  console.log(`written: ${file}`);
  written++;
}
if (written === 0) console.log('everything generated is up to date');

function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}
