#!/usr/bin/env node
import { main } from '../cli/main.ts';

const args = process.argv.slice(2);
// `pgrep rvrrpd` finds it, `ps` still tells which configuration it runs.
process.title = ['rvrrpd', ...args].join(' ');
process.exit(await main(args));
