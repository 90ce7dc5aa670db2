/** What the compliance kit for services plays on: a daemon that is made up, and what a service takes of the process. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type {
  ApiPlugin,
  ApiSettings,
  RouterStatus,
  Service,
  ServiceContext,
  ServiceEvent,
  ServiceSettings,
} from '../contracts/index.ts';
import { Belongings } from './belongings.ts';
import { frozen } from './resources.ts';

/** What the kit needs to know of the service and how to reach it. */
export interface ApiStageOptions {
  /** The plugin's default export. */
  readonly plugin: ApiPlugin;
  /** One of the names that it answers to. */
  readonly name: string;
  /** Its `[plugins]` options. Default: none. */
  readonly options?: Readonly<Record<string, unknown>>;
  /** `[api]`. Default: no users, no TLS; `host` is 127.0.0.1 with a port that is free. */
  readonly api?: Partial<Omit<ApiSettings, 'host'>>;
  /** Whether a service with these settings serves now: a request to it, say. It never rejects. */
  readonly serves: (settings: ServiceSettings) => Promise<boolean>;
}

/** Settings that differ from those of {@link ApiStageOptions}. */
export interface OtherSettings {
  readonly options?: Readonly<Record<string, unknown>>;
  readonly api?: Partial<ApiSettings>;
}

/** `[api]` `secret` of the kit: no service writes it to the log. */
export const SECRET = 'the secret of the compliance kit';
/** Within so many ms a service has started, has made ready for a configuration, or has taken it into use. */
const LONG = 10_000;
/** Within so many ms it has stopped: six times what the contract says, this machine may be busy. */
const STOP = 3000;
/** So many ms it may take until what was closed is gone. */
const SETTLE = 2000;

const ROUTERS: readonly RouterStatus[] = frozen(
  [7, 8].map((group) => ({
    interface: 'eth0',
    group,
    family: 4,
    addresses: [`192.0.2.${group}`],
    priority: 100,
    preempt: true,
    state: group === 7 ? 'Master' : 'Backup',
    since: 1_700_000_000_000,
    vifname: `standby${group}`,
    onVirtualInterface: false,
    authType: 0,
    hardwareAddress: '02:00:00:00:00:01',
    advertisementInterval: 1000,
    masterDownInterval: 3609,
    skewTime: 609,
    standingBy: false,
  })),
);

/** One event of each kind. */
export const EVENTS: readonly ServiceEvent[] = frozen([
  {
    type: 'transition',
    time: 1_700_000_000_000,
    interface: 'eth0',
    group: 7,
    from: 'Backup',
    to: 'Master',
    cause: 'the Master is silent',
  },
  {
    type: 'rejected',
    time: 1_700_000_000_001,
    interface: 'eth0',
    group: 7,
    reason: 'auth-failed',
    count: 3,
    peer: '192.0.2.9',
  },
  { type: 'rejected', time: 1_700_000_000_002, reason: 'unknown-vrid', count: 1 },
  { type: 'reload', time: '2026-01-02T03:04:05.678Z', ok: true, issues: [], generation: 2 },
  {
    type: 'reload',
    time: '2026-01-02T03:04:06.678Z',
    ok: false,
    error: 'no',
    issues: ['error: a'],
    generation: 2,
  },
]);

/** A service, and the daemon as it sees it. */
export interface Actor {
  readonly service: Service;
  readonly context: ServiceContext;
  start(): Promise<void>;
  /** @throws AssertionError if it takes too long */
  stop(): Promise<void>;
  /** Makes ready for other settings. */
  prepare(settings: ServiceSettings): Promise<{ commit(): Promise<void>; abandon(): Promise<void> }>;
}

/** A daemon that has services. */
export class ApiStage {
  /** The virtual routers at the moment; a test may change them. */
  routers = ROUTERS;
  /** What was written to the log. */
  readonly log: string[] = [];
  /** Changes that were asked for. */
  changes = 0;
  private readonly folder = mkdtempSync(path.join(tmpdir(), 'rvrrpd-compliance-'));
  private readonly listeners: Parameters<ServiceContext['subscribe']>[0][] = [];
  private readonly running = new Set<Actor>();

  private constructor(private readonly options: ApiStageOptions) {}

  /** Plays a test, and checks that services have given back what they took. */
  static async play(options: ApiStageOptions, body: (stage: ApiStage) => Promise<void>): Promise<void> {
    const belongings = new Belongings();
    try {
      await belongings.watch(() => ApiStage.perform(options, body));
      await eventually(() => belongings.left.length === 0);
      assert.deepEqual(belongings.left, [], 'a service that has stopped leaves nothing open');
    } finally {
      belongings.close();
    }
  }

