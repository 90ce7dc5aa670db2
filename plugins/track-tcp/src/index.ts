/** Tracker `tcp`: a connection can be made. Nothing is sent over it. */
import type { Finding, TrackContext, Tracker, TrackPlugin } from 'rvrrpd/plugin';
import {
  checkTarget,
  codeOf,
  connectTcp,
  meaningOf,
  patience,
  startRefusal,
  within,
} from 'rvrrpd-track-system';

/** What `schema.json` leaves of a `[[track]]` table. */
interface Settings {
  readonly host: string;
  readonly port: number;
  readonly family?: 4 | 6;
  readonly interface?: string;
  readonly source?: string;
}

class TcpTracker implements Tracker {
  private readonly where: string;
  private readonly patience: number;

  constructor(
    private readonly settings: Settings,
    timeout: number,
  ) {
    const { host, port } = settings;
    this.where = `${host.includes(':') ? `[${host}]` : host}:${port}`;
    this.patience = patience(timeout);
  }

  async check(signal: AbortSignal): Promise<Finding> {
    const { interface: device, source, host, port, family } = this.settings;
    const begin = performance.now();
    try {
      const socket = await within(this.patience, signal, (wanted) =>
        connectTcp({ host, port, family, device, source }, wanted),
      );
      if (socket === undefined) return this.down(`no answer within ${Math.round(this.patience)} ms`);
      const took = performance.now() - begin;
      // Without a FIN: what the other side has to say is of no interest, and no port is left in TIME_WAIT.
      socket.on('error', () => {});
      socket.resetAndDestroy();
      return { up: true, words: `${this.where}: connected in ${took.toFixed(took < 10 ? 1 : 0)} ms` };
    } catch (error) {
      const refusal = startRefusal(error, { device, source });
      if (refusal !== undefined) return { up: false, words: refusal };
      return this.down(codeOf(error) === 'EINVAL' ? 'no such zone or address here' : meaningOf(error));
    }
  }

  private down(why: string): Finding {
    return { up: false, words: `${this.where}: ${why}` };
  }
}

const plugin: TrackPlugin = {
  kind: 'track',
  create: (context: TrackContext): Tracker => {
    const settings = context.settings as unknown as Settings;
    checkTarget(settings);
    return new TcpTracker(settings, context.timeout);
  },
};

export default plugin;
