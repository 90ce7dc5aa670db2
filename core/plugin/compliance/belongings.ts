/**
 * What code has opened and not yet closed: timers, sockets, watchers, whatever keeps its thread alive. To look at
 * the whole process, before and after, would not do: a test runner has timers of its own.
 */
import { AsyncLocalStorage, createHook } from 'node:async_hooks';

/** Types of asynchronous resources (`init` of node:async_hooks) that last until they are closed. */
const LASTING = new Set([
  ...['Timeout', 'MESSAGEPORT', 'WORKER', 'PROCESSWRAP', 'FSEVENTWRAP', 'STATWATCHER', 'UDPWRAP'],
  ...['TCPSERVERWRAP', 'TCPWRAP', 'PIPESERVERWRAP', 'PIPEWRAP'],
]);

/** Timers and handles have it. */
interface Referable {
  hasRef?(): boolean;
}

/** See the file's comment. */
export class Belongings {
  private readonly scope = new AsyncLocalStorage<Belongings>();
  private readonly open = new Map<number, { readonly type: string; readonly resource: Referable }>();
  private readonly hook = createHook({
    init: (id, type, _trigger, resource: Referable) => {
      if (LASTING.has(type) && this.scope.getStore() === this) this.open.set(id, { type, resource });
    },
    destroy: (id) => this.open.delete(id),
  });

  /** Runs code that is watched, and everything that comes of it. */
  async watch(body: () => Promise<void>): Promise<void> {
    this.hook.enable();
    await this.scope.run(this, body);
  }

  /** Types of what is open now; what does not keep the thread alive is not meant. */
  get left(): string[] {
    return [...this.open.values()]
      .filter(({ resource }) => resource.hasRef?.() !== false)
      .map(({ type }) => type);
  }

  /** Watches no longer. */
  close(): void {
    this.hook.disable();
  }
}
