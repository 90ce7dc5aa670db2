/**
 * The hand-over from one engine to the next (docs/architecture.md, "Generations"). The old one goes on until
 * the new one has taken everything in and says `take`; what happens in between is measured.
 */
import type { MessagePort } from 'node:worker_threads';
import type { Link } from '../plugin/contracts/index.ts';
import { CodedError, type ErrorReport, reportOf } from '../shared/errors.ts';
import type { HandedSocket } from '../threads/engine-messages.ts';
import type { PeersKnown } from './router.ts';

/** What a virtual router's plugin exported. */
export interface PluginState {
  /** Package name. */
  readonly plugin: string;
  readonly state: unknown;
}

/** What the old engine has to give. It goes on running. */
export interface Offer {
  readonly links: readonly Link[];
  /** By old slot: what the router's authentication plugin exported, if anything. */
  readonly pluginStates: readonly (PluginState | undefined)[];
}

/** The old engine has let go. */
export interface Estate {
  readonly sockets: readonly HandedSocket[];
  /** By old slot. */
  readonly peers: readonly (PeersKnown | undefined)[];
  /** When it stopped receiving and sending, monotonic ms. */
  readonly since: number;
  /** It is gone, and never let go: what is known of it is of when it made its offer, and it went on after that. */
  readonly died?: true;
}

/** What goes over the port, in this order. */
export type HandoverMessage =
  | { readonly type: 'offer'; readonly offer: Offer }
  /** The old engine cannot hand over, and goes on. */
  | { readonly type: 'refuse'; readonly error: ErrorReport }
  /** The new engine cannot take over: the old one goes on. */
  | { readonly type: 'decline' }
  | { readonly type: 'take' }
  | { readonly type: 'estate'; readonly estate: Estate }
  /** A hand-over that could be revoked cannot be any more: the old engine may end. */
  | { readonly type: 'keep' };

/**
 * The old engine's side: offers, and lets go when asked to.
 * @param offer what there is to give; what it throws is told to the other side, and we go on
 * @param takeBack absent: what was let go is gone. Otherwise it is taken back by this, unless the other side says `keep`
 *   before it is gone
 * @returns whether it has let go
 */
export async function handOver(
  port: MessagePort,
  offer: () => Offer,
  letGo: () => Estate,
  takeBack?: () => void,
): Promise<boolean> {
  try {
    post(port, { type: 'offer', offer: offer() });
  } catch (error) {
    // The plugin's fault, also where its state cannot be cloned (DataCloneError).
    post(port, { type: 'refuse', error: reportOf(error, 'plugin-refused') });
    port.close();
    return false;
  }
  const answer = await receive(port);
  let taken = answer?.type === 'take';
  if (taken) {
    // Before it is told: the answer may be there as soon.
    const kept = takeBack && receive(port);
    post(port, { type: 'estate', estate: letGo() });
    if (kept && (await kept)?.type !== 'keep') {
      takeBack();
      taken = false;
    }
  }
  port.close();
  return taken;
}

/**
 * The new engine's side.
 * @param prepare takes in what is offered
 * @throws what `prepare` throws, after declining; why the running engine refuses
 */
export async function takeOver(port: MessagePort, prepare: (offer: Offer) => void): Promise<Estate> {
  const first = await receive(port);
  if (first?.type === 'refuse')
    throw new CodedError(first.error.code, `the running engine cannot hand over: ${first.error.message}`);
  if (first?.type !== 'offer')
    throw new CodedError('worker-failed', 'the running engine did not offer to hand over');
  try {
    prepare(first.offer);
  } catch (error) {
    post(port, { type: 'decline' });
    port.close();
    throw error;
  }
  post(port, { type: 'take' });
  const second = await receive(port);
  port.close();
  if (second?.type !== 'estate')
    throw new CodedError('worker-failed', 'the running engine ended while it handed over');
  return second.estate;
}

function post(port: MessagePort, message: HandoverMessage): void {
  port.postMessage(message);
}

/** The next message; undefined if the other side is gone. */
function receive(port: MessagePort): Promise<HandoverMessage | undefined> {
  return new Promise((resolve) => {
    const answer = (message?: HandoverMessage): void => {
      port.off('message', answer);
      port.off('close', ended);
      resolve(message);
    };
    const ended = (): void => answer();
    port.on('message', answer);
    port.on('close', ended);
  });
}
