/** Whole networks of virtual routers under virtual time: what must hold whatever the order of events. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Action, type Event, transition, type VirtualRouter } from './machine.ts';
import { State } from './state.ts';

/** ms that a packet is under way. */
const LATENCY = 1;

interface Node {
  router: VirtualRouter;
  /** Decides ties; different for each. */
  readonly address: number;
  /** Nodes of different sides do not hear each other. */
  side: number;
  alive: boolean;
}

/** One LAN with some routers of one VRID. */
class Network {
  now = 0;
  private readonly packets: { at: number; from: Node; priority: number }[] = [];
  /** Master periods, to find out how long nobody or two were Master. */
  readonly nodes: Node[];

  constructor(routers: readonly VirtualRouter[]) {
    this.nodes = routers.map((router, address) => ({ router, address, side: 0, alive: true }));
  }

  send(node: Node, event: Event): void {
    const { state, deadline, masterAdverInterval, actions } = transition(node.router, event, this.now);
    node.router = { ...node.router, state, deadline, masterAdverInterval };
    for (const action of actions) this.act(node, action);
  }

  private act(node: Node, action: Action): void {
    if (action === 'send-advertisement')
      this.packets.push({ at: this.now + LATENCY, from: node, priority: node.router.priority });
    if (action === 'send-priority-zero')
      this.packets.push({ at: this.now + LATENCY, from: node, priority: 0 });
  }

  /** Lets time pass. */
  run(until: number): void {
    for (;;) {
      const packet = this.packets.reduce(
        (first, p) => (first && first.at <= p.at ? first : p),
        this.packets[0],
      );
      const timed = this.nodes
        .filter((n) => n.alive && n.router.deadline > 0)
        .reduce<Node | undefined>(
          (first, n) => (first && first.router.deadline <= n.router.deadline ? first : n),
          undefined,
        );
      const next = Math.min(packet?.at ?? Infinity, timed?.router.deadline ?? Infinity);
      if (next > until) break;
      this.now = next;
      if (packet && packet.at === next) {
        this.packets.splice(this.packets.indexOf(packet), 1);
        this.deliver(packet.from, packet.priority);
      } else {
        this.send(timed!, { type: 'timer' });
      }
    }
    this.now = until;
  }

  private deliver(from: Node, priority: number): void {
    for (const node of this.nodes) {
      if (node === from || !node.alive || node.side !== from.side || node.router.priority === 255) continue;
      const interval = from.router.advertisementInterval;
      this.send(node, {
        type: 'advertisement',
        priority,
        interval,
        addressOrder: from.address - node.address,
      });
    }
  }

  masters(side?: number): Node[] {
    return this.nodes.filter(
      (n) => n.alive && n.router.state === State.Master && (side === undefined || n.side === side),
    );
  }
}

const routers = fc
  .array(fc.record({ priority: fc.integer({ min: 1, max: 254 }), preempt: fc.boolean() }), {
    minLength: 2,
    maxLength: 5,
  })
  .chain((list) => fc.tuple(fc.constantFrom<2 | 3>(2, 3), fc.constant(list)))
  .map(([version, list]) =>
    list.map(
      (r): VirtualRouter => ({
        version,
        ...r,
        advertisementInterval: 1000,
        state: State.Initialize,
        deadline: 0,
        masterAdverInterval: 1000,
      }),
    ),
  );

/** Long enough for any Master_Down_Interval, twice over, and a round of giving way. */
const CONVERGED = 10_000;

test('started together, they converge to one Master, the best of them', () => {
  fc.assert(
    fc.property(routers, (list) => {
      const network = new Network(list);
      for (const node of network.nodes) network.send(node, { type: 'startup' });
      network.run(CONVERGED);
      expect(network.masters()).toHaveLength(1);
      const best = Math.max(...list.map((r) => r.priority));
      // Everyone waits its skew time: the first to become Master has the highest priority.
      expect(network.masters()[0]!.router.priority).toBe(best);
    }),
  );
});

test('a Master that dies is replaced by one Master, within the longest Master_Down_Interval', () => {
  fc.assert(
    fc.property(routers, fc.double({ min: 0, max: 1000, noNaN: true }), (list, moment) => {
      const network = new Network(list);
      for (const node of network.nodes) network.send(node, { type: 'startup' });
      network.run(CONVERGED + moment);
      network.masters()[0]!.alive = false;
      network.run(CONVERGED + moment + 4000 + 2 * LATENCY);
      expect(network.masters().length).toBeGreaterThanOrEqual(1);
      network.run(2 * CONVERGED);
      expect(network.masters()).toHaveLength(1);
    }),
  );
});

test('a shutdown hands over within the skew time', () => {
  fc.assert(
    fc.property(routers, (list) => {
      const network = new Network(list);
      for (const node of network.nodes) network.send(node, { type: 'startup' });
      network.run(CONVERGED);
      const old = network.masters()[0]!;
      network.send(old, { type: 'shutdown' });
      network.run(CONVERGED + 1000 + 2 * LATENCY);
      expect(network.masters().length).toBeGreaterThanOrEqual(1);
      expect(network.masters()).not.toContain(old);
    }),
  );
});

test('split and healed, they end with one Master', () => {
  fc.assert(
    fc.property(routers, fc.array(fc.boolean(), { minLength: 5, maxLength: 5 }), (list, sides) => {
      const network = new Network(list);
      for (const node of network.nodes) network.send(node, { type: 'startup' });
      network.run(CONVERGED);
      network.nodes.forEach((node, i) => {
        node.side = sides[i] ? 1 : 0;
      });
      network.run(2 * CONVERGED);
      for (const side of [0, 1]) {
        const members = network.nodes.filter((n) => n.side === side).length;
        expect(network.masters(side)).toHaveLength(Math.min(members, 1));
      }
      for (const node of network.nodes) node.side = 0;
      network.run(3 * CONVERGED);
      expect(network.masters()).toHaveLength(1);
    }),
  );
});

test('an undisturbed Master stays: later starters of any priority without preemption change nothing', () => {
  fc.assert(
    fc.property(routers, (list) => {
      const network = new Network(list.map((r, i) => (i === 0 ? r : { ...r, preempt: false })));
      network.send(network.nodes[0]!, { type: 'startup' });
      network.run(CONVERGED);
      for (const node of network.nodes.slice(1)) network.send(node, { type: 'startup' });
      network.run(2 * CONVERGED);
      expect(network.masters()).toEqual([network.nodes[0]]);
    }),
  );
});
