/** The network driver `ioctl`: links, addresses and routes by ioctl alone (man 7 netdevice). IPv4. */
import type {
  KernelChange,
  KernelNews,
  KernelRefusal,
  Link,
  NetdrvPlugin,
  NetworkDriver,
} from 'rvrrpd/plugin';
import { Batch } from './batch.ts';
import { LinkReader } from './links.ts';
import { type Ioctl, type IoctlAddon, loadAddon } from './native.ts';
import { Poller } from './poller.ts';

class IoctlDriver implements NetworkDriver {
  private readonly ioctl: Ioctl;
  private readonly reader: LinkReader;
  private poller: Poller | undefined;

  constructor(addon: IoctlAddon) {
    this.ioctl = new addon.Ioctl();
    this.reader = new LinkReader(this.ioctl);
  }

  async links(): Promise<Link[]> {
    return this.reader.read();
  }

  async apply(changes: readonly KernelChange[]): Promise<(KernelRefusal | null)[]> {
    const answers = new Batch(this.ioctl, changes).apply();
    this.poller?.applied(changes, answers);
    return answers;
  }

  watch(listener: (news: readonly KernelNews[]) => void): void {
    this.poller?.close();
    this.poller = new Poller(this.ioctl, this.reader, listener);
  }

  close(): void {
    this.poller?.close();
    this.poller = undefined;
    this.ioctl.close();
  }
}

const plugin: NetdrvPlugin = {
  kind: 'netdrv',
  create: () => new IoctlDriver(loadAddon()),
};

export default plugin;
