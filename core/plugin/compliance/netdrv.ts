/**
 * Compliance tests for plugins of kind `netdrv`. A plugin's author calls {@link netdrvCompliance} in their own
 * test suite; the built-in plugins do the same. They need root and a network namespace of their own: start the
 * suite with `unshare --net`, or let the driver work in another process (`run` must reach the same namespace).
 */
import assert from 'node:assert/strict';
import type { DriverCapability, NetworkDriver } from '../contracts/index.ts';
import { declared, type FromManifest } from './manifest.ts';
import { ADDRESS_TESTS } from './netdrv-addresses.ts';
import { GUARD_TESTS } from './netdrv-guards.ts';
import { LIFETIME_TESTS } from './netdrv-lifetimes.ts';
import { LINK_TESTS } from './netdrv-links.ts';
import { NEWS_TESTS } from './netdrv-news.ts';
import { ROUTE_TESTS } from './netdrv-routes.ts';
import { onStage, type StageOptions } from './netdrv-stage.ts';
import { TABLE_TESTS } from './netdrv-tables.ts';
import type { AsyncTestRegistrar } from './test-registrar.ts';

/** What the kit needs to know about the plugin. */
export interface NetdrvComplianceOptions extends Omit<StageOptions, 'name' | 'provides'>, FromManifest {
  /** What the driver can do, where no `manifest` says it. */
  readonly provides?: readonly DriverCapability[];
  readonly test: AsyncTestRegistrar;
}

/** Registers the tests. Interfaces named `rvc…` are made and removed, nothing else of the namespace is touched. */
export function netdrvCompliance(options: NetdrvComplianceOptions): void {
  const { plugin, test } = options;
  const { name, provides } = declared('netdrv', options);
  const stage: StageOptions = { ...options, name, provides };
  const title = (what: string): string => `netdrv compliance, ${name}: ${what}`;

  test(title('its default export is of kind netdrv'), () => {
    assert.equal(plugin.kind, 'netdrv');
    assert.equal(typeof plugin.create, 'function');
  });

  test(title('makes drivers that have every method, and do not share an end'), async () => {
    const make = () => plugin.create({ name, options: options.options ?? {}, log: () => {} });
    const [one, other] = [make(), make()];
    for (const method of ['links', 'apply', 'watch', 'close'] as const satisfies (keyof NetworkDriver)[]) {
      assert.equal(typeof one[method], 'function', method);
    }
    one.close();
    try {
      assert.ok((await other.links()).some((link) => link.name === 'lo'));
      assert.deepEqual(await other.apply([]), []);
    } finally {
      other.close();
    }
  });

  test(title('says of what it provides that it can be had, or why not'), () =>
    onStage(stage, async ({ driver }) => {
      for (const capability of provides) {
        const why = await driver.lacks?.(capability);
        if (why !== undefined) assert.match(why, /\S+ \S+/, `${capability}: a reason in words, or undefined`);
      }
    }),
  );

  for (const tests of [
    LINK_TESTS,
    ADDRESS_TESTS,
    ROUTE_TESTS,
    TABLE_TESTS,
    LIFETIME_TESTS,
    GUARD_TESTS,
    NEWS_TESTS,
  ]) {
    for (const [what, body] of Object.entries(tests)) test(title(what), () => onStage(stage, body));
  }
}
