/** Random faults for groups of virtual routers, and what must be true after them. */
import fc from 'fast-check';
import { expect } from 'vitest';
import { State } from '../../threads/state-table.ts';
import { MEMBER_KINDS, SyncNet } from './sync-net.ts';

/** Longer than any Master_Down_Interval, several times. */
const REST = 30_000;

const NODES = 4;
const MEMBERS = 4;

const step = fc.record({
  who: fc.nat({ max: NODES - 1 }),
  other: fc.nat({ max: NODES - 1 }),
  on: fc.nat({ max: MEMBERS - 1 }),
  what: fc.constantFrom(
    'unplug',
    'plug',
    'part',
    'join',
    'crash',
    'start',
    'stop',
    'stand',
    'go on',
    'join all',
  ),
  pause: fc.oneof(fc.integer({ min: 0, max: 50 }), fc.integer({ min: 1, max: 6000 })),
});

/** A network, and what happens to it. */
export const syncScenario = fc.record({
  count: fc.integer({ min: 2, max: NODES }),
  kinds: fc.array(fc.nat({ max: MEMBER_KINDS.length - 1 }), { minLength: 2, maxLength: MEMBERS }),
  priorities: fc.array(fc.constantFrom(1, 100, 100, 100, 150, 254), { minLength: NODES, maxLength: NODES }),
  preempt: fc.array(fc.boolean(), { minLength: NODES, maxLength: NODES }),
  hosts: fc.array(fc.shuffledSubarray([1, 2, 3, 4], { minLength: NODES, maxLength: NODES }), {
    minLength: MEMBERS,
    maxLength: MEMBERS,
  }),
  steps: fc.array(step, { maxLength: 14 }),
});
/** See {@link syncScenario}. */
export type SyncScenario = typeof syncScenario extends fc.Arbitrary<infer T> ? T : never;

function build({ count, kinds, priorities, preempt, hosts }: SyncScenario): SyncNet {
  return new SyncNet({
    nodes: Array.from({ length: count }, (_, at) => ({ priority: priorities[at]!, preempt: preempt[at]! })),
    kinds: kinds.map((kind) => MEMBER_KINDS[kind]!),
    hosts,
  }).start();
}

function play(net: SyncNet, { steps, count, kinds }: SyncScenario): void {
  for (const { who, other, on, what, pause } of steps) {
    const node = net.nodes[who % count]!;
    const member = on % kinds.length;
    if (what === 'unplug') node.carrier(member, false);
    else if (what === 'plug') node.carrier(member, true);
    else if (what === 'part') net.part(member, who % count, other % count);
    else if (what === 'join') net.part(member);
    else if (what === 'join all') for (const each of kinds.keys()) net.part(each);
    else if (what === 'crash') node.crash();
    else if (what === 'start') node.start();
    else if (what === 'stop') node.stop();
    else if (node.running && what === 'stand') node.station.host.standing = true;
    else if (node.running && node.station.host.standing) {
      node.station.host.goOn();
      node.follow();
    }
    net.pass(pause);
  }
  for (const node of net.nodes) {
    if (!node.running || !node.station.host.standing) continue;
    node.station.host.goOn();
    node.follow();
  }
}

/** What must be at rest, on the links as they are. */
function judge(net: SyncNet): void {
  const running = net.nodes.filter((node) => node.running);
  for (const node of running) {
    const masters = node.states.filter((state) => state === State.Master).length;
    expect(masters === 0 || masters === node.states.length, `node ${node.index}: ${node.states.join()}`).toBe(
      true,
    );
    if (!node.isFit) expect(masters, `node ${node.index} is not fit`).toBe(0);
  }
  const members = [...net.options.kinds.keys()];
  for (const node of running) {
    const heard = running.filter(
      (other) => other !== node && other.isMaster && members.some((member) => net.hear(member, node, other)),
    );
    if (node.isMaster)
      expect(
        heard.map(({ index }) => index),
        `node ${node.index} is not alone`,
      ).toEqual([]);
    else if (node.isFit)
      expect(heard.length, `node ${node.index} hears nobody and is not Master`).toBeGreaterThan(0);
  }
}

function rest(net: SyncNet): void {
  net.pass(REST);
  net.forget();
  const before = net.nodes.map(({ transitions }) => transitions);
  net.pass(REST);
  expect(net.nodes.map(({ transitions }) => transitions)).toEqual(before);
  judge(net);
  for (const node of net.nodes) expect(node.splits, `node ${node.index}`).toEqual([]);
}

/**
 * Plays it: with the faults that are left at its end, and after all is healed, the network must be at rest, whole.
 * @throws Error if it is not
 */
export function survives(scene: SyncScenario): void {
  const net = build(scene);
  play(net, scene);
  rest(net);
  for (const member of scene.kinds.keys()) {
    net.part(member);
    for (const node of net.nodes) node.carriers[member] = true;
  }
  for (const node of net.nodes) {
    node.start();
    node.follow();
  }
  rest(net);
  const masters = net.masters();
  expect(masters).toHaveLength(1);
  const nodes = net.options.nodes;
  const best = Math.max(...nodes.filter(({ preempt }) => preempt).map(({ priority }) => priority), 0);
  expect(nodes[masters[0]!]!.priority).toBeGreaterThanOrEqual(best);
}
