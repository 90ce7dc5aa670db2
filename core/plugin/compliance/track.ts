/**
 * Compliance tests for plugins of kind `track`. A plugin's author calls {@link trackCompliance} in their own test suite;
 * the built-in plugins do the same. The trackers run in the test's own process, on what the author puts up for them.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import type { Finding, TrackContext, Tracker, TrackPlugin } from '../contracts/index.ts';
import { declared, type FromManifest } from './manifest.ts';
import { frozen } from './resources.ts';
import type { AsyncTestRegistrar } from './test-registrar.ts';
import { PAUSE, soon, waitFor } from './waiting.ts';

/** The plugin's own directives of a `[[track]]` table. */
export type TrackSettings = Readonly<Record<string, unknown>>;

/** What the kit needs to know about the plugin. */
export interface TrackComplianceOptions extends FromManifest {
  readonly test: AsyncTestRegistrar;
  /** The plugin's default export. */
  readonly plugin: TrackPlugin;
  /** Its `[plugins]` options. Default: none. */
  readonly options?: Readonly<Record<string, unknown>>;
  /** The schema of its directives, content of `configSchema`, where no `manifest` says it. Absent: it ships none. */
  readonly schema?: object;
  /** Directives to test with. A function is called when a test begins, after `before` of the test runner. */
  readonly settings: TrackSettings | (() => TrackSettings);
  /** Makes what is tracked good, if it is not. */
  up(): void | Promise<void>;
  /** Makes it bad. */
  down(): void | Promise<void>;
  /** What a check may take, in ms. Default 1000. */
  readonly timeout?: number;
  /** Directives with which a check takes as long as it is let, where there are any: a host that does not answer. */
  readonly hanging?: TrackSettings | (() => TrackSettings);
  /** How long a change may take to be found, in ms. Default 20 000: a busy machine. */
  readonly patience?: number;
  /** Directives that are right and must be accepted. Default: none but `settings`. */
  readonly right?: readonly TrackSettings[];
  /**
   * Directives that are wrong, and what the complaint must contain: the value, so that the operator finds it. Those that
   * the schema refuses are fine; `contains` is then not looked for.
   */
  readonly wrong?: readonly { readonly settings: TrackSettings; readonly contains: string }[];
}

/** For what happens on another thread's or the kernel's turn, on a busy machine, in ms. */
const PATIENCE = 20_000;
/** A check that was told to end must have ended by then, in ms. */
const END_PATIENCE = 2000;
/** Words are for one line of `status`. */
const LONGEST_WORDS = 1000;
const MOST_WEIGHT = 253;
/** Times that something is made and ended, to see what is left over. */
const ROUNDS = 8;

