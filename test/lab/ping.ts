/** A client that keeps pinging, and what it noticed. */
import type { Host } from './host.ts';
import type { Running } from './running.ts';

/** An echo reply. */
export interface Reply {
  /** When it came, in ms since the epoch. */
  readonly time: number;
  readonly sequence: number;
  /** Tells who answered where every host starts at another TTL. */
  readonly ttl: number;
}

/** A gap in the replies. */
export interface Gap {
  /** The last reply before it, in ms since the epoch. */
  readonly from: number;
  /** How long until the next one, in ms. */
  readonly lengthMs: number;
}

/** A running `ping` (iputils). */
export class Ping {
  private readonly known: Reply[] = [];
  /** How far its output has been read. */
  private at = 0;

  private constructor(
    /** Who pings. */
    readonly host: Host,
    private readonly running: Running,
    /** Time between two requests, in ms. */
    readonly everyMs: number,
  ) {}

  /** Starts to ping an address, an IPv6 one perhaps with a zone (`fe80::1%lan`), every `everyMs`. */
  static start(host: Host, address: string, everyMs = 20): Ping {
    const args = ['-n', '-D', '-i', String(everyMs / 1000), address];
    return new Ping(host, host.start('ping', args, { env: { LC_ALL: 'C' } }), everyMs);
  }

  /** The replies so far. */
  replies(since = 0): Reply[] {
    const { stdout } = this.running;
    const end = stdout.lastIndexOf('\n') + 1;
    const lines = stdout
      .slice(this.at, end)
      .matchAll(/^\[([\d.]+)\] \d+ bytes from .*icmp_seq=(\d+) ttl=(\d+)/gm);
    for (const [, time, sequence, ttl] of lines) {
      this.known.push({ time: Number(time) * 1000, sequence: Number(sequence), ttl: Number(ttl) });
    }
    this.at = end;
    return this.known.filter(({ time }) => time >= since);
  }

  /** The longest time without a reply from `since` on (ms since the epoch). */
  longestGap(since = 0): Gap {
    const times = this.replies(since).map(({ time }) => time);
    let longest: Gap = { from: times[0] ?? since, lengthMs: 0 };
    for (let i = 1; i < times.length; i++) {
      const lengthMs = times[i]! - times[i - 1]!;
      if (lengthMs > longest.lengthMs) longest = { from: times[i - 1]!, lengthMs };
    }
    return longest;
  }

  /** Ends it. */
  async stop(): Promise<void> {
    await this.running.stop('SIGINT');
  }
}
