import { describe, expect, test } from 'vitest';
import { PluginError } from '../plugin/load.ts';
import { Cause, EventType } from '../threads/event-ring.ts';
import { claimName } from '../threads/router-claims.ts';
import { Int, macNumber, Num, State } from '../threads/state-table.ts';
import { addressText } from '../vrrp/address.ts';
import type { GuardedAuthenticator, GuardedFilter } from './guard.ts';
import { SECONDS } from './test/kinds.ts';
import { Station, type StationOptions } from './test/station.ts';

describe.each(SECONDS)('$name', (kind) => {
  const { advertisement, alone, configuration, ethernet, started, family, ip } = kind;
  const DOWN = kind.down();
  /** Where an IP packet has its source, in a frame. */
  const sourceOf = (frame: Uint8Array): string =>
    addressText(family === 4 ? frame.subarray(26, 30) : frame.subarray(22, 38));
  const ETHERTYPES = family === 4 ? [0x0800, 0x0806] : [0x86dd, 0x86dd];

  function master(options: StationOptions = {}): Station {
    const station = started(options);
    station.time.pass(DOWN + 100);
    expect(station.isMaster).toBe(true);
    station.events();
    return station;
  }

  /** Transitions since the last call: from, to, cause. */
  function transitions(station: Station): [number, number, number][] {
    return station
      .events()
      .filter(({ type }) => type === EventType.Transition)
      .map(({ a, b, c }) => [a, b, c]);
  }

  const link = ethernet(['192.0.2.1']);
  const passAll: GuardedFilter = {
    plugin: 'filter 1',
    program: () => [{ code: 6, jt: 0, jf: 0, k: 0x40000 }],
  };

  describe('links', () => {
    test.each([
      ['is gone', [], Cause.InterfaceMissing, 0],
      ['is down', [{ ...link, up: false }], Cause.InterfaceDown, 1],
      ['loses its carrier', [{ ...link, running: false }], Cause.InterfaceDown, 1],
      ['loses its address', [ethernet([])], family === 4 ? Cause.NoAddress : Cause.NoLinkLocal, 1],
    ] as const)(
      'a Master whose interface %s is Down, and a Backup again when it is back',
      (_, links, cause, good) => {
        const station = master();
        const sent = station.advertised().length;
        const { host } = station;
        station.placement.update(links); // the wire still carries: whether a good-bye is tried
        expect(transitions(station)).toEqual([[State.Master, State.Down, cause]]);
        expect(station.advertised().length - sent, 'good-byes').toBe(good);
        expect([host.open.size, station.table.int(0, Int.InterfaceIndex)]).toEqual([0, 0]);
        station.time.pass(60_000);
        expect(station.state()).toBe(State.Down);
        station.update([link]);
        expect(transitions(station)).toEqual([[State.Down, State.Backup, Cause.Startup]]);
        expect(station.table.int(0, Int.InterfaceIndex)).toBe(1);
        station.time.pass(DOWN);
        expect(station.isMaster).toBe(true);
      },
    );

    test('an interface that was made anew under the same name is another one', () => {
      const station = master();
      station.update([{ ...link, index: 7, mac: '02:00:00:00:00:07' }]);
      expect(transitions(station)).toEqual([
        [State.Master, State.Initialize, Cause.InterfaceMissing],
        [State.Initialize, State.Backup, Cause.Startup],
      ]);
      expect([...station.host.open.values()].map(({ index }) => index)).toEqual([7, 7, 7]);
      expect(station.table.num(0, Num.HardwareAddress)).toBe(macNumber('02:00:00:00:00:07'));
    });

    test('what does not concern a running router changes nothing of it', () => {
      const station = master();
      const due = station.routers[0]!.deadline;
      const open = [...station.host.open.keys()];
      station.update([{ ...link, mtu: 9000 }, ethernet(['203.0.113.1'], { index: 2, name: 'eth1' })]);
      expect(transitions(station)).toEqual([]);
      expect([...station.host.open.keys()]).toEqual(open);
      expect(station.routers[0]!.deadline).toBe(due);
    });

    test('another primary address: it goes on, and advertises from there', () => {
      const station = master();
      station.update([ethernet(['192.0.2.8'])]);
      station.time.pass(1000);
      expect(transitions(station)).toEqual([]);
      expect(sourceOf(station.sent.at(-1)!.frame)).toBe(ip('192.0.2.8'));
    });

    test('it gains the address as its own, and loses it: started again as owner, and as none', () => {
      const station = master();
      station.update([ethernet(['192.0.2.1', '198.51.100.1'])]);
      expect(transitions(station)).toEqual([
        [State.Master, State.Initialize, Cause.OwnershipGained],
        [State.Initialize, State.Master, Cause.Startup],
      ]);
      expect(
        station
          .advertised()
          .slice(-2)
          .map(({ priority }) => priority),
      ).toEqual([0, 255]);
      station.update([link]);
      expect(transitions(station)).toEqual([
        [State.Master, State.Initialize, Cause.OwnershipLost],
        [State.Initialize, State.Backup, Cause.Startup],
      ]);
      expect(station.table.int(0, Int.Priority)).toBe(100);
    });

    test('a router that has given up stays Down whatever the links, until its interface was gone', () => {
      const station = master();
      station.engine.giveUp(station.routers[0]!, 1e9);
      station.engine.settle();
      station.update([{ ...link, mtu: 9000 }]);
      expect(station.state()).toBe(State.Down);
      station.update([]);
      station.update([link]);
      expect(station.state()).toBe(State.Backup);
    });
  });

  describe('sockets', () => {
    test('one for packets, one for ARP and one for the membership on each link in use; closed when it is used no more', () => {
      const links = [link, ethernet(['203.0.113.1'], { index: 2, name: 'eth1', mac: '02:00:00:00:00:02' })];
      const routers = [1, 2, 3].map((vrid) =>
        configuration({ vrid, interface: vrid === 3 ? 'eth1' : 'eth0' }),
      );
      const station = started({ links, routers });
      const types = () => [...station.host.open.values()].map(({ index, etherType }) => [index, etherType]);
      expect(types()).toEqual([
        ...[1, 2].flatMap((index) => [...ETHERTYPES.map((type) => [index, type]), [index, 0]]),
      ]);
      expect(station.sockets.map(({ link: index, family }) => [index, family])).toEqual([
        [1, family],
        [2, family],
      ]);
      station.update([link]);
      expect(types()).toEqual([...ETHERTYPES.map((type) => [1, type]), [1, 0]]);
      expect(station.sockets).toHaveLength(1);
    });

    test('a filter that is refused is told, and nothing is lost; it is over where the link is used no more', () => {
      const station = alone({ filter: passAll });
      station.host.refuseFilter = 'setsockopt(SO_ATTACH_FILTER): ENOMEM';
      station.update();
      // The ARP socket cannot do without: ARP of everybody would wake the engine.
      expect(station.errors.at(-1)).toContain('cannot use interface eth0');
      station.host.refuseFilter = '';
      station.time.pass(1000);
      expect(station.state()).toBe(State.Backup);
      expect(station.errors.filter((line) => line.includes('packets of other virtual routers'))).toHaveLength(
        1,
      );
      station.update([]);
      expect([...station.troubles.keys()]).toEqual([]);
    });

    test('a plugin whose filter is wrong: told as trouble, the socket does without', () => {
      const broken: GuardedFilter = {
        plugin: 'filter 1',
        program: () => {
          throw new Error('no idea');
        },
      };
      const station = started({ filter: broken });
      expect([...station.troubles.keys()]).toEqual(['filter eth0']);
      expect(station.errors).toHaveLength(1);
      station.hears(advertisement());
      expect(station.table.num(0, Num.AdvertisementsReceived)).toBe(1);
      station.update([{ ...link, mtu: 9000 }]);
      expect(station.errors, 'once').toHaveLength(1);
      station.update([]);
      expect(station.troubles.size).toBe(0);
    });

    test('with a filter other packets do not even wake the engine', () => {
      const none: GuardedFilter = { plugin: 'filter 1', program: () => [{ code: 6, jt: 0, jf: 0, k: 0 }] };
      const station = started({ filter: none });
      station.hears(advertisement());
      expect(station.host.unheard).toBe(1);
      expect(station.table.num(station.table.strangers, Num.WakeUps)).toBe(0);
    });
  });

  describe('a successor', () => {
    test('takes the sockets as they are, and goes on in the grid, alone', () => {
      const station = master();
      const open = [...station.host.open.keys()];
      const due = station.routers[0]!.deadline;
      station.time.pass(200);
      const routers = [configuration()];
      const heir = new Station(station.time, station.wire, {
        routers,
        links: station.links,
        host: station.host,
      });
      heir.placement.prepare(station.links);
      const sockets = station.placement.letGo([]);
      const sent = station.advertised().length;
      new Uint8Array(heir.table.buffer).set(new Uint8Array(station.table.buffer));
      heir.placement.inherit(sockets);
      heir.engine.resume();
      heir.update(station.links);
      expect([...heir.host.open.keys()]).toEqual(open);
      heir.time.pass(3000);
      const ticks = [0, 1, 2].map((tick) => ({ time: due + tick * 1000, vrid: 1, priority: 100 }));
      expect(heir.advertised().slice(sent)).toEqual(ticks);
      heir.hears(advertisement());
      expect([heir.state(), station.state()]).toEqual([State.Backup, State.Master]); // the old table: nobody's
    });

    test('closes what it has no use for', () => {
      const station = master();
      const sockets = station.placement.letGo([0]);
      expect(station.advertised().at(-1)?.priority, 'says good-bye for those that leave').toBe(0);
      const heir = new Station(station.time, station.wire, { routers: [], host: station.host });
      heir.placement.inherit(sockets);
      heir.update([]);
      expect(heir.host.open.size).toBe(0);
    });
  });

  describe('claims', () => {
    const name = claimName({ index: 1, vrid: 1, family });

    test('a router that another process runs stays Down, is told once, and starts when that one has stopped', () => {
      const station = alone();
      station.host.claimed.set(name, 4711);
      station.update();
      station.update([{ ...link, mtu: 9000 }]);
      expect(station.errors).toEqual([
        'virtual router 1 on eth0 stays down: another rvrrpd, process 4711, runs it in this network namespace; it starts ' +
          'when that one has stopped',
      ]);
      station.placement.retryClaims();
      expect(station.state()).toBe(State.Down);
      station.host.claimed.delete(name);
      station.placement.retryClaims();
      expect(station.state()).toBe(State.Backup);
    });

    test('are held while the link is there, and let go with it', () => {
      const station = started();
      expect([...station.host.claiming]).toEqual([name]);
      station.update([{ ...link, running: false }]);
      expect([...station.host.claiming]).toEqual([name]);
      station.update([{ ...link, index: 9 }]);
      expect([...station.host.claiming]).toEqual([claimName({ index: 9, vrid: 1, family })]);
      station.update([]);
      expect([...station.host.claiming]).toEqual([]);
    });
  });

  // VRRPv3 signs nothing.
  const ofVersion2 = kind.version === 2 ? describe : undefined;
  ofVersion2?.('a router that cannot sign', () => {
    /** Signs while `able`. */
    function signer() {
      const state = { able: true };
      const authenticator: GuardedAuthenticator = {
        ...{ plugin: 'auth', authType: 254, verify: () => true },
        sign: () => {
          if (!state.able)
            throw new PluginError({ package: 'auth', version: '1.0.0', kind: 'auth' }, 'no key');
        },
      };
      return { state, authenticator };
    }

    test('is Down, and tried again', () => {
      const { state, authenticator } = signer();
      state.able = false;
      const station = started({ authenticator });
      expect(station.state()).toBe(State.Down);
      state.able = true;
      station.time.pass(1000);
      expect(station.state()).toBe(State.Backup);
    });

    test('and runs already goes on with the frames that it has, until it can', () => {
      const { state, authenticator } = signer();
      const station = master({ authenticator });
      state.able = false;
      station.update([ethernet(['192.0.2.8'])]);
      const source = () => sourceOf(station.sent.at(-1)!.frame);
      station.time.pass(900);
      expect([station.isMaster, source()]).toEqual([true, ip('192.0.2.1')]);
      state.able = true;
      station.time.pass(2000);
      expect([station.isMaster, source()]).toEqual([true, ip('192.0.2.8')]);
    });

    test('is a reason not to start, unless nobody else runs the routers', () => {
      const { state, authenticator } = signer();
      state.able = false;
      const station = alone({ authenticator });
      expect(() => station.placement.prepare(station.links)).toThrow(PluginError);
      station.placement.prepare([...station.links], true);
      station.update();
      expect(station.state()).toBe(State.Down);
    });
  });
});
