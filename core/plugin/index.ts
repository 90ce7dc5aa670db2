/** The public entry point of the package for plugin authors: `import … from 'rvrrpd/plugin'`. */
export type * from './types.ts';
