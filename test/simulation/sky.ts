/** The network between the routers: what becomes of each packet. */
import { Random } from './random.ts';
import type { Scenario, Weather } from './scenario.ts';

/** Nothing is lost, nothing is late. */
export const CLEAR: Weather = { loss: 0, duplicate: 0, echo: 0, delay: 0 };

/** Of a packet that is duplicated. */
const MOST_COPIES = 8;

/** See the file's comment. */
export class Sky {
  weather = CLEAR;
  private sides: readonly number[];
  private readonly random: Random;

  constructor(private readonly scenario: Pick<Scenario, 'seed' | 'routers' | 'latency'>) {
    this.random = new Random(~scenario.seed);
    this.sides = scenario.routers.map(() => 0);
  }

  part(sides: readonly number[]): void {
    this.sides = sides;
  }

  /** Has a packet delivered as often as it arrives, each time after so many ms; to its sender too, if it comes back. */
  carry(from: number, deliver: (to: number, after: number) => void): void {
    const { random, weather, sides } = this;
    const { latency, routers } = this.scenario;
    const clear = weather === CLEAR;
    for (let to = 0; to < routers.length; to++) {
      if (sides[to] !== sides[from]) continue;
      if (to === from) {
        if (!clear && random.chance(weather.echo)) deliver(to, latency);
        continue;
      }
      if (!clear && random.chance(weather.loss)) continue;
      const copies = !clear && random.chance(weather.duplicate) ? random.whole(2, MOST_COPIES) : 1;
      for (let copy = 0; copy < copies; copy++) {
        deliver(to, latency * random.between(0.5, 1) + (clear ? 0 : weather.delay * random.next()));
      }
    }
  }
}
