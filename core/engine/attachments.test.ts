import { expect, test } from 'vitest';
import type { VirtualRouterConfig } from '../config/model.ts';
import type { HandedSocket } from '../threads/engine-messages.ts';
import { StateTable } from '../threads/state-table.ts';
import type { Attachment } from './attachment.ts';
import { Attachments } from './attachments.ts';
import { type Plan, planFor } from './plan.ts';
import { EngineRouter } from './router.ts';
import { SocketFilters } from './socket-filters.ts';
import { configuration, ethernet } from './test/station.ts';
import { VirtualHost } from './test/virtual-host.ts';
import { VirtualTime } from './test/virtual-time.ts';

const ETH0 = ethernet(['192.0.2.1']);
const ETH1 = ethernet(['192.0.2.65'], { name: 'eth1', index: 2, mac: '02:00:00:00:00:02' });

/** The attachments of an engine with a router of each of these, and who was told what. */
function stage(configs: readonly Partial<VirtualRouterConfig>[], host = new VirtualHost(new VirtualTime())) {
  const table = StateTable.allocate(configs.length);
  const routers = configs.map((over, slot) => new EngineRouter(slot, configuration(over), undefined, table));
  const listening = new Set<Attachment>();
  const errors: string[] = [];
  const told: { closed: readonly number[]; opened: readonly HandedSocket[] }[] = [];
  const log = (message: string): number => errors.push(message);
  const attachments = new Attachments(
    {
      attach: (attachment) => listening.add(attachment),
      detach: (attachment) => listening.delete(attachment),
    },
    host,
    new SocketFilters(
      configs.map(() => undefined),
      log,
      () => {},
    ),
    log,
    (closed, opened) => told.push({ closed, opened }),
  );
  const plan = (links = [ETH0]): Plan => planFor(routers, links, () => true);
  /** Follows these links; all of the sockets may be needless. */
  const follow = (links = [ETH0]): readonly string[] => {
    const failed = attachments.follow(routers, plan(links).groups, attachments.keys);
    attachments.tell();
    return failed;
  };
  return { host, routers, listening, errors, told, attachments, plan, follow };
}

test('routers of a family on a link share a socket, and have none once it is gone', () => {
  const { host, routers, listening, told, attachments, follow } = stage([{ vrid: 1 }, { vrid: 2 }]);
  expect(follow()).toEqual([]);
  const [attachment] = attachments.all;
  expect(attachments.all).toHaveLength(1);
  expect(routers.map((router) => router.attachment)).toEqual([attachment, attachment]);
  expect([...listening]).toEqual([attachment]);
  expect(told).toEqual([{ closed: [], opened: [attachment!.handed] }]);

  expect(follow([])).toEqual([]);
  expect(routers.map((router) => router.attachment)).toEqual([undefined, undefined]);
  expect([host.open.size, listening.size, attachments.keys.size]).toEqual([0, 0, 0]);
  expect(told[1]).toEqual({ closed: [attachment!.descriptor], opened: [] });
});

test('a socket that is needed goes on, with the link as it is now; nothing is told', () => {
  const { told, attachments, follow } = stage([{}]);
  follow();
  const [attachment] = attachments.all;
  follow([{ ...ETH0, mtu: 9000 }]);
  expect(attachments.all).toEqual([attachment]);
  expect(attachment!.link.mtu).toBe(9000);
  expect(told).toHaveLength(1);
});

test('what is not stale stays open, whether a group of these needs it or not', () => {
  const { routers, attachments, plan, follow } = stage([{ vrid: 1 }, { vrid: 2, interface: 'eth1' }]);
  follow([ETH0, ETH1]);
  const { groups } = plan([]);
  attachments.follow([routers[0]!], groups, Attachments.keysOf([ETH0.index], [routers[0]!]));
  expect([...attachments.keys]).toEqual(['2/4']);
  expect(routers[0]!.attachment).toBeUndefined();
  expect(routers[1]!.attachment?.link.name).toBe('eth1');
});

