/** What the parts of an engine share: made once for each engine. */
import type { EngineTable } from '../threads/table-views.ts';
import { AnswerLimit } from '../vrrp/answer-limit.ts';
import { Advertiser } from './advertiser.ts';
import { Announcer } from './announcer.ts';
import { Familiar } from './familiar.ts';
import { Holds } from './holds.ts';
import type { EngineIo } from './io.ts';
import type { Observer } from './observer.ts';
import { Reception } from './reception.ts';
import { Retries } from './retries.ts';
import type { EngineRouter } from './router.ts';
import { Timers } from './timers.ts';

/** See the file's comment. */
export interface Parts {
  /** By slot. */
  readonly routers: readonly EngineRouter[];
  readonly table: EngineTable;
  readonly observer: Observer;
  /** Tell observers of every advertisement. */
  readonly chatty: boolean;
  /** The clock of everything: monotonic ms. */
  readonly clock: () => number;
  readonly reception: Reception;
  readonly timers: Timers;
  /** The advertisement of each router that was accepted last. */
  readonly familiar: Familiar;
  /** How often it answers out of turn. */
  readonly answers: AnswerLimit;
  /** What keeps routers from being Master. */
  readonly holds: Holds;
  readonly advertiser: Advertiser;
  readonly announcer: Announcer;
}

/** Makes them. */
export function makeParts(
  routers: readonly EngineRouter[],
  table: EngineTable,
  observer: Observer,
  chatty: boolean,
  io: EngineIo,
): Parts {
  const timers = new Timers(routers.length);
  const retries = new Retries(routers.length, timers);
  const advertiser = new Advertiser(routers, table, observer, chatty, io.now, retries);
  return {
    ...{ routers, table, observer, chatty, clock: io.now },
    reception: new Reception(routers.some(({ family }) => family === 6) ? 6 : 4),
    timers,
    familiar: new Familiar(routers.length),
    answers: new AnswerLimit(routers.length),
    holds: new Holds(table, observer, io),
    advertiser,
    announcer: new Announcer(table, advertiser.transmitter),
  };
}
