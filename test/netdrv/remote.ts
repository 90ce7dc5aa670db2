/** A network driver in a network namespace, for tests that are not in it themselves. */
import { type ChildProcess, spawn } from 'node:child_process';
import path from 'node:path';
import { build } from 'esbuild';
import type { KernelNews, NetdrvPlugin, NetworkDriver } from '../../core/plugin/contracts/index.ts';
import { packageRoot } from '../../core/shared/package-root.ts';
import { type Bundle, Namespace } from '../actuator/lab.ts';
import type { Answer, Order } from './remote-main.ts';

type WithoutIds<T> = T extends unknown ? Omit<T, 'id' | 'driver'> : never;

/** A namespace with a process in it that runs network drivers. */
export class RemoteDrivers {
  private lastId = 0;
  private lastDriver = 0;
  private readonly waiting = new Map<number, (answer: Extract<Answer, { id: number }>) => void>();
  private readonly listeners = new Map<number, (news: readonly KernelNews[]) => void>();

  private constructor(
    readonly netns: Namespace,
    private readonly child: ChildProcess,
  ) {
    child.on('message', (answer: Answer) => {
      if ('news' in answer) this.listeners.get(answer.driver)?.(answer.news);
      else this.waiting.get(answer.id)?.(answer);
    });
    child.on('exit', () => {
      for (const [id, answer] of this.waiting) answer({ id, error: 'the process with the drivers is gone' });
    });
  }

  /** Starts the process. @param name the driver's, in the configuration */
  static async start(bundle: Bundle, name: string): Promise<RemoteDrivers> {
    const main = path.join(bundle.folder, 'remote-main.js');
    await build({
      ...{ bundle: true, platform: 'node', format: 'esm', packages: 'external', logLevel: 'error' },
      ...{ entryPoints: [path.join(packageRoot(), 'test/netdrv/remote-main.ts')], outfile: main },
    });
    const { entry } = bundle.plugin('netdrv', name);
    const netns = new Namespace();
    const child = spawn('ip', ['netns', 'exec', netns.name, process.execPath, main, entry], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    return new RemoteDrivers(netns, child);
  }

  /** The plugin: drivers that it makes work in the namespace. */
  readonly plugin: NetdrvPlugin = {
    kind: 'netdrv',
    create: ({ name, options }) => {
      const driver = ++this.lastDriver;
      const send = (order: WithoutIds<Order>) => this.order(driver, order);
      const created = send({ do: 'create', name, options });
      created.catch(() => {}); // the first call tells
      return {
        links: async () => {
          await created;
          return (await send({ do: 'links' })) as Awaited<ReturnType<NetworkDriver['links']>>;
        },
        apply: async (changes) => {
          await created;
          return (await send({ do: 'apply', changes })) as Awaited<ReturnType<NetworkDriver['apply']>>;
        },
        lacks: async (capability) => {
          await created;
          return (await send({ do: 'lacks', capability })) as string | undefined;
        },
        watch: (listener) => {
          this.listeners.set(driver, listener);
          void send({ do: 'watch' });
        },
        close: () => void send({ do: 'close' }),
      };
    },
  };

  async takeDown(): Promise<void> {
    if (this.child.exitCode === null && this.child.signalCode === null) {
      const gone = new Promise((resolve) => this.child.once('exit', resolve));
      this.child.kill('SIGKILL');
      await gone;
    }
    this.netns.takeDown();
  }

  private order(driver: number, order: WithoutIds<Order>): Promise<unknown> {
    const id = ++this.lastId;
    return new Promise<unknown>((resolve, reject) => {
      this.waiting.set(id, ({ result, error }) => {
        this.waiting.delete(id);
        if (error === undefined) resolve(result);
        else reject(new Error(error));
      });
      this.child.send({ id, driver, ...order });
    });
  }
}
