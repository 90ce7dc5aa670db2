#!/usr/bin/env node
import { main } from '../cli/main.ts';

process.title = 'rvrrpd';
process.exit(await main(process.argv.slice(2)));
