/**
 * Compliance tests for plugins of kind `notify`. A plugin's author calls {@link notifyCompliance} in their own test suite;
 * the built-in plugins do the same. The notifiers run in the test's own process, and tell whom the author puts up for them.
 */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import type { Notifier, NotifyContext, NotifyEvent, NotifyPlugin } from '../contracts/index.ts';
import { declared, type FromManifest } from './manifest.ts';
import { frozen } from './resources.ts';
import type { AsyncTestRegistrar } from './test-registrar.ts';
import { PAUSE, soon, waitFor } from './waiting.ts';

/** The plugin's own directives of a `[[notify]]` table. */
export type NotifySettings = Readonly<Record<string, unknown>>;

/** What the kit needs to know about the plugin. */
export interface NotifyComplianceOptions extends FromManifest {
  readonly test: AsyncTestRegistrar;
  /** The plugin's default export. */
  readonly plugin: NotifyPlugin;
  /** Its `[plugins]` options. Default: none. */
  readonly options?: Readonly<Record<string, unknown>>;
  /** The schema of its directives, content of `configSchema`, where no `manifest` says it. Absent: it ships none. */
  readonly schema?: object;
  /** Directives to test with: what is told arrives. A function is called when a test begins. */
  readonly settings: NotifySettings | (() => NotifySettings);
  /** How many events have arrived so far, in order and whole: those of {@link settings}. */
  arrived(): number | Promise<number>;
  /** Directives with which a delivery fails, where there are any: nobody is there. */
  readonly failing?: NotifySettings | (() => NotifySettings);
  /** Directives with which a delivery takes as long as it is let, where there are any: somebody who does not answer. */
  readonly hanging?: NotifySettings | (() => NotifySettings);
  /** What a delivery may take, in ms. Default 20 000: a busy machine. */
  readonly patience?: number;
  /** Directives that are right and must be accepted. Default: none but `settings`. */
  readonly right?: readonly NotifySettings[];
  /**
   * Directives that are wrong, and what the complaint must contain: the value, so that the operator finds it. Those that
   * the schema refuses are fine; `contains` is then not looked for.
   */
  readonly wrong?: readonly { readonly settings: NotifySettings; readonly contains: string }[];
}

/** For what happens on another thread's or the kernel's turn, on a busy machine, in ms. */
const PATIENCE = 20_000;
/** A delivery that was told to end must have ended by then, in ms. */
const END_PATIENCE = 2000;
/** Times that something is made and ended, to see what is left over. */
const ROUNDS = 8;

/** An event as the core has it. @param more what is to be another */
export function notifyEvent(more: Partial<NotifyEvent> = {}): NotifyEvent {
  return {
    ...{ format: 1, sequence: 1, hook: 'kit', host: 'host.example', time: '2026-01-02T03:04:05.678Z' },
    ...{ type: 'router', name: 'eth0/7', state: 'Master', previous: 'Backup', lasted: 12.345 },
    ...{ cause: 'the Master_Down_Timer expired', peer: '10.0.0.2', priority: 70 },
    priorityParts: {
      configured: 100,
      parts: [{ tracker: 'web', adds: -30 }],
      priority: 70,
      text: '100 - 30 (web) = 70',
    },
    router: {
      ...{ interface: 'eth0', group: 7, family: 4, version: 2, addresses: ['10.0.0.1', '10.0.0.3'] },
      sync: 'gw',
    },
    ...{ missed: 0, joined: 0, attempt: 1, ...more },
  };
}

/** Events of all sorts: with all that there may be in one, with as little, of a group, and with unusual characters. */
function sorts(): NotifyEvent[] {
  const { peer: _, priorityParts: __, router, ...bare } = notifyEvent();
  const { sync: ___, ...alone } = router!;
  const { router: ____, ...group } = notifyEvent({
    type: 'group',
    name: 'gw',
    routers: ['eth0/7', 'eth1/8'],
  });
  const all: NotifyEvent[] = [
    notifyEvent(),
    { ...bare, router: alone, state: 'Backup', previous: 'Init', lasted: null },
    group,
    notifyEvent({ state: 'Fault', cause: 'tracker ü is down: "quoted" \\ \' $HOME `x` %s\tlast words' }),
    notifyEvent({ state: 'Down', previous: 'Fault', missed: 3, joined: 4, attempt: 2 }),
    notifyEvent({ state: 'Stop', cause: 'shutdown' }),
  ];
  return all.map((event, index) => frozen({ ...event, sequence: index + 1 }));
}

