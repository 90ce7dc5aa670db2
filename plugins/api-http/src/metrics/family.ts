/** A metric whose samples are read when they are asked for, from where they are counted anyway. */
import { Counter, Gauge, type Registry } from 'prom-client';

/** Labels of a sample. */
export type Labels = Readonly<Record<string, string | number>>;

/** A value and its labels. */
export interface Sample {
  readonly value: number;
  readonly labels: Labels;
  /**
   * Further labels, which many samples have in common, always as the same object: prom-client makes text of it
   * once. With thousands of virtual routers that is most of the work.
   */
  readonly sharedLabels?: Labels;
}

/** Labels of a metric without any. */
export const NONE: Labels = {};

/**
 * Adds a metric to a registry.
 * @param name a counter's ends in `_total`
 * @param read its samples as they are now
 */
export function family(
  registry: Registry,
  type: 'gauge' | 'counter',
  name: string,
  help: string,
  read: () => Sample[],
): void {
  const config = { name, help, registers: [registry] };
  const metric = type === 'gauge' ? new Gauge(config) : new Counter(config);
  // Setting values one by one, which is the usual way, takes prom-client longer than writing all of them.
  const describe = metric.get.bind(metric);
  metric.get = async () => ({ ...(await describe()), values: read() });
}
