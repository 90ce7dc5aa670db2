import { createServer, type Server } from 'node:http';
import { connect } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import type {
  ApiPlugin,
  PreparedSettings,
  Service,
  ServiceContext,
  ServiceSettings,
} from '../contracts/index.ts';
import { type ApiComplianceOptions, apiCompliance } from './api.ts';

/** All that were opened: broken services leave them behind. */
const servers = new Set<Server>();

afterEach(async () => {
  for (const server of servers) await close(server);
  servers.clear();
});

function listen({ api }: ServiceSettings): Promise<Server> {
  const [host, port] = api.host.split(':');
  const server = createServer((_request, response) => response.end('served'));
  servers.add(server);
  return new Promise((resolve, reject) => {
    server.once('error', reject).listen(Number(port), host, () => resolve(server));
  });
}

function close(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((resolve) => server.close(() => resolve()));
}

function check({ options }: ServiceSettings): void {
  if (options.page === 'none') throw new Error('there is no page "none"');
}

/** A small service that is right. */
class Right implements Service {
  protected server: Server | undefined;
  protected stopped = false;
  seen = 0;

  constructor(protected readonly context: ServiceContext) {
    check(context);
    context.subscribe((events) => {
      this.seen += events.length;
    });
  }

  async start(): Promise<void> {
    const server = await listen(this.context);
    if (this.stopped) await close(server);
    else this.server = server;
  }

  async stop(): Promise<void> {
    this.stopped = true;
    if (this.server) await close(this.server);
  }

  async reconfigure(settings: ServiceSettings): Promise<PreparedSettings> {
    check(settings);
    if (settings.api.host === this.context.api.host) return { commit: () => {} };
    const next = await listen(settings);
    return {
      commit: async () => {
        const before = this.server;
        this.server = next;
        if (before) await close(before);
      },
      abandon: () => close(next),
    };
  }

  exportState(): unknown {
    return { seen: this.seen };
  }

  importState(state: unknown): void {
    if (typeof state === 'object' && state !== null && 'seen' in state) this.seen = Number(state.seen);
  }
}

/** `connect` alone leaves nothing behind in the process. */
function serves({ api }: ServiceSettings): Promise<boolean> {
  const [host, port] = api.host.split(':');
  return new Promise((resolve) => {
    const socket = connect(Number(port), host);
    socket.once('error', () => resolve(false));
    socket.once('connect', () => socket.write('GET / HTTP/1.0\r\n\r\n'));
    socket.once('data', () => {
      socket.destroy();
      resolve(true);
    });
  });
}

/**
 * The tests of the kit that fail for a plugin, without their common beginning.
 * @param only these are tried; some take their time to fail. Absent: all
 */
async function failures(
  create: (context: ServiceContext) => Service,
  only?: readonly string[],
  more: Partial<ApiComplianceOptions> = {},
): Promise<string[]> {
  const tests: [string, () => void | Promise<void>][] = [];
  apiCompliance({
    test: (name, body) => tests.push([name, body]),
    plugin: { kind: 'api', create },
    name: 'x',
    serves,
    wrong: [{ settings: { options: { page: 'none' } }, contains: '"none"' }],
    ...more,
  });
  const failed: string[] = [];
  for (const [title, body] of tests) {
    const name = title.replace('api compliance, x: ', '');
    if (only !== undefined && !only.includes(name)) continue;
    try {
      await body();
    } catch {
      failed.push(name);
    }
  }
  return failed;
}

test('a right one passes', async () => {
  expect(await failures((context) => new Right(context))).toEqual([]);
});

test('so does one that can do the least', async () => {
  const least = (context: ServiceContext): Service => {
    const one = new Right(context);
    return { start: () => one.start(), stop: () => one.stop() };
  };
  expect(await failures(least)).toEqual([]);
  expect(await failures(least, undefined, { wrong: [] })).toEqual([]);
});

test('and one with a timer that keeps nothing alive', async () => {
  class Ticking extends Right {
    private readonly timer = setInterval(() => {}, 60_000).unref();
    override async stop(): Promise<void> {
      await super.stop();
      expect(this.timer.hasRef()).toBe(false);
    }
  }
  expect(await failures((context) => new Ticking(context))).toEqual([]);
});

