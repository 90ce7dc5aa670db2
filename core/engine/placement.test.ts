import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Link } from '../plugin/contracts/index.ts';
import { EventRing } from '../threads/event-ring.ts';
import { LinkComparison } from '../threads/link-news.ts';
import { State, StateTable } from '../threads/state-table.ts';
import type { Attachment } from './attachment.ts';
import { Engine } from './engine.ts';
import { Observer } from './observer.ts';
import { Placement } from './placement.ts';
import { EngineRouter } from './router.ts';
import { routingIndex } from './routing.ts';
import { SECONDS } from './test/kinds.ts';

/** The kernel as far as sockets go. */
const kernel = vi.hoisted(() => ({
  next: 100,
  open: new Set<number>(),
  filters: new Map<number, number[]>(),
  refuse: '',
}));

vi.mock('../native/index.ts', () => ({
  Meta: { Tag: 0, Length: 1, Foreign: 2, Count: 4 },
  Queue: { Descriptor: 0, Offset: 1, Length: 2, Count: 3 },
  native: {
    monotonicMs: () => 1000,
    openPacketSocket: () => {
      if (kernel.refuse !== '') throw new Error(kernel.refuse);
      kernel.open.add(++kernel.next);
      return kernel.next;
    },
    attachFilter: (descriptor: number, program: Uint32Array) => kernel.filters.set(descriptor, [...program]),
    detachFilter: (descriptor: number) => kernel.filters.delete(descriptor),
    joinMulticast: () => {},
    openMembership: () => {
      kernel.open.add(++kernel.next);
      return kernel.next;
    },
    bindPacketSocket: () => {},
    Claims: class {
      take(): boolean {
        return true;
      }
      release(): void {}
    },
    closeDescriptor: (descriptor: number) => kernel.open.delete(descriptor),
    PacketLoop: class {
      add(): void {}
      remove(): void {}
      setTimer(): void {}
      flush(): number {
        return 0;
      }
      close(): void {}
    },
  },
}));

vi.mock('./closing.ts', () => ({ closeLater: (descriptor: number) => kernel.open.delete(descriptor) }));

beforeEach(() => {
  vi.useFakeTimers();
  kernel.open.clear();
  kernel.filters.clear();
  kernel.refuse = '';
});
afterEach(() => {
  vi.useRealTimers();
});

