/** How a kit hands its tests over. */

/** Registers a test: `test` of vitest or node:test, `it` of mocha or jest. Tests run one after the other. */
export type AsyncTestRegistrar = (name: string, body: () => void | Promise<void>) => unknown;
