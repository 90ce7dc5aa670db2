/**
 * The public entry point of the package for plugin authors: `import … from 'rvrrpd/plugin'`. The contracts are
 * types alone: a plugin that imports only those has no dependency at run time.
 */
export type { AuthComplianceOptions, TestRegistrar } from './compliance/auth.ts';
export { authCompliance } from './compliance/auth.ts';
export type * from './types.ts';