describe.each(SECONDS)('$name', (kind) => {
  /** Where a group's routers are looked up. */
  const SEVEN = routingIndex(kind.version, 7);
  const EIGHT = routingIndex(kind.version, 8);

  const link = (index: number, name: string): Link =>
    kind.ethernet([`10.0.${index}.2`], { index, name, mac: `02:00:00:00:00:0${index}` });

  /** An engine with router 7 on `a` and router 8 on `b`. */
  function stage() {
    const table = StateTable.allocate(2);
    const routers = (['a', 'b'] as const).map((on, slot) => {
      const config = kind.configuration({ vrid: 7 + slot, interface: on });
      return new EngineRouter(slot, config, undefined, table);
    });
    const observer = new Observer(EventRing.allocate(64), table.slots + 1);
    const engine = new Engine(routers, table, observer, () => {}, false);
    const attached: Attachment[] = [];
    const attach = engine.attach.bind(engine);
    vi.spyOn(engine, 'attach').mockImplementation((attachment) => {
      attached.push(attachment);
      attach(attachment);
    });
    const filter = {
      plugin: 'filter 1',
      program: ({ vrids }: { readonly vrids: readonly number[] }) => [
        { code: 6, jt: 0, jf: 0, k: vrids[0]! },
      ],
    };
    const errors: string[] = [];
    const log = (message: string): number => errors.push(message);
    const sockets: { closed: number[]; opened: number[] }[] = [];
    const placement = new Placement(engine, table, [filter, filter], log, (closed, opened) =>
      sockets.push({ closed, opened: opened.map(({ descriptor }) => descriptor) }),
    );
    return { placement, engine, routers, attached, errors, sockets };
  }

  const LINKS = [link(1, 'a'), link(2, 'b')];

  test('interfaces that swap names: table and filter of a socket follow its virtual routers', () => {
    const { placement, attached, routers } = stage();
    placement.update(LINKS);
    const [first, second] = attached;
    expect([first!.slotOfVrid[SEVEN], first!.slotOfVrid[EIGHT]]).toEqual([0, -1]);
    expect(kernel.filters.get(first!.descriptor)).toEqual([6, 0, 0, 7]);

    placement.update([link(1, 'b'), link(2, 'a')]);
    expect(attached).toHaveLength(2);
    expect([first!.slotOfVrid[SEVEN], first!.slotOfVrid[EIGHT]]).toEqual([-1, 1]);
    expect([second!.slotOfVrid[SEVEN], second!.slotOfVrid[EIGHT]]).toEqual([0, -1]);
    expect(kernel.filters.get(first!.descriptor)).toEqual([6, 0, 0, 8]);
    expect(kernel.filters.get(second!.descriptor)).toEqual([6, 0, 0, 7]);
    expect(routers.map(({ attachment }) => attachment)).toEqual([second, first]);
  });

  test('an engine that has let go obeys nothing that touches sockets or routers', () => {
    const { placement, engine, routers } = stage();
    placement.update(LINKS);
    const handed = placement.letGo([]);
    expect(handed).toHaveLength(2);
    const open = [...kernel.open];
    const states = routers.map(({ state }) => state);
    placement.update([]);
    placement.update([LINKS[0]!, { ...LINKS[1]!, running: false }]);
    placement.shutdown();
    engine.announceApplied();
    vi.advanceTimersByTime(60_000);
    expect([...kernel.open]).toEqual(open);
    expect(routers.map(({ state }) => state)).toEqual(states);
    expect(() => placement.letGo([])).toThrow('no sockets any more');
  });

  test('an engine that has stopped opens nothing any more', () => {
    const { placement } = stage();
    placement.update(LINKS);
    placement.shutdown();
    expect(kernel.open.size).toBe(0);
    placement.update([...LINKS]);
    expect(kernel.open.size).toBe(0);
  });

  test('a socket that could not be opened is tried again, and told once', () => {
    const { placement, errors, routers } = stage();
    kernel.refuse = 'socket(AF_PACKET): EMFILE (Too many open files)';
    placement.update(LINKS);
    vi.advanceTimersByTime(9000); // three more times
    expect(errors).toEqual(
      ['a', 'b'].map((name) => `cannot use interface ${name}: ${kernel.refuse}; trying again`),
    );
    for (const { state } of routers) expect(state).not.toBe(State.Backup);
    kernel.refuse = '';
    vi.advanceTimersByTime(15_000);
    expect(kernel.open.size).toBe(6); // for each interface one for packets, one for ARP, one for the membership
    expect(routers.map(({ state }) => state)).toEqual([State.Backup, State.Backup]);
    vi.advanceTimersByTime(60_000);
    expect(kernel.open.size).toBe(6); // for each interface one for packets, one for ARP, one for the membership
  });

  /** News that leaves nothing unsaid: from these links to those. */
  function news(before: readonly Link[], after: readonly Link[]) {
    const comparison = new LinkComparison();
    comparison.news(before);
    return comparison.news(after)!;
  }

  test('news of one link touches neither routers nor sockets of another', () => {
    const { placement, engine, routers } = stage();
    placement.update(LINKS);
    const other = routers[1]!.attachment!;
    const touched = vi.spyOn(engine, 'stop');
    const built = vi.spyOn(engine, 'rebuildFrames');
    kernel.filters.clear();
    placement.change(news(LINKS, [{ ...LINKS[0]!, running: false }, LINKS[1]!]));
    expect(touched.mock.calls.map(([{ slot }]) => slot)).toEqual([0]);
    expect(routers.map(({ state }) => state)).toEqual([State.Down, State.Backup]);
    expect(kernel.open).toEqual(new Set([other.descriptor, other.watch, other.membership]));
    placement.change({ links: [LINKS[0]!], gone: [] });
    expect(routers.map(({ state }) => state)).toEqual([State.Backup, State.Backup]);
    expect(built.mock.calls.map(([{ slot }]) => slot)).toEqual([0]);
    expect(routers[1]!.attachment).toBe(other);
    expect(kernel.filters.has(other.descriptor)).toBe(false); // not set again
  });

  test('news of a link that no router runs on costs nothing, and is handed on', () => {
    const { placement, engine } = stage();
    placement.update(LINKS);
    const settled = vi.spyOn(engine, 'settle');
    placement.change({ links: [link(3, 'c')], gone: [] });
    expect(settled).not.toHaveBeenCalled();
    expect(placement.links.map(({ name }) => name)).toEqual(['a', 'b', 'c']);
  });

  test('a link that is renamed: its routers stop, those of its new name run on it', () => {
    const { placement, routers } = stage();
    placement.update([LINKS[0]!]);
    const first = routers[0]!.attachment!;
    placement.change(news([LINKS[0]!], [link(1, 'b')]));
    expect(routers.map(({ state }) => state)).toEqual([State.Down, State.Backup]);
    expect(routers.map(({ attachment }) => attachment)).toEqual([undefined, first]);
    expect([first.slotOfVrid[SEVEN], first.slotOfVrid[EIGHT]]).toEqual([-1, 1]);
    expect(kernel.filters.get(first.descriptor)).toEqual([6, 0, 0, 8]);
  });

  test('a link that was deleted and made again has another index, and another socket', () => {
    const { placement, routers } = stage();
    placement.update(LINKS);
    const first = routers[0]!.attachment!;
    const again = { ...LINKS[0]!, index: 5 };
    placement.change(news(LINKS, [again, LINKS[1]!])); // in one reading
    expect(routers.map(({ state }) => state)).toEqual([State.Backup, State.Backup]);
    expect(routers[0]!.attachment).not.toBe(first);
    expect(routers[0]!.attachment!.link.index).toBe(5);
    expect(kernel.open.has(first.descriptor)).toBe(false);
    expect(kernel.open.size).toBe(6);
    placement.change(news([again], []));
    placement.change(news([], [{ ...again, index: 6 }])); // in two
    expect(routers[0]!.attachment!.link.index).toBe(6);
    expect(kernel.open.size).toBe(6);
  });

  test('two that swap names within one reading keep their sockets, and lend them to the other’s routers', () => {
    const { placement, attached, routers } = stage();
    placement.update(LINKS);
    const [first, second] = attached;
    placement.change(news(LINKS, [link(1, 'b'), link(2, 'a')]));
    expect(attached).toHaveLength(2);
    expect([first!.slotOfVrid[SEVEN], first!.slotOfVrid[EIGHT]]).toEqual([-1, 1]);
    expect([second!.slotOfVrid[SEVEN], second!.slotOfVrid[EIGHT]]).toEqual([0, -1]);
    expect(kernel.filters.get(first!.descriptor)).toEqual([6, 0, 0, 8]);
    expect(routers.map(({ attachment }) => attachment)).toEqual([second, first]);
  });

  test('what comes of the sockets is told as it changes: closed, then opened', () => {
    const { placement, routers, sockets } = stage();
    placement.update(LINKS);
    const [a, b] = routers.map(({ attachment }) => attachment!.descriptor);
    placement.change(news(LINKS, [{ ...LINKS[0]!, index: 5 }, LINKS[1]!]));
    const next = routers[0]!.attachment!.descriptor;
    placement.change({ links: [{ ...LINKS[1]!, mtu: 9000 }], gone: [] });
    expect(sockets).toEqual([
      { closed: [], opened: [a, b] },
      { closed: [a], opened: [next] },
    ]);
  });
});
