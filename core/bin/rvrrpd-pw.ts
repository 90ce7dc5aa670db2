#!/usr/bin/env node
import { passwordMain } from '../cli/password.ts';

process.on('SIGUSR1', () => {}); // it would open Node.js's inspector
const args = process.argv.slice(2);
// Overwrites the arguments where `ps` reads them: one of them may be the password.
process.title = 'rvrrpd-pw';
process.exit(await passwordMain(args));