/** Registers the tests. */
export function notifyCompliance(options: NotifyComplianceOptions): void {
  const { plugin, patience = PATIENCE } = options;
  const { name, schema } = declared('notify', options);
  const test = (what: string, body: () => void | Promise<void>): void => {
    options.test(`notify compliance, ${name}: ${what}`, body);
  };
  const stage = new Stage(plugin, name, schema, options);
  const eventually = (holds: () => boolean | Promise<boolean>, what: string) =>
    waitFor(patience, holds, what);
  const deliver = (notifier: Notifier, event: NotifyEvent): Promise<void> => {
    const controller = new AbortController();
    const timer = setTimeout(() => controller.abort(), patience);
    return started(notifier, event, controller.signal).finally(() => clearTimeout(timer));
  };
  const arrival = async (before: number, count: number): Promise<void> => {
    await eventually(async () => (await options.arrived()) >= before + count, `${count} events to arrive`);
    assert.equal(await options.arrived(), before + count, 'each of them once');
  };

  test('its default export is of kind notify, and makes notifiers that tell nothing yet', async () => {
    assert.equal(plugin.kind, 'notify');
    assert.equal(typeof plugin.create, 'function');
    const before = await options.arrived();
    const notifier = stage.create();
    assert.equal(typeof notifier.deliver, 'function', 'deliver');
    assert.ok(['function', 'undefined'].includes(typeof notifier.stop), 'stop');
    await notifier.stop?.();
    assert.equal(await options.arrived(), before, 'nothing was told');
  });

  test('delivers events of all sorts, each once', async () => {
    const notifier = stage.create();
    const before = await options.arrived();
    const events = sorts();
    for (const event of events) await deliver(notifier, event);
    await arrival(before, events.length);
    await notifier.stop?.();
  });

  test('delivers many, one after the other', async () => {
    const notifier = stage.create();
    const before = await options.arrived();
    for (let sequence = 1; sequence <= 30; sequence++)
      await deliver(notifier, frozen(notifyEvent({ sequence })));
    await arrival(before, 30);
    await notifier.stop?.();
  });

  test('two work side by side, and the end of one is not the end of the other', async () => {
    const [one, other] = [stage.create(), stage.create()];
    const before = await options.arrived();
    await deliver(one, notifyEvent());
    await deliver(other, notifyEvent());
    await one.stop?.();
    await deliver(other, notifyEvent({ sequence: 2 }));
    await arrival(before, 3);
    await other.stop?.();
  });

  if (options.failing !== undefined) {
    const failing = options.failing;
    test('says why an event was not delivered, and goes on', async () => {
      const notifier = stage.create(settingsOf(failing));
      for (let attempt = 1; attempt <= 2; attempt++) {
        const error = await deliver(notifier, notifyEvent({ attempt })).then(
          () => assert.fail('an event that cannot arrive counts as delivered'),
          (reason: unknown) => reason,
        );
        assert.ok(error instanceof Error, 'throws an Error');
        assert.ok(error.message.trim() !== '', 'says why');
        assert.ok(!/[\r\n]/.test(error.message), `in one line: ${JSON.stringify(error.message)}`);
      }
      await notifier.stop?.();
    });
  }

  test('a delivery that is not wanted any more ends at once', async () => {
    const notifier = stage.create(settingsOf(options.hanging ?? options.settings));
    for (const delay of [0, PAUSE]) {
      const controller = new AbortController();
      const running = started(notifier, notifyEvent(), controller.signal);
      const ended = running.then(
        () => 'delivered',
        () => 'failed',
      );
      if (delay > 0) await new Promise((resolve) => setTimeout(resolve, delay));
      controller.abort();
      await soon(ended, END_PATIENCE, 'the delivery');
      if (options.hanging !== undefined) assert.equal(await ended, 'failed');
    }
    await soon(
      started(notifier, notifyEvent(), AbortSignal.abort()).catch(() => undefined),
      END_PATIENCE,
      'a delivery that was never wanted',
    );
    await notifier.stop?.();
  });

  test('leaves nothing behind: no descriptor, no process', async () => {
    const round = async (): Promise<void> => {
      await stage.create().stop?.(); // a reload that was called off
      const notifier = stage.create();
      await deliver(notifier, notifyEvent());
      await notifier.stop?.();
    };
    await round(); // what is loaded once stays
    const before = descriptors();
    for (let count = 0; count < ROUNDS; count++) await round();
    // Others in this process open some, too: a leak is one for each round.
    await eventually(() => descriptors() < before + ROUNDS, `fewer than ${ROUNDS} descriptors more`);
    await eventually(() => children().length <= stage.childrenBefore, 'no child more than before');
  });

  const { right = [], wrong = [] } = options;
  test('takes what is right and refuses what is wrong, and says what it is', async () => {
    for (const settings of [stage.settings, ...right]) {
      const what = JSON.stringify(settings);
      assert.ok(stage.isValid(settings), `the schema takes ${what}`);
      await stage.create(settings).stop?.();
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
      for (const key of ['name', 'type', 'routers', 'groups', 'states', 'latest'])
        assert.ok(!Object.hasOwn(properties, key), `${key} of [[notify]] is the core's: call it otherwise`);
    });
  }
}

/** What the tests stand on. */
class Stage {
  readonly childrenBefore = children().length;
  private readonly valid: (settings: object) => boolean;

  constructor(
    private readonly plugin: NotifyPlugin,
    private readonly name: string,
    schema: object | undefined,
    private readonly known: NotifyComplianceOptions,
  ) {
    this.valid =
      schema === undefined ? () => true : new Ajv({ strict: false, useDefaults: true }).compile(schema);
  }

  get settings(): NotifySettings {
    return settingsOf(this.known.settings);
  }

  isValid(settings: NotifySettings): boolean {
    return this.valid(structuredClone(settings));
  }

  /** As the core does: with what the schema fills in. */
  create(settings: NotifySettings = this.settings): Notifier {
    const filled = structuredClone(settings);
    this.valid(filled);
    const context: NotifyContext = {
      name: this.name,
      options: this.known.options ?? {},
      log: () => {},
      hook: 'kit',
      settings: frozen(filled),
      timeout: this.known.patience ?? PATIENCE,
    };
    return this.plugin.create(context);
  }
}

/** A delivery, whatever it does. */
async function started(notifier: Notifier, event: NotifyEvent, signal: AbortSignal): Promise<void> {
  await notifier.deliver(event, signal);
}

function settingsOf(settings: NotifySettings | (() => NotifySettings)): NotifySettings {
  return typeof settings === 'function' ? settings() : settings;
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
