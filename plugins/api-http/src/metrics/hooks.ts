/** Metrics of the hooks. */
import type { Registry } from 'prom-client';
import type { HookStatus } from 'rvrrpd/plugin';
import { family } from './family.ts';
import type { Snapshot } from './snapshot.ts';

const COUNTERS = {
  delivered: 'Events that a hook has delivered.',
  failed: 'Events whose delivery was given up.',
  dropped: 'Events that were not told to a hook, because too many waited.',
  joined: 'Events that were joined into newer ones (latest).',
} as const;

/**
 * Adds them to a registry.
 * @param now what the scrape is about
 */
export function hookMetrics(registry: Registry, now: () => Snapshot): void {
  const samples = (field: keyof Omit<HookStatus, 'name' | 'type'>) => () =>
    now().hooks.map((hook) => ({ value: hook[field], labels: { hook: hook.name, type: hook.type } }));
  family(
    registry,
    'gauge',
    'rvrrpd_hook_queue_length',
    'Events that wait for a hook, the one that is under way included.',
    samples('queue'),
  );
  for (const field of ['delivered', 'failed', 'dropped', 'joined'] as const)
    family(registry, 'counter', `rvrrpd_hook_${field}_total`, COUNTERS[field], samples(field));
}