/** Registers the tests. */
export function trackCompliance(options: TrackComplianceOptions): void {
  const { plugin } = options;
  const { name, schema } = declared('track', options);
  const test = (what: string, body: () => void | Promise<void>): void => {
    options.test(`track compliance, ${name}: ${what}`, body);
  };
  const stage = new Stage(plugin, name, schema, options);
  const eventually = (holds: () => boolean | Promise<boolean>, what: string) =>
    waitFor(options.patience ?? PATIENCE, holds, what);

  test('its default export is of kind track, and makes trackers', () => {
    assert.equal(plugin.kind, 'track');
    assert.equal(typeof plugin.create, 'function');
    const tracker = stage.create();
    assert.equal(typeof tracker.check, 'function', 'check');
    for (const method of ['start', 'stop'] as const satisfies (keyof Tracker)[])
      assert.ok(['function', 'undefined'].includes(typeof tracker[method]), method);
  });

  test('finds what is up, what is down, and what has come back', async () => {
    const actor = await stage.begin();
    try {
      for (const [change, up] of [
        [options.up, true],
        [options.down, false],
        [options.up, true],
      ] as const) {
        await change();
        await eventually(async () => (await actor.check()).up === up, `a finding that says up: ${up}`);
      }
    } finally {
      await actor.end();
    }
  });

  test('finds it without having been started', async () => {
    const tracker = stage.create();
    for (const [change, up] of [
      [options.down, false],
      [options.up, true],
    ] as const) {
      await change();
      await eventually(
        async () => (await checkOnce(tracker, stage.timeout)).up === up,
        `a finding that says up: ${up}`,
      );
    }
    await tracker.stop?.();
  });

  test('says why in a few words', async () => {
    const actor = await stage.begin();
    try {
      for (const change of [options.up, options.down]) {
        await change();
        assertFinding(await actor.check());
      }
    } finally {
      await actor.end();
    }
  });

  test('tells of changes, if it watches, and no more once it is stopped', async () => {
    await options.up();
    const actor = await stage.begin();
    let told: number;
    try {
      if (actor.tracker.start === undefined) return;
      await eventually(async () => (await actor.check()).up, 'up');
      await quiet(() => actor.told);
      told = actor.told;
      await options.down();
      // Who watches may be told by its own means at times alone, but then its check must find it.
      await eventually(
        async () => actor.told > told || !(await actor.check()).up,
        'to be told, or to find it',
      );
    } finally {
      await actor.end();
    }
    told = actor.told;
    await options.up();
    await new Promise((resolve) => setTimeout(resolve, 10 * PAUSE));
    assert.equal(actor.told, told, 'changed was called after stop');
  });

  test('a check that is not wanted any more ends at once', async () => {
    await options.up();
    const settings = settingsOf(options.hanging ?? options.settings);
    const tracker = stage.create(settings);
    for (const delay of [0, PAUSE]) {
      const controller = new AbortController();
      const running = Promise.resolve(tracker.check(controller.signal)).catch(() => undefined);
      if (delay > 0) await new Promise((resolve) => setTimeout(resolve, delay));
      controller.abort();
      await soon(running, END_PATIENCE, 'the check');
    }
    const aborted = AbortSignal.abort();
    await soon(
      Promise.resolve()
        .then(() => tracker.check(aborted))
        .catch(() => undefined),
      END_PATIENCE,
      'a check that was never wanted',
    );
    await tracker.stop?.();
  });

  test('can be stopped while it checks', async () => {
    await options.up();
    const actor = await stage.begin(settingsOf(options.hanging ?? options.settings));
    const controller = new AbortController();
    const running = Promise.resolve()
      .then(() => actor.tracker.check(controller.signal))
      .catch(() => undefined);
    controller.abort();
    await actor.end();
    await soon(running, END_PATIENCE, 'the check');
  });

  test('two work side by side, and the end of one is not the end of the other', async () => {
    await options.up();
    const [one, other] = [await stage.begin(), await stage.begin()];
    try {
      const [first, second] = await Promise.all([one.check(), other.check()]);
      assert.equal(first.up, second.up);
      await one.end();
      await options.down();
      await eventually(async () => !(await other.check()).up, 'that the other one finds it down');
    } finally {
      await other.end();
    }
    await options.up();
  });

  test('leaves nothing behind: no descriptor, no process', async () => {
    await options.up();
    const round = async (settings: TrackSettings): Promise<void> => {
      stage.create(settings); // a reload that was called off
      const actor = await stage.begin(settings);
      await actor.check();
      await actor.end();
    };
    await round(stage.settings); // what is loaded once stays
    const before = descriptors();
    for (let count = 0; count < ROUNDS; count++) await round(stage.settings);
    if (options.hanging !== undefined) {
      const actor = await stage.begin(settingsOf(options.hanging));
      await actor.check(PAUSE);
      await actor.end();
    }
    // Others in this process open some, too: a leak is one for each round.
    await eventually(() => descriptors() < before + ROUNDS, `fewer than ${ROUNDS} descriptors more`);
    await eventually(() => children().length <= stage.childrenBefore, 'no child more than before');
  });

  const { right = [], wrong = [] } = options;
  test('takes what is right, and refuses what is wrong and names it', () => {
    for (const settings of [stage.settings, ...right]) {
      const what = JSON.stringify(settings);
      assert.ok(stage.isValid(settings), `the schema takes ${what}`);
      assert.doesNotThrow(() => stage.create(settings), `takes ${what}`);
    }
    for (const { settings, contains } of wrong) {
      if (!stage.isValid(settings)) continue;
      assert.throws(
        () => stage.create(settings),
        (error: unknown) => error instanceof Error && error.message.includes(contains),
        `refuses ${JSON.stringify(settings)}, and says "${contains}"`,
      );
    }
  });

  if (schema !== undefined) {
    test('has a schema that refuses what it does not know, and says what is expected', () => {
      const { properties = {} } = schema as { properties?: Record<string, { expected?: string }> };
      for (const [key, property] of Object.entries(properties))
        assert.ok(property.expected, `"expected" of ${key} ends the complaint "must be …"`);
      assert.ok(!stage.isValid({ ...stage.settings, 'no-such-directive': 1 }), 'additionalProperties');
      for (const key of ['name', 'type'])
        assert.ok(!Object.hasOwn(properties, key), `${key} of [[track]] is the core's: call it otherwise`);
    });
  }
}

