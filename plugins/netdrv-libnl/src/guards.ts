/** Guards: what keeps the host from taking what is addressed to a virtual address (nf_tables, over netlink). */
import { isIP } from 'node:net';
import { getSystemErrorName } from 'node:util';
import type { GuardResource, KernelRefusal } from 'rvrrpd/plugin';
import type { LibnlAddon } from './native.ts';
import { errorIn } from './netlink.ts';
import { addingGuard, askingGeneration, type Batch, generationIn, removingGuard } from './nftables.ts';

/** From linux/netlink.h. */
const NETLINK_NETFILTER = 12;

/** ms between two looks at whether somebody else has changed the ruleset. */
const LOOK_INTERVAL = 2000;

/** Puts guards in place and takes them away. */
export class Guards {
  private socket: InstanceType<LibnlAddon['NetlinkSocket']> | undefined;
  private timer: NodeJS.Timeout | undefined;
  /** Of the ruleset, after our last change of it or our last look. */
  private generation: number | undefined;

  /** @param onChange told that somebody else has changed the ruleset; not before a guard has been put in place */
  constructor(
    private readonly addon: LibnlAddon,
    private readonly onChange: () => void,
  ) {}

  /** @returns why the kernel refuses; null: it is done */
  apply(op: 'add-guard' | 'remove-guard', guard: GuardResource): KernelRefusal | null {
    const call = `nf_tables: ${op === 'add-guard' ? 'guard' : 'no guard'} for ${guard.address} on ${guard.interface}`;
    if (isIP(guard.address) !== guard.family) {
      return { errno: 'EINVAL', message: `${call}: not an IPv${guard.family} address: EINVAL` };
    }
    try {
      const code = this.exchange(op === 'add-guard' ? addingGuard(guard) : removingGuard(guard), errorIn);
      if (op === 'add-guard') this.watch();
      this.generation = this.look();
      if (code === 0) return null;
      const errno = getSystemErrorName(-code);
      return { errno, message: `${call}: ${errno}` };
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      // Not sent, or not answered: then nobody knows.
      const errno = code === undefined || code === 'ETIMEDOUT' ? 'EIO' : code;
      return { errno, message: `${call}: ${message}` };
    }
  }

  /** Why there can be no guards; undefined: there can. */
  lacking(): string | undefined {
    const without = 'this kernel has no nf_tables (CONFIG_NF_TABLES), which accept = false needs';
    try {
      return this.look() === undefined ? without : undefined;
    } catch (error) {
      return `${without}: ${(error as Error).message}`;
    }
  }

  close(): void {
    clearInterval(this.timer);
    this.timer = undefined;
    this.socket?.close();
    this.socket = undefined;
  }

  private exchange<T>({ messages, answers }: Batch, read: (answers: Uint8Array) => T): T {
    this.socket ??= new this.addon.NetlinkSocket(NETLINK_NETFILTER);
    return read(this.socket.exchange(messages, answers));
  }

  private look(): number | undefined {
    return this.exchange(askingGeneration(), generationIn);
  }

  private watch(): void {
    this.timer ??= setInterval(() => {
      let now: number | undefined;
      try {
        now = this.look();
      } catch {
        return; // the next look tells
      }
      if (now === this.generation) return;
      this.generation = now;
      this.onChange();
    }, LOOK_INTERVAL).unref();
  }
}
