/** Tracker `link`: an interface is there, up, and has a carrier. Known by its name: one that is made anew is the same. */
import type { Finding, TrackContext, Tracker, TrackPlugin } from 'rvrrpd/plugin';
import { Group, type LinkState, linkByName, Rtnetlink, readLink, watchRtnetlink } from 'rvrrpd-track-system';

/** What `schema.json` leaves of a `[[track]]` table. */
interface Settings {
  readonly interface: string;
  readonly require?: 'carrier' | 'up' | 'exists';
}

/** The verdict on an interface. @param link undefined: there is none */
export function judge(name: string, link: LinkState | undefined, require = 'carrier'): Finding {
  if (link === undefined) return { up: false, words: `there is no interface ${name}` };
  if (require === 'exists') return { up: true, words: `${name} is there` };
  if (!link.up) return { up: false, words: `${name} is administratively down` };
  if (require === 'up') return { up: true, words: `${name} is up` };
  if (!link.carrier) return { up: false, words: `${name} has no carrier` };
  if (!link.running) return { up: false, words: `${name} is ${link.state}` };
  return { up: true, words: `${name} is up and has a carrier` };
}

class LinkTracker implements Tracker {
  private readonly rtnetlink = new Rtnetlink();
  private watch: { close(): void } | undefined;
  /** Index at the last check: what it is renamed to has another name. */
  private index: number | undefined;

  constructor(private readonly settings: Settings) {}

  start(changed: () => void): void {
    this.watch = watchRtnetlink([Group.link], (message) => {
      const link = message && readLink(message);
      if (message === null || link?.name === this.settings.interface || link?.index === this.index) changed();
    });
  }

  async check(): Promise<Finding> {
    const { interface: name, require } = this.settings;
    const link = await linkByName(this.rtnetlink, name);
    this.index = link?.index;
    return judge(name, link, require);
  }

  stop(): void {
    this.watch?.close();
    this.rtnetlink.close();
  }
}

const plugin: TrackPlugin = {
  kind: 'track',
  create: (context: TrackContext): Tracker => new LinkTracker(context.settings as unknown as Settings),
};

export default plugin;
