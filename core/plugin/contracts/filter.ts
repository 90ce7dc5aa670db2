/** Kind `filter`. */
import type { AddressFamily } from '../../vrrp/family.ts';
import type { PluginContext } from './context.ts';

/** Kind `filter`: the kernel program that keeps packets which are not ours from waking the engine. */
export interface FilterPlugin {
  readonly kind: 'filter';
  create(context: PluginContext): SocketFilter;
}

/** Builds a socket filter. Runs in the engine, when an interface's set of virtual routers changes. */
export interface SocketFilter {
  /** The classic BPF program (Linux `struct sock_filter`) of a packet socket that sees Ethernet frames. */
  program(wanted: FilterSpec): readonly BpfInstruction[];
}

/**
 * What a socket filter must let through, whole: VRRP (IP protocol 112) of one family and these VRIDs. What is
 * wrong with an advertisement is not its business: the engine counts that by reason. Frames for another host or
 * another VLAN must not pass: the kernel marks both PACKET_OTHERHOST (`SKF_AD_PKTTYPE`).
 */
export interface FilterSpec {
  readonly family: AddressFamily;
  /** Ascending, without duplicates. */
  readonly vrids: readonly number[];
}

/** One classic BPF instruction, as in `struct sock_filter` (Linux Documentation/networking/filter). */
export interface BpfInstruction {
  readonly code: number;
  readonly jt: number;
  readonly jf: number;
  readonly k: number;
}
