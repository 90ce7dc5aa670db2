import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const alias = {
  'rvrrpd/plugin': fileURLToPath(new URL('core/plugin/index.ts', import.meta.url)),
  'rvrrpd-track-system': fileURLToPath(new URL('plugins/track-system/src/index.ts', import.meta.url)),
};

export default defineConfig({
  test: {
    reporters: ['default', './test/closing-line-reporter.ts'],
    projects: [
      {
        // Needs no root, no network and no build.
        resolve: { alias },
        test: {
          name: 'unit',
          include: [
            'core/**/*.test.ts',
            'plugins/*/test/*.test.ts',
            'scripts/**/*.test.ts',
            'test/simulation/*.test.ts',
            'test/api-contract/*.test.ts',
          ],
          exclude: ['**/*.system.test.ts', '**/node_modules/**'],
          // They take milliseconds; on a machine that has no time for them they must not fail for it.
          testTimeout: 60_000,
          hookTimeout: 60_000,
          // Nobody edits anything meanwhile: no processor need be spared.
          maxWorkers: '100%',
        },
      },
      {
        // Real daemons and peers in network namespaces: root, after the unit tests.
        resolve: { alias },
        test: {
          name: 'system',
          include: ['test/**/*.system.test.ts', 'plugins/*/test/*.system.test.ts'],
          exclude: ['**/node_modules/**'],
          sequence: { groupOrder: 1 },
          // They wait for timers most of the time: two processors are still idle for half of it. Two files at a time, so
          // that the end of one, where a single test is left, is not waited for by all.
          maxWorkers: 2,
          maxConcurrency: 4,
          // Far longer than any of them takes: on a machine that is ten times as busy they must not fail for it.
          testTimeout: 240_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
