#!/usr/bin/env node
import { setFlagsFromString } from 'node:v8';
import { Signals } from '../supervisor/signals.ts';
import { descriptorFault } from './descriptors.ts';
import { closeInspector } from './inspector.ts';

// Before everything else is loaded, which takes its time.
const signals = new Signals();
closeInspector();

// Some seconds after a burst of work V8 would compact the heap of every thread, to save memory. In the engine that
// is a pause of several ms, for nothing: it allocates next to nothing.
setFlagsFromString('--no-memory-reducer');

const args = process.argv.slice(2);
// `pgrep rvrrpd` finds it, `ps` still tells which configuration it runs.
process.title = ['rvrrpd', ...args].join(' ');

/** ms that the end of the process may take: what was logged is still on its way. */
const LAST_WORDS = 300;

// What nobody expected is told in one line as well.
process.on('uncaughtException', (error: unknown) => {
  console.error(`rvrrpd: ${wordsOf(error)}`);
  process.exit(1);
});

const fault = descriptorFault();
if (fault === undefined) await run();
else {
  console.error(`rvrrpd: ${fault}`);
  process.exitCode = 1;
}

/** The system's refusals explain themselves; of a mistake of ours it is said where it is. */
function wordsOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if ((error as NodeJS.ErrnoException).syscall !== undefined) return error.message;
  const where = /^\s+at .*$/m.exec(error.stack ?? '')?.[0].trim() ?? '';
  return `internal error: ${error.message.split('\n')[0]} (${where})`;
}

async function run(): Promise<void> {
  // What comes with it opens hundreds of files.
  const [{ main }, { native }] = await Promise.all([import('../cli/main.ts'), import('../native/index.ts')]);
  native.returnMemory(); // before the workers begin
  closeInspector(); // it opens a moment after the signal
  const code = await main(args, signals);
  native.exitWithin(LAST_WORDS, code); // whatever hangs
  process.exit(code);
}
