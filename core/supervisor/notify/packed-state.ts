/**
 * What waits for hooks, for another process: a notice that waits for several hooks is written once, as it may be many, and
 * whoever reads it must not need several times the memory. Pure, plain data.
 */
import type { Notice, QueueState } from './queue.ts';
import type { HookState } from './runner.ts';

type Packed<Waiting> = Omit<Waiting, 'notice'> & {
  /** Index of it. */
  readonly notice: number;
};

/** A {@link HookState} whose notices stand elsewhere. */
export interface PackedHook extends Omit<HookState, 'queue'> {
  readonly queue: Omit<QueueState, 'waiting'> & {
    readonly waiting: readonly Packed<QueueState['waiting'][number]>[];
  };
}

/** Those of all hooks. */
export interface PackedHooks {
  readonly notices: readonly Notice[];
  /** By name. */
  readonly hooks: ReadonlyMap<string, PackedHook>;
}

/** @param hooks by name */
export function packHooks(hooks: ReadonlyMap<string, HookState>): PackedHooks {
  const indices = new Map<Notice, number>();
  const indexOf = (notice: Notice): number => {
    const known = indices.get(notice);
    if (known !== undefined) return known;
    indices.set(notice, indices.size);
    return indices.size - 1;
  };
  const packed = [...hooks].map(([name, { queue, ...rest }]): [string, PackedHook] => {
    const waiting = queue.waiting.map((each) => ({ ...each, notice: indexOf(each.notice) }));
    return [name, { ...rest, queue: { ...queue, waiting } }];
  });
  return { notices: [...indices.keys()], hooks: new Map(packed) };
}

/** Reverse of {@link packHooks}. @throws Error if it is damaged */
export function unpackHooks({ notices, hooks }: PackedHooks): Map<string, HookState> {
  const noticeAt = (index: number): Notice => {
    const notice = notices[index];
    if (notice === undefined) throw new Error(`what waits for hooks has no notice ${index}`);
    return notice;
  };
  const unpacked = [...hooks].map(([name, { queue, ...rest }]): [string, HookState] => {
    const waiting = queue.waiting.map((each) => ({ ...each, notice: noticeAt(each.notice) }));
    return [name, { ...rest, queue: { ...queue, waiting } }];
  });
  return new Map(unpacked);
}
