/**
 * Compliance tests for plugins of kind `api`. A plugin's author calls {@link apiCompliance} in their own test suite;
 * the built-in plugin does the same. The services run in the test's own process, on ports of 127.0.0.1.
 */
import assert from 'node:assert/strict';
import type { Service } from '../contracts/index.ts';
import {
  ApiStage,
  type ApiStageOptions,
  EVENTS,
  eventually,
  type OtherSettings,
  SECRET,
} from './api-stage.ts';
import { declared, type FromManifest } from './manifest.ts';
import type { AsyncTestRegistrar } from './test-registrar.ts';

/** What the kit needs to know about the plugin. */
export interface ApiComplianceOptions extends Omit<ApiStageOptions, 'name'>, FromManifest {
  readonly test: AsyncTestRegistrar;
  /**
   * Settings that it cannot work with, given the rest as above, and what the complaint must contain: the value or
   * the file, so that the operator finds it.
   */
  readonly wrong?: readonly { readonly settings: OtherSettings; readonly contains: string }[];
}

/** States that no version may trip over: a version of another day has other ones. */
const STRANGE_STATES = [null, 17, 'state', [], {}, { version: 1e6 }];

/** Registers the tests. What a service opens is watched with node:async_hooks while one runs. */
export function apiCompliance(options: ApiComplianceOptions): void {
  const { plugin, wrong = [] } = options;
  const { name } = declared('api', options);
  const known: ApiStageOptions = { ...options, name };
  const test = (what: string, body: (stage: ApiStage) => Promise<void>): void => {
    options.test(`api compliance, ${name}: ${what}`, () => ApiStage.play(known, body));
  };

  test('its default export is of kind api, and makes services', async (stage) => {
    assert.equal(plugin.kind, 'api');
    assert.equal(typeof plugin.create, 'function');
    const { service } = stage.create(await stage.settings());
    for (const method of ['start', 'stop'] as const satisfies (keyof Service)[]) {
      assert.equal(typeof service[method], 'function', method);
    }
    for (const method of ['reconfigure', 'exportState', 'importState'] as const satisfies (keyof Service)[]) {
      assert.ok(['function', 'undefined'].includes(typeof service[method]), method);
    }
  });

  test('serves from start to stop, and neither before nor after', async (stage) => {
    const settings = await stage.settings();
    const actor = stage.create(settings);
    assert.equal(await stage.serves(settings), false, 'before start');
    await actor.start();
    assert.equal(await stage.serves(settings), true, 'after start');
    await actor.stop();
    assert.equal(await stage.serves(settings), false, 'after stop');
  });

  test('another one is made while it serves, and takes its place', async (stage) => {
    const settings = await stage.settings();
    const one = stage.create(settings);
    await one.start();
    for (let round = 0; round < 3; round++) stage.create(settings); // reloads that were called off
    const other = stage.create(settings);
    assert.equal(await stage.serves(settings), true, 'making another one disturbs nobody');
    await one.stop();
    assert.equal(await stage.serves(settings), false, 'the other one waits for its start');
    await other.start();
    assert.equal(await stage.serves(settings), true, 'the other one');
    await other.stop();
  });

  test('can be stopped while it starts', async (stage) => {
    const settings = await stage.settings();
    const actor = stage.create(settings);
    const started = actor.start().catch(() => {});
    await actor.stop();
    await started;
    await eventually(async () => !(await stage.serves(settings)));
    assert.equal(await stage.serves(settings), false);
  });

  test('two serve side by side, if their settings allow it', async (stage) => {
    const [first, second] = [await stage.settings(), await stage.settings()];
    const [one, other] = [stage.create(first), stage.create(second)];
    await one.start();
    await other.start();
    await one.stop();
    assert.equal(await stage.serves(second), true, 'the end of one is not the end of the other');
    await other.stop();
  });

  test('takes what the daemon tells, and asks for nothing of its own accord', async (stage) => {
    const settings = await stage.settings();
    const actor = stage.create(settings);
    stage.emit(EVENTS);
    await actor.start();
    for (const routers of [stage.routers, [], stage.routers]) {
      stage.routers = routers;
      stage.emit(EVENTS);
      stage.emit(EVENTS, 1000);
      stage.emit([], 1);
      assert.equal(await stage.serves(settings), true, `with ${routers.length} virtual routers`);
    }
    await actor.stop();
    stage.emit(EVENTS); // there is no unsubscribing
    assert.equal(stage.changes, 0, 'changes of the configuration');
  });

  test('does not write the secret to the log', async (stage) => {
    const settings = await stage.settings();
    const actor = stage.create(settings);
    await actor.start();
    await stage.serves(settings);
    await actor.stop();
    assert.ok(!stage.log.some((line) => line.includes(SECRET)));
  });

  test('its state goes to the next version, and the running one is not disturbed', async (stage) => {
    const settings = await stage.settings();
    const one = stage.create(settings);
    await one.start();
    const state: unknown = structuredClone(one.service.exportState?.());
    assert.equal(await stage.serves(settings), true, 'after exportState');
    const other = stage.create(settings);
    if (state !== undefined) other.service.importState?.(state);
    await one.stop();
    await other.start();
    assert.equal(await stage.serves(settings), true, 'with the state of another one');
    await other.stop();
  });

  test('takes a state that it does not know for none, or says why not', async (stage) => {
    const settings = await stage.settings();
    for (const state of STRANGE_STATES) {
      const actor = stage.create(settings);
      try {
        actor.service.importState?.(state);
      } catch (error) {
        assertComplaint(error, '');
        continue;
      }
      await actor.start();
      assert.equal(await stage.serves(settings), true, JSON.stringify(state));
      await actor.stop();
    }
  });

  test('is reconfigured while it serves, or not at all', async (stage) => {
    const [before, after, never] = [await stage.settings(), await stage.settings(), await stage.settings()];
    const actor = stage.create(before);
    await actor.start();
    if (actor.service.reconfigure) {
      const calledOff = await actor.prepare(never);
      assert.equal(await stage.serves(before), true, 'nothing is taken into use before commit');
      await calledOff.abandon();
      assert.equal(await stage.serves(before), true, 'after abandon');
      assert.equal(await stage.serves(never), false, 'what was called off is given back');
      await (await actor.prepare(before)).commit();
      assert.equal(await stage.serves(before), true, 'the same once more');
      await (await actor.prepare(after)).commit();
      assert.equal(await stage.serves(after), true, 'as the new settings say');
      await eventually(async () => !(await stage.serves(before)));
      assert.equal(await stage.serves(before), false, 'no longer as the old ones say');
    }
    await actor.stop();
    assert.deepEqual([await stage.serves(before), await stage.serves(after)], [false, false], 'after stop');
  });

  test('refuses settings that it cannot work with, and says what is wrong', async (stage) => {
    for (const { settings: changes, contains } of wrong) {
      const settings = await stage.settings(changes);
      const what = JSON.stringify(changes);
      assert.throws(
        () => stage.create(settings),
        (error: unknown) => assertComplaint(error, contains),
        what,
      );
      const right = await stage.settings();
      const actor = stage.create(right);
      if (!actor.service.reconfigure) continue;
      await actor.start();
      await assert.rejects(
        actor.prepare(settings),
        (error: unknown) => assertComplaint(error, contains),
        what,
      );
      assert.equal(await stage.serves(right), true, 'a reload that is refused changes nothing');
      await actor.stop();
    }
  });
}

/** @returns true. @throws AssertionError if it is nothing that an operator can use */
function assertComplaint(error: unknown, contains: string): true {
  assert.ok(error instanceof Error, 'an Error');
  assert.ok(error.message.length > 0, 'with a message');
  assert.ok(error.message.includes(contains), `"${error.message}" says "${contains}"`);
  assert.ok(!error.message.includes(SECRET), 'without the secret');
  return true;
}
