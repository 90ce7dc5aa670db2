/** What system tests need, and what happens where it is missing. */
import { describe } from 'vitest';
import { COMMANDS, missingCommands } from './commands.ts';

/** Why system tests cannot run here, or `undefined` if they can. */
export function missingRequirements(): string | undefined {
  if (process.getuid?.() !== 0) return 'system tests need root (network namespaces): run `make test` as root';
  const packages = missingCommands(Object.keys(COMMANDS) as (keyof typeof COMMANDS)[]);
  if (packages.length === 0) return undefined;
  return `system tests need the Debian packages ${packages.join(', ')}: run \`make setup\``;
}

/**
 * `describe` for system tests. Where they cannot run they are skipped and say why; with `CI=true` in the
 * environment that is an error, because a continuous integration that skips its tests has tested nothing.
 */
export function describeSystem(name: string, body: () => void): void {
  declare(describe, name, body);
}

/** The same where all tests are concurrent: those of several such blocks of a file run beside each other as well. */
export function describeConcurrent(name: string, body: () => void): void {
  declare(describe.concurrent, name, body);
}

function declare(block: typeof describe | typeof describe.concurrent, name: string, body: () => void): void {
  const missing = missingRequirements();
  if (missing === undefined) {
    block(name, body);
    return;
  }
  if (process.env.CI === 'true') throw new Error(missing);
  console.warn(`skipped: ${name}: ${missing}`);
  describe.skip(`${name} (${missing})`, body);
}
