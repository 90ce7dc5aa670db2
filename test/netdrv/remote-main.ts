/**
 * Runs network drivers inside a network namespace on behalf of a test outside of it: started with `ip netns
 * exec`, given the plugin's module, it does what {@link Order}s come over IPC.
 */
import type {
  DriverCapability,
  KernelChange,
  KernelNews,
  NetdrvPlugin,
  NetworkDriver,
} from '../../core/plugin/contracts/index.ts';

/** From the test. `driver` is a number of its choice. */
export type Order = { readonly id: number; readonly driver: number } & (
  | { readonly do: 'create'; readonly name: string; readonly options: Readonly<Record<string, unknown>> }
  | { readonly do: 'links' | 'watch' | 'close' }
  | { readonly do: 'lacks'; readonly capability: DriverCapability }
  | { readonly do: 'apply'; readonly changes: readonly KernelChange[] }
);

/** To the test: the answer to an order, or news. */
export type Answer =
  | { readonly id: number; readonly result?: unknown; readonly error?: string }
  | { readonly driver: number; readonly news: readonly KernelNews[] };

const { default: plugin } = (await import(process.argv[2]!)) as { default: NetdrvPlugin };
const drivers = new Map<number, NetworkDriver>();
const tell = (answer: Answer) => process.send?.(answer);

async function execute(order: Order): Promise<unknown> {
  if (order.do === 'create') {
    const { name, options } = order;
    drivers.set(order.driver, plugin.create({ name, options, log: console.error }));
    return undefined;
  }
  const driver = drivers.get(order.driver)!;
  switch (order.do) {
    case 'links':
      return driver.links();
    case 'apply':
      return driver.apply(order.changes);
    case 'lacks':
      return driver.lacks?.(order.capability);
    case 'watch':
      return driver.watch((news) => tell({ driver: order.driver, news }));
    case 'close':
      return driver.close();
  }
}

process.on('message', async (order: Order) => {
  try {
    tell({ id: order.id, result: await execute(order) });
  } catch (error) {
    tell({ id: order.id, error: error instanceof Error ? error.message : String(error) });
  }
});
process.on('disconnect', () => process.exit());
