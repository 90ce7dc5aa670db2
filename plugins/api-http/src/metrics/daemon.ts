/** Metrics of the daemon and its process. */
import { readdirSync, readFileSync } from 'node:fs';
import type { Registry } from 'prom-client';
import { family, type Labels, NONE } from './family.ts';
import type { Snapshot } from './snapshot.ts';

/**
 * Adds them to a registry. prom-client's own metrics of the process are not used: they keep a timer and an
 * observer for ever, and count CPU time from their making on.
 * @param now what the scrape is about
 */
export function daemonMetrics(registry: Registry, now: () => Snapshot): void {
  /** A single number; undefined: there is none. */
  const add = (type: 'gauge' | 'counter', name: string, help: string, read: () => number | undefined): void =>
    family(registry, type, name, help, () => {
      const value = read();
      return value === undefined ? [] : [{ value, labels: NONE }];
    });
  const info = (name: string, help: string, read: () => Labels[]): void =>
    family(registry, 'gauge', name, help, () => read().map((labels) => ({ value: 1, labels })));

  info('rvrrpd_build_info', 'Version of rvrrpd and of Node.js.', () => [
    { version: now().daemon.version, node_version: process.versions.node },
  ]);
  info('rvrrpd_plugin_info', 'Plugins in use.', () =>
    now()
      .daemon.plugins.filter(({ inUse }) => inUse)
      .map(({ package: name, version, kind }) => ({ package: name, version, kind })),
  );
  add(
    'gauge',
    'rvrrpd_generation',
    '1 at first, one more at each reload and replacement of a worker.',
    () => {
      return now().daemon.generation;
    },
  );
  add(
    'gauge',
    'rvrrpd_last_reload_successful',
    '1 if the last reload went well; absent if there was none.',
    () => {
      const { lastReload } = now().daemon;
      return lastReload === null ? undefined : Number(lastReload.ok);
    },
  );
  add(
    'gauge',
    'rvrrpd_troubles',
    'How much of what is configured does not run, apart from virtual routers.',
    () => now().daemon.troubles?.length ?? 0,
  );
  add('gauge', 'rvrrpd_last_reload_timestamp_seconds', 'When the last reload was over.', () => {
    const { lastReload } = now().daemon;
    return lastReload === null ? undefined : Date.parse(lastReload.time) / 1000;
  });
  add(
    'gauge',
    'rvrrpd_configuration_temporary',
    '1 if the next reload forgets changes that are in force.',
    () => Number(now().configuration.temporary),
  );
  add(
    'counter',
    'rvrrpd_engine_wake_ups_total',
    'How often packets or a deadline have woken the engine.',
    () => {
      return now().counters.wakeUps;
    },
  );

  // Names as in the Prometheus client guidelines, "Standard and runtime collectors".
  add('gauge', 'process_start_time_seconds', 'When the daemon had started.', () => {
    return Date.parse(now().daemon.since) / 1000;
  });
  add('counter', 'process_cpu_seconds_total', 'CPU time of the daemon, all of its threads.', () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1e6;
  });
  add('gauge', 'process_resident_memory_bytes', 'Memory of the daemon.', () => process.memoryUsage.rss());
  add('gauge', 'process_open_fds', 'Open file descriptors.', () => readdirSync('/proc/self/fd').length - 1);
  const mostDescriptors = /^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1];
  add('gauge', 'process_max_fds', 'Most file descriptors that may be open.', () =>
    mostDescriptors === undefined ? undefined : Number(mostDescriptors),
  );
}
