/** Entry point of a service's worker thread: hosts one plugin of kind `api`. */
import { parentPort, workerData } from 'node:worker_threads';
import type {
  ChangeOutcome,
  PreparedSettings,
  Service,
  ServiceContext,
  ServiceSettings,
} from '../plugin/contracts/index.ts';
import { loadPlugin } from '../plugin/load.ts';
import { codeOf, messageOf, reportOf } from '../shared/errors.ts';
import { readCounters } from '../threads/counters.ts';
import { HookCell } from '../threads/hook-cell.ts';
import type { ServiceInit, ServiceOrder, ServiceReport, ServiceView } from '../threads/service-messages.ts';
import { StateTable } from '../threads/state-table.ts';
import type { TableReader } from '../threads/table-views.ts';
import { TrackBoard } from '../threads/track-board.ts';
import type { WorkerOrder, WorkerReport } from '../threads/worker-messages.ts';
import { authenticate } from '../users/authenticate.ts';
import { EventFeed } from './event-feed.ts';
import { RouterView } from './router-view.ts';

const init = workerData as ServiceInit;
const { plugin } = init;
const report = (message: WorkerReport): void => parentPort!.postMessage(message);
const tell = (message: ServiceReport): void => report({ type: 'service', report: message });

/** What this service sees of the daemon. */
class Host {
  settings: ServiceSettings = init.settings;
  private view: ServiceView = init.view;
  private table: TableReader = new StateTable(this.view.table);
  private board = boardOf(this.view);
  private routers = new RouterView(this.view.virtualRouters, this.table, this.board);
  private readonly feed = new EventFeed(this.view);
  private readonly requests = new Map<number, (outcome: ChangeOutcome) => void>();
  private lastRequest = 0;

  /** What the plugin is given. */
  readonly context: ServiceContext = (() => {
    const host = this;
    return {
      name: init.name,
      stateFile: init.stateFile,
      get options() {
        return host.settings.options;
      },
      get api() {
        return host.settings.api;
      },
      log: (level, message) => report({ type: 'log', level, message: `${plugin.package}: ${message}` }),
      routers: () => host.routers.read(),
      trackers: () => host.board.status(),
      hooks: () => host.view.hooks.map((hook, index) => new HookCell(host.view.hookCells[index]!).read(hook)),
      counters: () => readCounters(host.table, host.view.virtualRouters),
      daemon: () => host.view.daemon,
      configuration: () => host.view.configuration,
      subscribe: (listener) => host.feed.subscribe(listener),
      authenticate: async (user, password) => {
        const complain = (message: string): void => host.context.log('error', message);
        return (await authenticate(host.settings.api.users, user, password, complain))?.level;
      },
      change: (request) =>
        new Promise((resolve) => {
          const number = ++host.lastRequest;
          host.requests.set(number, resolve);
          tell({ type: 'request', number, request });
        }),
    } satisfies ServiceContext;
  })();

  /** Another generation runs. */
  show(view: ServiceView): void {
    this.feed.follow(view);
    this.view = view;
    this.table = new StateTable(view.table);
    this.board = boardOf(view);
    this.routers = new RouterView(view.virtualRouters, this.table, this.board);
  }

  /** A reload is over. */
  told(daemon: ServiceView['daemon']): void {
    this.view = { ...this.view, daemon };
    this.feed.reloaded(daemon);
  }

  answered(number: number, outcome: ChangeOutcome): void {
    this.requests.get(number)?.(outcome);
    this.requests.delete(number);
  }
}

function boardOf({ trackers, trackCells }: ServiceView): TrackBoard {
  return new TrackBoard(trackers, trackCells);
}

const host = new Host();

/** Does what the supervisor asks of a service. */
class Servant {
  private ready: PreparedSettings | undefined;

  constructor(private readonly service: Service) {}

  async serve(order: ServiceOrder): Promise<void> {
    switch (order.type) {
      case 'settings':
        return this.prepare(order.settings);
      case 'view':
        host.show(order.view);
        if (order.settings) host.settings = order.settings;
        return this.conclude('commit');
      case 'abandon':
        return this.conclude('abandon');
      case 'daemon':
        return host.told(order.daemon);
      case 'export':
        return tell({ type: 'state', state: this.service.exportState?.() });
      case 'import':
        return this.service.importState?.(order.state);
      case 'answer':
        return host.answered(order.number, order.outcome);
    }
  }

  private async prepare(settings: ServiceSettings): Promise<void> {
    if (!this.service.reconfigure) {
      tell({ type: 'settings', verdict: 'unsupported' });
      return;
    }
    await this.conclude('abandon'); // made ready for a reload that was given up
    try {
      this.ready = await this.service.reconfigure(settings);
      tell({ type: 'settings', verdict: 'ready' });
    } catch (error) {
      tell({
        type: 'settings',
        verdict: 'refused',
        error: {
          code: codeOf(error, 'plugin-refused'),
          message: `${plugin.package} ${plugin.version}: ${messageOf(error)}`,
        },
      });
    }
  }

  private async conclude(how: 'commit' | 'abandon'): Promise<void> {
    const { ready } = this;
    this.ready = undefined;
    await ready?.[how]?.();
  }
}

async function main(): Promise<void> {
  report({ type: 'loading', plugin: `${plugin.package} ${plugin.version}` });
  const service: Service = (await loadPlugin(plugin, 'api')).create(host.context);
  const servant = new Servant(service);
  const complain = (error: unknown): void => host.context.log('error', messageOf(error));
  parentPort!.on('message', (order: WorkerOrder) => {
    switch (order.type) {
      case 'go':
        Promise.resolve()
          .then(() => service.start())
          .then(() => report({ type: 'ready' }))
          .catch(failed);
        break;
      case 'stop':
        Promise.resolve()
          .then(() => service.stop())
          .catch(complain)
          .finally(() => report({ type: 'stopped' }));
        break;
      case 'service':
        servant.serve(order.order).catch((error: unknown) => {
          complain(error);
          // Whoever waits for it shall not wait in vain.
          if (order.order.type === 'export') tell({ type: 'state', state: undefined });
        });
        break;
    }
  });
  report({ type: 'prepared' });
}

function failed(error: unknown): void {
  report({ type: 'failed', error: reportOf(error, 'worker-failed') });
}

main().catch(failed);