  private static async perform(
    options: ApiStageOptions,
    body: (stage: ApiStage) => Promise<void>,
  ): Promise<void> {
    const stage = new ApiStage(options);
    try {
      await body(stage);
    } finally {
      for (const actor of stage.running) await Promise.resolve(actor.service.stop()).catch(() => {});
      rmSync(stage.folder, { recursive: true, force: true });
    }
  }

  /** Settings with a port of their own. */
  async settings(changes: OtherSettings = {}): Promise<ServiceSettings> {
    const host = `127.0.0.1:${await freePort()}`;
    const api = { users: [], secret: SECRET, tls: false, tlsKey: '', tlsCert: '', ...this.options.api, host };
    return frozen({
      options: { ...(changes.options ?? this.options.options) },
      api: { ...api, ...changes.api },
    });
  }

  /** Makes a service. */
  create(settings: ServiceSettings): Actor {
    const current = { settings };
    const context = this.context(current);
    const service = this.options.plugin.create(context);
    const actor: Actor = {
      service,
      context,
      start: async () => {
        this.running.add(actor);
        await within(LONG, 'start', service.start());
      },
      stop: async () => {
        await within(STOP, 'stop', service.stop());
        this.running.delete(actor);
      },
      prepare: async (next) => {
        const ready = await within(LONG, 'reconfigure', service.reconfigure?.(next));
        assert.equal(typeof ready?.commit, 'function', 'reconfigure gives what takes the settings into use');
        return {
          commit: async () => {
            current.settings = next;
            await within(LONG, 'commit', ready!.commit());
          },
          abandon: async () => within(LONG, 'abandon', ready!.abandon?.()),
        };
      },
    };
    return actor;
  }

  serves(settings: ServiceSettings): Promise<boolean> {
    return within(LONG, 'the kit’s user to find out whether it serves', this.options.serves(settings));
  }

  /** Tells every service of events. */
  emit(events: readonly ServiceEvent[], lost = 0): void {
    for (const listener of this.listeners) listener(events, lost);
  }

  private context(current: { settings: ServiceSettings }): ServiceContext {
    const none = frozen({ wakeUps: 0, routers: [], strangers: { dropped: {} } });
    const daemon = frozen({
      version: '0.0.0',
      pid: process.pid,
      since: '2026-01-02T03:04:05.678Z',
      generation: 1,
      lastReload: null,
      plugins: [],
    });
    const file = path.join(this.folder, 'rvrrpd.conf');
    const configuration = frozen({ file, data: {}, effective: {}, tag: 'abc', temporary: false });
    return Object.freeze({
      name: this.options.name,
      stateFile: path.join(this.folder, 'state.json'),
      get options() {
        return current.settings.options;
      },
      get api() {
        return current.settings.api;
      },
      log: (_level: string, message: string) => void this.log.push(message),
      routers: () => this.routers,
      trackers: () => [],
      hooks: () => [],
      counters: () => none,
      daemon: () => daemon,
      configuration: () => configuration,
      subscribe: (listener: Parameters<ServiceContext['subscribe']>[0]) => void this.listeners.push(listener),
      authenticate: async () => undefined,
      change: async () => {
        this.changes++;
        return { ok: false, reason: 'failed', message: 'this is a test', issues: [] } as const;
      },
    });
  }
}

/** Waits until something is true, or some time has passed. */
export async function eventually(isTrue: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + SETTLE;
  while (!(await isTrue()) && performance.now() < end)
    await new Promise((resolve) => setTimeout(resolve, 10));
}

/** Waits for a promise, not for ever. */
async function within<T>(time: number, what: string, result: T | Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new assert.AssertionError({ message: `${what}: longer than ${time} ms` })),
      time,
    );
  });
  try {
    return await Promise.race([result, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Ports below those that the kernel gives to whoever asks for any (ip_local_port_range, ip-sysctl). */
const PORTS = { from: 10_000, to: 32_000 };

/** A TCP port that nobody uses, and that nobody is given by chance before it is used. */
async function freePort(): Promise<number> {
  for (;;) {
    const port = PORTS.from + Math.floor(Math.random() * (PORTS.to - PORTS.from));
    const isFree = await new Promise<boolean>((resolve) => {
      const server = createServer();
      server.once('error', () => resolve(false));
      server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
    });
    if (isFree) return port;
  }
}
