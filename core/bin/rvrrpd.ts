#!/usr/bin/env node
import { setFlagsFromString } from 'node:v8';
import { main } from '../cli/main.ts';

// Some seconds after a burst of work V8 would compact the heap of every thread, to save memory. In the engine that
// is a pause of several ms, for nothing: it allocates next to nothing.
setFlagsFromString('--no-memory-reducer');

const args = process.argv.slice(2);
// `pgrep rvrrpd` finds it, `ps` still tells which configuration it runs.
process.title = ['rvrrpd', ...args].join(' ');
process.exit(await main(args));