test('the tests have names of their own', () => {
  const names: string[] = [];
  const plugin: ApiPlugin = { kind: 'api', create: (context) => new Right(context) };
  apiCompliance({ test: (name) => names.push(name), plugin, name: 'x', serves });
  expect(new Set(names).size).toBe(names.length);
  expect(names.length).toBeGreaterThan(8);
});

describe('a broken one fails', () => {
  const SERVES = 'serves from start to stop, and neither before nor after';
  const PLACE = 'another one is made while it serves, and takes its place';
  const STARTS = 'can be stopped while it starts';
  const SIDE = 'two serve side by side, if their settings allow it';
  const TOLD = 'takes what the daemon tells, and asks for nothing of its own accord';
  const LOG = 'does not write the secret to the log';
  const STATE = 'its state goes to the next version, and the running one is not disturbed';
  const STRANGE = 'takes a state that it does not know for none, or says why not';
  const RECONFIGURED = 'is reconfigured while it serves, or not at all';
  const WRONG = 'refuses settings that it cannot work with, and says what is wrong';

  test('of another kind', async () => {
    const plugin = {
      kind: 'protocol',
      create: (context: ServiceContext) => new Right(context),
    } as unknown as ApiPlugin;
    expect(await failures((context) => new Right(context), undefined, { plugin })).toEqual([
      'its default export is of kind api, and makes services',
    ]);
  });

  test('does not serve', async () => {
    class Silent extends Right {
      override async start(): Promise<void> {}
      override async reconfigure(settings: ServiceSettings): Promise<PreparedSettings> {
        check(settings);
        return { commit: () => {} };
      }
    }
    expect(await failures((context) => new Silent(context))).toEqual(
      expect.arrayContaining([SERVES, PLACE, SIDE, TOLD, STATE, STRANGE, RECONFIGURED, WRONG]),
    );
  });

  test('listens when it is made', async () => {
    class Hasty extends Right {
      private readonly early = listen(this.context);
      override async start(): Promise<void> {
        this.server = await this.early;
      }
      override async stop(): Promise<void> {
        await this.early.then(close, () => {});
      }
    }
    const found = await failures(
      (context) => {
        const one = new Hasty(context);
        one.start().catch(() => {}); // the port is in use
        return one;
      },
      [SERVES, PLACE],
    );
    expect(found).toEqual([SERVES, PLACE]);
  });

  test('does not stop', async () => {
    class Lasting extends Right {
      override async stop(): Promise<void> {}
    }
    expect(await failures((context) => new Lasting(context), [SERVES])).toEqual([SERVES]);
  });

  test('takes too long to stop', async () => {
    class Slow extends Right {
      override async stop(): Promise<void> {
        await super.stop();
        await new Promise((resolve) => setTimeout(resolve, 3100));
      }
    }
    expect(await failures((context) => new Slow(context), [SERVES])).toEqual([SERVES]);
  });

  test('forgets a timer', async () => {
    const timers: NodeJS.Timeout[] = [];
    class Forgetful extends Right {
      override async start(): Promise<void> {
        await super.start();
        timers.push(setInterval(() => {}, 60_000));
      }
    }
    const found = await failures((context) => new Forgetful(context), [SERVES]);
    for (const timer of timers) clearInterval(timer);
    expect(found).toEqual([SERVES]);
  });

  test('goes on to start after it was stopped', async () => {
    class Stubborn extends Right {
      override async start(): Promise<void> {
        this.server = await listen(this.context);
      }
    }
    expect(await failures((context) => new Stubborn(context))).toEqual([STARTS]);
  });

  test('has one server for all', async () => {
    let server: Server | undefined;
    class Shared extends Right {
      override async start(): Promise<void> {
        server = await listen(this.context);
      }
      override async stop(): Promise<void> {
        if (server) await close(server);
      }
    }
    expect(await failures((context) => new Shared(context), [SERVES, SIDE])).toEqual([SIDE]);
  });

  test('trips over an event', async () => {
    const found = await failures((context) => {
      context.subscribe((events) => {
        for (const event of events) {
          if (event.type === 'rejected' && event.group === undefined) throw new Error('who is it?');
        }
      });
      return new Right(context);
    });
    expect(found).toEqual([TOLD]);
  });

  test('changes the configuration', async () => {
    class Busy extends Right {
      override async start(): Promise<void> {
        await super.start();
        await this.context.change({ changes: [] });
      }
    }
    expect(await failures((context) => new Busy(context))).toEqual([TOLD]);
  });

  test('changes what it is given', async () => {
    const found = await failures((context) => {
      (context.options as Record<string, unknown>).page ??= 'first';
      return new Right(context);
    });
    expect(found).toContain(SERVES);
  });

  test('is talkative', async () => {
    const found = await failures((context) => {
      context.log('debug', JSON.stringify(context.api));
      return new Right(context);
    });
    expect(found).toEqual([LOG]);
  });

  test('exports what cannot be cloned', async () => {
    class Locked extends Right {
      override exportState(): unknown {
        return { seen: () => this.seen };
      }
    }
    expect(await failures((context) => new Locked(context))).toEqual([STATE]);
  });

  test('stops to export', async () => {
    class Spent extends Right {
      override exportState(): unknown {
        void this.stop();
        return {};
      }
    }
    expect(await failures((context) => new Spent(context))).toEqual([STATE]);
  });

  test('cannot start with a state', async () => {
    class Picky extends Right {
      private state: { seen: number } | undefined;
      override importState(state: unknown): void {
        this.state = state as { seen: number };
      }
      override async start(): Promise<void> {
        if (this.state !== undefined && !Number.isFinite(this.state.seen)) throw new Error('damaged');
        await super.start();
      }
    }
    expect(await failures((context) => new Picky(context))).toEqual([STRANGE]);
  });

  test('refuses a state with something that is no error', async () => {
    class Rude extends Right {
      override importState(): void {
        throw 'no';
      }
    }
    expect(await failures((context) => new Rude(context))).toEqual([STATE, STRANGE]);
  });

  test.each<[string, (one: Right, settings: ServiceSettings) => Promise<PreparedSettings>]>([
    [
      'takes settings into use before they are in force',
      async (one, settings) => {
        const { commit } = await Right.prototype.reconfigure.call(one, settings);
        await commit();
        return { commit: () => {} };
      },
    ],
    [
      'keeps what was called off',
      async (one, settings) => {
        const { commit } = await Right.prototype.reconfigure.call(one, settings);
        return { commit };
      },
    ],
    [
      'never takes settings into use',
      async (one, settings) => {
        const { abandon } = await Right.prototype.reconfigure.call(one, settings);
        return { commit: () => abandon?.(), abandon: () => abandon?.() };
      },
    ],
    ['gives nothing', async () => undefined as unknown as PreparedSettings],
  ])('%s', async (_, reconfigure) => {
    class Broken extends Right {
      override reconfigure(settings: ServiceSettings): Promise<PreparedSettings> {
        return reconfigure(this, settings);
      }
    }
    expect(await failures((context) => new Broken(context), [SERVES, RECONFIGURED])).toEqual([RECONFIGURED]);
  });

  test('works with what it cannot work with', async () => {
    const blind = (context: ServiceContext): Service =>
      new Right(Object.create(context, { options: { value: {} } }) as ServiceContext);
    expect(await failures(blind)).toEqual([WRONG]);
  });

  test('does not say what is wrong', async () => {
    const found = await failures((context) => {
      try {
        return new Right(context);
      } catch {
        throw new Error('something is wrong');
      }
    });
    expect(found).toEqual([WRONG]);
  });

  test('refuses only at start, not at a reload', async () => {
    class Careless extends Right {
      override reconfigure(settings: ServiceSettings): Promise<PreparedSettings> {
        return super.reconfigure({ ...settings, options: {} });
      }
    }
    expect(await failures((context) => new Careless(context))).toEqual([WRONG]);
  });
});
