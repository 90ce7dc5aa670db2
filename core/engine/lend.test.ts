/** An engine lends its sockets to one in another process, and takes them back: that one is gone. */
import { describe, expect, test } from 'vitest';
import { Int, State } from '../threads/state-table.ts';
import { SECONDS } from './test/kinds.ts';
import type { Station } from './test/station.ts';

describe.each(SECONDS)('$name', (kind) => {
  const { advertisement, ethernet, started } = kind;
  const DOWN = kind.down();
  const link = ethernet(['192.0.2.1']);

  function master(): Station {
    const station = started({});
    station.time.pass(DOWN + 100);
    expect(station.isMaster).toBe(true);
    return station;
  }

  test('a Master keeps its cadence, and opens no socket anew', () => {
    const station = master();
    const open = [...station.host.open.keys()];
    const due = station.routers[0]!.deadline;
    const sent = station.advertised().length;
    station.time.pass(200);
    station.placement.lend([]);
    station.time.pass(300);
    expect(station.advertised().length).toBe(sent);
    station.placement.takeBack();
    station.time.pass(2500);
    const times = station.advertised().slice(sent);
    expect(times.map(({ time }) => time - due)).toEqual([0, 1000, 2000]);
    expect([...station.host.open.keys()]).toEqual(open);
  });

  test('what is due meanwhile is sent at once afterwards', () => {
    const station = master();
    station.time.pass(700);
    const sent = station.advertised().length;
    station.placement.lend([]);
    station.time.pass(500);
    station.placement.takeBack();
    station.time.pass(1);
    expect(station.advertised().length).toBe(sent + 1);
  });

  test('neither packets nor deadlines do anything while it lends', () => {
    const station = master();
    station.placement.lend([]);
    station.hears(advertisement({ priority: 255 }));
    station.time.pass(10_000);
    expect(station.state()).toBe(State.Master);
    station.placement.shutdown(); // they are not ours
    expect(station.advertised().filter(({ priority }) => priority === 0)).toEqual([]);
  });

  test('a Backup does not take its Master for dead for what the other one has heard', () => {
    const station = started({});
    station.hears(advertisement({ priority: 200 }));
    station.time.pass(500);
    station.placement.lend([]);
    station.time.pass(DOWN);
    station.placement.takeBack();
    station.time.pass(100);
    expect(station.state()).toBe(State.Backup);
    station.hears(advertisement({ priority: 200 }));
    station.time.pass(DOWN - 100);
    expect(station.state()).toBe(State.Backup);
    station.time.pass(200);
    expect(station.state()).toBe(State.Master);
  });

  test('a router that was to leave has said good-bye, and begins anew', () => {
    const station = master();
    station.placement.lend([0]);
    expect(station.advertised().at(-1)?.priority).toBe(0);
    station.placement.takeBack();
    expect(station.state()).toBe(State.Backup);
  });

  test('a group is one again', () => {
    const routers = [1, 2].map((vrid) => kind.configuration({ vrid, sync: 'gw' }));
    const station = started({ routers });
    station.time.pass(DOWN + 2000);
    expect([station.state(0), station.state(1)]).toEqual([State.Master, State.Master]);
    station.placement.lend([]);
    station.placement.takeBack();
    station.engine.failOver(station.routers[0]!);
    station.engine.settle();
    expect([station.state(0), station.state(1)]).toEqual([State.Backup, State.Backup]);
  });

  test('news of links that come meanwhile count', () => {
    const station = master();
    station.placement.lend([]);
    station.placement.change({ links: [], gone: [link.name] });
    expect(station.state()).toBe(State.Master);
    station.placement.takeBack();
    expect([station.state(), station.table.int(0, Int.InterfaceIndex)]).toEqual([State.Down, 0]);
  });
});
