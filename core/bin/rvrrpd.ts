#!/usr/bin/env node
import { setFlagsFromString } from 'node:v8';
import { Signals } from '../supervisor/signals.ts';
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
const { main } = await import('../cli/main.ts');
closeInspector(); // it opens a moment after the signal
process.exit(await main(args, signals));