/** What the tests stand on. */
class Stage {
  readonly timeout: number;
  readonly childrenBefore = children().length;
  private readonly valid: (settings: object) => boolean;

  constructor(
    private readonly plugin: TrackPlugin,
    private readonly name: string,
    schema: object | undefined,
    private readonly known: TrackComplianceOptions,
  ) {
    this.timeout = known.timeout ?? 1000;
    this.valid =
      schema === undefined ? () => true : new Ajv({ strict: false, useDefaults: true }).compile(schema);
  }

  get settings(): TrackSettings {
    return settingsOf(this.known.settings);
  }

  isValid(settings: TrackSettings): boolean {
    return this.valid(structuredClone(settings));
  }

  /** As the core does: with what the schema fills in. */
  create(settings: TrackSettings = this.settings): Tracker {
    const filled = structuredClone(settings);
    this.valid(filled);
    const context: TrackContext = {
      name: this.name,
      options: this.known.options ?? {},
      log: () => {},
      tracker: 'kit',
      settings: frozen(filled),
      interval: this.timeout,
      timeout: this.timeout,
    };
    return this.plugin.create(context);
  }

  async begin(settings?: TrackSettings): Promise<Actor> {
    const actor = new Actor(this.create(settings), this.timeout);
    await actor.tracker.start?.(() => {
      actor.told++;
    });
    return actor;
  }
}

/** A tracker that has been started. */
class Actor {
  /** How often it has told of changes. */
  told = 0;

  constructor(
    readonly tracker: Tracker,
    private readonly timeout: number,
  ) {}

  /** A check as the core makes it: one that throws, or whose time is over, has failed. */
  check(timeout = this.timeout): Promise<Finding> {
    return checkOnce(this.tracker, timeout);
  }

  async end(): Promise<void> {
    await soon(Promise.resolve(this.tracker.stop?.()), PATIENCE, 'stop');
  }
}

async function checkOnce(tracker: Tracker, timeout: number): Promise<Finding> {
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), timeout);
  try {
    return await tracker.check(controller.signal);
  } catch (error) {
    return { up: false, words: error instanceof Error ? error.message : String(error) };
  } finally {
    clearTimeout(timer);
  }
}

function assertFinding(finding: Finding): void {
  const what = JSON.stringify(finding);
  assert.equal(typeof finding.up, 'boolean', what);
  assert.equal(typeof finding.words, 'string', what);
  assert.ok(finding.words.trim() !== '', `words say why: ${what}`);
  assert.ok(finding.words.length <= LONGEST_WORDS, `words are few: ${what}`);
  assert.ok(!/[\r\n]/.test(finding.words), `words are one line: ${what}`);
  const { weight } = finding;
  if (weight === undefined) return;
  assert.ok(Number.isInteger(weight) && Math.abs(weight) <= MOST_WEIGHT, `a weight is -253 to 253: ${what}`);
}

function settingsOf(settings: TrackSettings | (() => TrackSettings)): TrackSettings {
  return typeof settings === 'function' ? settings() : settings;
}

/** Waits until a count has stood still for a few looks. */
async function quiet(count: () => number): Promise<void> {
  for (let last = -1, still = 0; still < 5; still = count() === last ? still + 1 : 0) {
    last = count();
    await new Promise((resolve) => setTimeout(resolve, PAUSE));
  }
}

/** Open descriptors of this process. */
function descriptors(): number {
  return readdirSync('/proc/self/fd').length;
}

/** Processes that this one has started, zombies too. */
function children(): string[] {
  return readdirSync('/proc/self/task').flatMap((task) => {
    try {
      return readFileSync(`/proc/self/task/${task}/children`, 'utf8')
        .split(' ')
        .filter((pid) => pid !== '');
    } catch {
      return []; // the thread has ended
    }
  });
}
