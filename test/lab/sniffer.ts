/** The sniffer under test: `rvrrpd -m0`. */
import type { Host } from './host.ts';
import type { Exit, Running } from './running.ts';
import { executable } from './rvrrpd.ts';
import { eventually } from './wait.ts';

/** A line of `--json`. */
export interface SnifferLine {
  readonly time: string;
  readonly interface: string;
  readonly direction: 'in' | 'out';
  readonly valid: boolean;
  readonly reason?: string;
  readonly length: number;
  readonly vlans?: readonly number[];
  readonly sourceMac: string;
  readonly destinationMac: string;
  readonly source: string;
  readonly destination: string;
  readonly ttl: number;
  readonly version: number;
  readonly type: number;
  readonly vrid: number;
  readonly priority?: number;
  readonly count?: number;
  readonly authType?: number;
  readonly authNames?: readonly string[];
  readonly authentication?: string;
  readonly intervalMs?: number;
  readonly checksum?: string;
  readonly rightChecksum?: string;
  readonly addresses: readonly string[];
}

/** Its verdict in a word. */
export function snifferVerdict(line: SnifferLine): string {
  return line.valid ? 'valid' : (line.reason ?? 'no reason given');
}

/** A running sniffer. */
export class Sniffer {
  private constructor(readonly running: Running) {}

  /** Starts it on the interface `lan`; it listens when this resolves. */
  static async start(host: Host, ...args: readonly string[]): Promise<Sniffer> {
    const running = host.start(process.execPath, [executable(), '-m0', '-i', 'lan', ...args]);
    await running.waitForOutput(/listening on lan/);
    return new Sniffer(running);
  }

  /** What it has printed, with `--json`. */
  lines(): SnifferLine[] {
    return this.running.stdout
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as SnifferLine);
  }

  /** Waits until it has printed so many lines of JSON. */
  async seen(count: number): Promise<SnifferLine[]> {
    return eventually(`${count} packets, of which there are ${this.lines().length}`, 5000, () => {
      const lines = this.lines();
      return lines.length >= count ? lines : undefined;
    });
  }

  /** Ctrl-C. */
  interrupt(): Promise<Exit> {
    return this.running.stop('SIGINT');
  }
}
