/** In which order the holdings of several virtual routers are changed. Pure. */
import type { Holding } from './holdings.ts';
import type { Refusals } from './refusals.ts';

/**
 * Walks several ordered lists at once: each wave takes the next run of like resources of each.
 * @param refused a list ends after a wave in which one of its own was refused
 */
export function* waves(
  lists: readonly (readonly Holding[])[],
  likeness: (holding: Holding) => string,
  refused: Refusals = new Map(),
): Generator<Holding[]> {
  let walks = lists.map((list) => ({ list, from: 0, to: 0 }));
  for (;;) {
    const wave = new Set<Holding>(); // a holding that several routers use is in several lists
    for (const walk of walks) {
      walk.from = walk.to;
      const first = walk.list[walk.from];
      if (!first) continue;
      const run = likeness(first);
      for (
        let next: Holding | undefined = first;
        next && likeness(next) === run;
        next = walk.list[++walk.to]
      ) {
        wave.add(next);
      }
    }
    if (wave.size === 0) return;
    yield [...wave];
    if (refused.size === 0) continue;
    walks = walks.filter(
      ({ list, from, to }) => !list.slice(from, to).some((holding) => refused.has(holding)),
    );
  }
}