test('what may be needless: the sockets of a link, and a raw IP socket of a router wherever its source is', () => {
  const { routers, attachments, follow } = stage([{ peers: ['192.0.2.2'], source: '192.0.2.1' }]);
  follow();
  expect([...attachments.keys].sort()).toEqual(['0/4/192.0.2.1', '1/4/announce']);
  const stale = Attachments.keysOf([1], routers);
  for (const key of attachments.keys) expect(stale).toContain(key);
});

test('a router with peers has two sockets, and announces with that of its own interface', () => {
  const further = [{ family: 4, address: '203.0.113.1', prefixLength: 24, interface: 'eth1' }] as const;
  const { routers, follow } = stage([{ peers: ['192.0.2.2'], further }]);
  follow([ETH0, ETH1]);
  const [router] = routers;
  expect(router!.attachment?.use.kind).toBe('peers');
  expect([router!.announcing?.use.kind, router!.announcing?.link.name]).toEqual(['announce', 'eth0']);
  expect([...router!.announcingOn!.keys()]).toEqual(['eth1']);
  expect(router!.announcingOn?.get('eth1')?.link.name).toBe('eth1');
});

test('a socket that cannot be opened: its interface is wanting, told once until it could be or says another reason', () => {
  const { host, routers, errors, attachments, follow } = stage([{}]);
  host.refuse = 'EMFILE: socket';
  expect(follow()).toEqual(['eth0']);
  expect(follow()).toEqual(['eth0']);
  expect(errors).toEqual(['cannot use interface eth0: EMFILE: socket; trying again']);
  expect(routers[0]!.attachment).toBeUndefined();
  host.refuse = 'ENOBUFS: socket';
  follow();
  expect(errors).toHaveLength(2);
  host.refuse = '';
  expect(follow()).toEqual([]);
  follow([]);
  host.refuse = 'ENOBUFS: socket';
  follow();
  expect(errors).toHaveLength(3);
  expect(attachments.all).toEqual([]);
});

test('one engine’s sockets are used on by the next one; what it has no use for is closed, with what belongs to it', () => {
  const before = stage([{ vrid: 1 }, { vrid: 1, interface: 'eth1' }]);
  before.follow([ETH0, ETH1]);
  const handed = before.attachments.all.map((attachment) => attachment.handed);
  const [kept, left] = handed;
  const after = stage([{ vrid: 1 }], before.host);
  after.attachments.inherit(handed);
  after.follow();
  expect(after.attachments.all.map((attachment) => attachment.handed)).toEqual([kept]);
  expect(after.host.open.has(left!.descriptor)).toBe(true); // somebody else may take it yet
  expect(after.attachments.takeInherited('1/4')).toBeUndefined();
  after.attachments.closeInherited();
  const { descriptor, watch, membership } = kept!;
  expect([...after.host.open.keys()].sort()).toEqual([descriptor, watch, membership].sort());
  after.attachments.closeInherited(); // nothing twice
});

test('a socket that is asked for by its key is the asker’s', () => {
  const { attachments, host } = stage([{}]);
  const descriptor = host.sockets.openPacketSocket(0, 0);
  attachments.inherit([{ descriptor, link: 1, family: 4, ear: true }]);
  expect(attachments.takeInherited('1/ear')?.descriptor).toBe(descriptor);
  attachments.closeInherited();
  expect(host.open.has(descriptor)).toBe(true);
});

test('after somebody else had the sockets the kernel filters for their routers again', () => {
  const { host, routers, attachments, plan, follow } = stage([{ peers: ['192.0.2.2'] }]);
  follow();
  const { descriptor } = routers[0]!.attachment!;
  host.sockets.attachFilter(descriptor, Uint32Array.of(0x06, 0, 0, 0));
  const { groups } = plan();
  attachments.refilter(groups);
  expect(host.open.get(descriptor)!.program).toBeUndefined(); // the group has none
});

test('at the end all of them are closed at once', () => {
  const { host, listening, attachments, follow } = stage([{}, { vrid: 2, interface: 'eth1' }]);
  follow([ETH0, ETH1]);
  attachments.shutdown();
  expect([host.open.size, listening.size, attachments.all]).toEqual([0, 0, []]);
});
