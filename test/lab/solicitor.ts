/** Somebody who asks for the MACs of many IPv6 addresses, over and over, until each has been answered as it should be. */
import path from 'node:path';
import { packageRoot } from '../../core/shared/package-root.ts';
import type { Host } from './host.ts';
import type { Lab } from './lab.ts';
import { isAnswer, isMastersAnswer } from './neighbour.ts';
import type { Running } from './running.ts';
import { type NeighbourAdvertisement, neighbourAdvertisementOf } from './sightings.ts';
import { eventually } from './wait.ts';
import { Wire } from './wire.ts';

/** An address, and where it must be said to be. */
export interface Sought {
  readonly address: string;
  /** The virtual MAC of the virtual router that has it. */
  readonly mac: string;
}

/** An interface to ask through. */
export interface Desk {
  readonly interface: string;
  /** Its MAC. */
  readonly mac: string;
  readonly sought: readonly Sought[];
}

/** What came back for one address. */
export interface Found {
  readonly address: string;
  /** When the first right answer came, in ms since the epoch; undefined: none came. */
  readonly at: number | undefined;
  /** Answers that are not what a Master's must be, in words. */
  readonly wrong: readonly string[];
}

/** Asks on several interfaces of a host. What is asked twice of two interfaces is two addresses. */
export class Solicitor {
  private asked = 0;

  private constructor(
    private readonly desks: readonly Desk[],
    private readonly running: Running,
    private readonly indices: ReadonlyMap<string, number>,
    /** What has come in on all interfaces: neighbour advertisements, and advertisements of VRRP. */
    readonly wire: Wire,
  ) {}

  /** Makes ready; nothing is asked yet. */
  static async prepare(lab: Lab, host: Host, desks: readonly Desk[]): Promise<Solicitor> {
    const root = packageRoot();
    const running = host.start(
      process.execPath,
      [path.join(root, 'scripts/run-ts.mjs'), path.join(root, 'test/lab/solicit-main.ts')],
      { input: true },
    );
    running.child.stdin?.write(`${JSON.stringify(desks)}\n`);
    await running.waitForOutput(/^ready$/m, 30_000);
    const links = JSON.parse(await host.ip('-j link')) as { ifname: string; ifindex: number }[];
    const indices = new Map(links.map(({ ifname, ifindex }) => [ifname, ifindex]));
    const filter = '(icmp6 and ip6[40] = 136) or ip6 proto 112';
    return new Solicitor(desks, running, indices, await Wire.tap(lab, host, 'any', { filter }));
  }

  /**
   * Asks for every address, again and again, until each has had a right answer or the time is up.
   * @param everyMs time between two solicitations of one address
   * @returns all that came back since this was called, an entry for each address
   */
  async ask(everyMs: number, deadlineMs: number): Promise<Found[]> {
    const since = Date.now();
    this.running.child.stdin?.write(`${everyMs} ${deadlineMs}\n`);
    const ends = () => [...this.running.stdout.matchAll(/^done (\d+)$/gm)];
    const number = this.asked++;
    const end = await eventually('the end of solicitations', deadlineMs + 60_000, () => ends()[number]);
    // Who captures may not have written the last answers yet.
    return eventually('answers in the capture', 20_000, () => {
      const found = this.found(since);
      return found.filter(({ at }) => at === undefined).length <= Number(end[1]) && found;
    });
  }

  /** Ends it; what came back stays readable. */
  async stop(): Promise<void> {
    await this.running.stop();
    await this.wire.stop();
  }

  /** What has come back from `since` on (ms since the epoch). */
  found(since: number): Found[] {
    const byPlace = new Map<string, NeighbourAdvertisement[]>();
    for (const frame of this.wire.frames()) {
      const answer = frame.time >= since ? neighbourAdvertisementOf(frame) : undefined;
      if (!answer || !isAnswer(answer)) continue;
      const place = `${answer.interfaceIndex} ${answer.target}`;
      const list = byPlace.get(place);
      if (list) list.push(answer);
      else byPlace.set(place, [answer]);
    }
    return this.desks.flatMap(({ interface: name, sought }) =>
      sought.map(({ address, mac }): Found => {
        const answers = byPlace.get(`${this.indices.get(name)} ${address}`) ?? [];
        return {
          address,
          at: answers.find((answer) => isMastersAnswer(answer, mac))?.time,
          wrong: answers
            .filter((answer) => !isMastersAnswer(answer, mac))
            .map((answer) => JSON.stringify(answer)),
        };
      }),
    );
  }
}
