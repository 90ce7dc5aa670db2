/** Kind `protocol`. */
import type { PluginContext } from './context.ts';
import type { KernelResource } from './kernel.ts';

/** Kind `protocol`: `[protocols]`, what a Master installs and takes back. Runs in the actuator. */
export interface ProtocolPlugin {
  readonly kind: 'protocol';
  create(context: PluginContext): Protocol;
}

/** A protocol: a pure function from its configuration to what the kernel must hold while anyone is Master. */
export interface Protocol {
  /** @param entries the `[[protocols.<name>]]` tables, validated. */
  plan(entries: readonly Readonly<Record<string, unknown>>[]): readonly KernelResource[];
}
