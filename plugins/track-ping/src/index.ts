/** Tracker `ping`: a host answers echo requests. */
import { randomBytes } from 'node:crypto';
import { isIP } from 'node:net';
import type { Finding, TrackContext, Tracker, TrackPlugin } from 'rvrrpd/plugin';
import {
  addon,
  checkTarget,
  meaningOf,
  patience,
  resolveHost,
  startRefusal,
  within,
} from 'rvrrpd-track-system';
import { echoRequest, sequenceOf, type Ticket } from './echo.ts';

/** What `schema.json` leaves of a `[[track]]` table. */
interface Settings {
  readonly host: string;
  readonly family?: 4 | 6;
  readonly interface?: string;
  readonly source?: string;
  readonly count?: number;
  /** Percent. */
  readonly loss?: number;
  readonly size?: number;
}

/** Octets that only we know. */
const TOKEN = 16;
/** From one request to the next at most, in ms. */
const LONGEST_PAUSE = 200;

/** How many of `count` requests must be answered. @param loss percent that need not */
export function needed(count: number, loss: number): number {
  return Math.max(1, count - Math.floor((count * loss) / 100));
}

/** From one request to the next, in ms. @param patience ms that answers are waited for */
function pauseOf(count: number, patience: number): number {
  return Math.min(LONGEST_PAUSE, patience / 2 / count);
}

class PingTracker implements Tracker {
  private readonly patience: number;

  constructor(
    private readonly settings: Settings,
    timeout: number,
  ) {
    this.patience = patience(timeout);
  }

  async check(signal: AbortSignal): Promise<Finding> {
    const { host, source, interface: device } = this.settings;
    const family = source === undefined ? this.settings.family : isIP(source) === 6 ? 6 : 4;
    try {
      const finding = await within(this.patience, signal, async (wanted) => {
        const [address] = await resolveHost(host, family, wanted);
        return new Round(this.settings, address!, this.patience).run(wanted);
      });
      return finding ?? { up: false, words: `no answer from ${host}` };
    } catch (error) {
      const refusal = startRefusal(error, { device, source });
      return { up: false, words: refusal ?? `${host}: ${meaningOf(error)}` };
    }
  }
}

/** One check. */
class Round {
  private readonly answered = new Set<number>();
  private readonly ticket: Ticket = {
    identifier: randomBytes(2).readUInt16BE(),
    token: randomBytes(TOKEN),
  };
  private readonly count: number;
  private readonly needed: number;
  private sent = 0;
  private fastest = Number.POSITIVE_INFINITY;
  /** When each was sent, in ms. */
  private readonly times: number[] = [];
  /** What the network has said of a request that it did not deliver. */
  private complaint: unknown;

  constructor(
    private readonly settings: Settings,
    private readonly address: string,
    private readonly patience: number,
  ) {
    this.count = settings.count ?? 1;
    this.needed = needed(this.count, settings.loss ?? 0);
  }

  /** @throws Error if it cannot begin */
  run(signal: AbortSignal): Promise<Finding> {
    const { interface: device = '', source = '', size = 56 } = this.settings;
    const family = isIP(this.address.split('%')[0]!) === 6 ? 6 : 4;
    return new Promise((resolve, reject) => {
      const socket = new (addon().EchoSocket)(family, source, device, (what) => {
        if (typeof what === 'string') this.complaint = { code: what };
        else this.take(sequenceOf(family, this.ticket, what));
        if (this.answered.size >= this.needed) done(this.up());
        // Nothing more will come: every request has been refused on the way.
        else if (typeof what === 'string' && this.count === 1) done(this.down());
      });
      let timer: NodeJS.Timeout | undefined;
      const end = () => {
        clearTimeout(timer);
        signal.removeEventListener('abort', abort);
        socket.close();
      };
      const done = (finding: Finding) => {
        end();
        resolve(finding);
      };
      const abort = () => done(this.down());
      const send = () => {
        try {
          this.times.push(performance.now());
          socket.send(this.address, echoRequest(family, this.ticket, ++this.sent, size));
        } catch (error) {
          this.complaint = error;
          if (this.count === 1) {
            end();
            return reject(error);
          }
        }
        if (this.sent < this.count) timer = setTimeout(send, pauseOf(this.count, this.patience));
      };
      signal.addEventListener('abort', abort, { once: true });
      send();
    });
  }

  private take(sequence: number | undefined): void {
    if (sequence === undefined || sequence < 1 || sequence > this.sent) return;
    this.answered.add(sequence);
    this.fastest = Math.min(this.fastest, performance.now() - this.times[sequence - 1]!);
  }

  private up(): Finding {
    const time = `${this.fastest.toFixed(this.fastest < 10 ? 1 : 0)} ms`;
    const many = this.count === 1 ? '' : `${this.answered.size} of ${this.sent} requests, `;
    return { up: true, words: `${this.settings.host} answers: ${many}${time}` };
  }

  private down(): Finding {
    const { host } = this.settings;
    if (this.answered.size > 0)
      return { up: false, words: `${host} has answered ${this.answered.size} of ${this.count} requests` };
    return {
      up: false,
      words:
        this.complaint === undefined ? `no answer from ${host}` : `${host}: ${meaningOf(this.complaint)}`,
    };
  }
}

const plugin: TrackPlugin = {
  kind: 'track',
  create: (context: TrackContext): Tracker => {
    const settings = context.settings as unknown as Settings;
    checkTarget(settings);
    const { count = 1 } = settings;
    if (count > 1 && pauseOf(count, patience(context.timeout)) < 1)
      throw new Error(
        `count = ${count}: so many requests need a longer timeout than ${context.timeout / 1000} s`,
      );
    return new PingTracker(settings, context.timeout);
  },
};

export default plugin;
