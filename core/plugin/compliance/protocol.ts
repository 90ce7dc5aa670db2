/**
 * Compliance tests for plugins of kind `protocol`. A plugin's author calls {@link protocolCompliance} in their own
 * test suite; the built-in plugins do the same. They are pure: no root, network or clock.
 */
import assert from 'node:assert/strict';
import { Ajv } from 'ajv';
import type { KernelResource, Protocol, ProtocolPlugin } from '../contracts/index.ts';
import type { TestRegistrar } from './auth.ts';
import { declared, type FromManifest } from './manifest.ts';
import { assertWellFormed, frozen } from './resources.ts';

/** `[[protocols.<name>]]` tables of one configuration file. */
type Entries = readonly Readonly<Record<string, unknown>>[];

/** What the kit needs to know about the plugin. */
export interface ProtocolComplianceOptions extends FromManifest {
  readonly test: TestRegistrar;
  /** The plugin's default export. */
  readonly plugin: ProtocolPlugin;
  /** Its `[plugins]` options. Default: none. */
  readonly options?: Readonly<Record<string, unknown>>;
  /** The schema of one entry, content of `configSchema`, where no `manifest` says it. Absent: it ships none. */
  readonly schema?: object;
  /** Configurations that are right, and what each must lead to. */
  readonly right: readonly { readonly entries: Entries; readonly resources: readonly KernelResource[] }[];
  /**
   * Configurations that are wrong, and what the complaint must contain: the value, so that the operator finds
   * it. One that the schema refuses is fine; `contains` is then not looked for.
   */
  readonly wrong: readonly { readonly entries: Entries; readonly contains: string }[];
}

/** Registers the tests. */
export function protocolCompliance(options: ProtocolComplianceOptions): void {
  const { plugin, test, right, wrong } = options;
  const { name, schema } = declared('protocol', options);
  const create = (): Protocol => plugin.create({ name, options: options.options ?? {}, log: () => {} });
  const title = (what: string): string => `protocol compliance, ${name}: ${what}`;
  const isValid = (entries: Entries): boolean => {
    if (schema === undefined) return true;
    const validate = new Ajv({ strict: false, useDefaults: true }).compile(schema);
    return entries.every((entry) => validate(structuredClone(entry)));
  };

  test(title('its default export is of kind protocol'), () => {
    assert.equal(plugin.kind, 'protocol');
    assert.equal(typeof plugin.create, 'function');
    assert.equal(typeof create().plan, 'function');
    assert.ok(right.length > 0, 'the kit needs configurations to try');
  });

  test(title('wants nothing for nothing'), () => {
    assert.deepEqual(create().plan(frozen([])), []);
  });

  test(title('plans what a configuration says, in resources that can be installed'), () => {
    for (const { entries, resources } of right) {
      const what = JSON.stringify(entries);
      assert.ok(isValid(entries), `the schema takes ${what}`);
      const planned = create().plan(frozen(structuredClone(entries)));
      assertWellFormed(planned);
      assert.deepEqual(planned, resources, what);
    }
  });

  test(title('is pure: the same for the same, whoever asked before'), () => {
    const protocol = create();
    const plan = ({ entries }: { readonly entries: Entries }) =>
      protocol.plan(frozen(structuredClone(entries)));
    const first = right.map(plan);
    assert.deepEqual([...right].reverse().map(plan), first.reverse());
  });

  test(title('refuses what is wrong, and names it'), () => {
    for (const { entries, contains } of wrong) {
      if (!isValid(entries)) continue;
      const what = JSON.stringify(entries);
      assert.throws(
        () => create().plan(frozen(structuredClone(entries))),
        (error: unknown) => error instanceof Error && error.message.includes(contains),
        `refuses ${what}, and says "${contains}"`,
      );
    }
  });

  if (schema !== undefined) {
    test(title('has a schema that refuses what it does not know, and says what is expected'), () => {
      const { properties = {} } = schema as { properties?: Record<string, { expected?: string }> };
      for (const [key, property] of Object.entries(properties)) {
        assert.ok(property.expected, `"expected" of ${key} ends the complaint "must be …"`);
      }
      for (const { entries } of right) {
        for (const entry of entries)
          assert.ok(!isValid([{ ...entry, 'no-such-directive': 1 }]), 'additionalProperties');
      }
    });
  }
}
