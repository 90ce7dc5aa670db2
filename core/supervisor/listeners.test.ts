import { expect, onTestFinished, test } from 'vitest';
import { Fact } from '../native/tap.ts';
import { type ListenerCalls, Listeners } from './listeners.ts';
import { router } from './test/stage.ts';

/** IGMPv3 of host 02:00:00:00:00:03 about 224.0.0.18: type 4 joins, type 3 leaves. */
function report(kind: 3 | 4): Uint8Array {
  const ip = '46c00028000040000102 0000 0a000003 e0000016 94040000';
  const text = `01005e000016 020000000003 0800 ${ip} 22000000 00000001 0${kind}000000 e0000012`;
  return Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'));
}

/** Sockets without a kernel. */
function stage(links: { index: number; name: string }[], spare = 100) {
  const open = new Map<number, number>();
  const queues = new Map<number, Uint8Array[]>();
  let next = 10;
  const calls: ListenerCalls = {
    openPacketSocket: () => next++,
    attachFilter: () => {},
    joinMulticast: () => {},
    bindPacketSocket: (descriptor, index) => void open.set(descriptor, index),
    closeDescriptor: (descriptor) => void open.delete(descriptor),
    receivePacket: (descriptor, buffer, facts) => {
      const frame = queues.get(open.get(descriptor)!)?.shift();
      if (!frame) return false;
      buffer.set(frame);
      facts[Fact.Length] = frame.length;
      return true;
    },
    interfaces: () => links,
  };
  const routers = [
    router(1),
    router(2),
    router(3, { interface: 'eth1' }),
    router(4, { peers: ['192.0.2.9'] }),
  ];
  const listeners = new Listeners(
    () => routers,
    calls,
    () => spare,
  );
  onTestFinished(() => listeners.close());
  return { listeners, routers, open, queues, links };
}

test('a host that has joined the group on the link of a router, until it leaves', () => {
  const { listeners, routers, open, queues } = stage([
    { index: 1, name: 'eth0' },
    { index: 2, name: 'eth1' },
  ]);
  expect([...open.values()].sort()).toEqual([1, 2]);
  const known = (): boolean[] => routers.map((each) => listeners.hasListener(each));
  expect(known()).toEqual([false, false, false, false]);
  queues.set(1, [report(4)]);
  expect(known()).toEqual([true, true, false, false]);
  queues.set(1, [report(3)]);
  expect(known()).toEqual([false, false, false, false]);
});

test('an interface that goes, comes, or is another one now', () => {
  const { listeners, routers, open, queues, links } = stage([{ index: 1, name: 'eth0' }]);
  queues.set(1, [report(4)]);
  expect(listeners.hasListener(routers[0]!)).toBe(true);
  links.splice(0, 1, { index: 7, name: 'eth0' });
  expect(listeners.hasListener(routers[0]!)).toBe(false);
  expect([...open.values()]).toEqual([7]);
  links.length = 0;
  expect([listeners.hasListener(routers[0]!), open.size]).toEqual([false, 0]);
});

test('descriptors are for virtual routers first', () => {
  const { open } = stage(
    [
      { index: 1, name: 'eth0' },
      { index: 2, name: 'eth1' },
    ],
    1,
  );
  expect(open.size).toBe(1);
});
