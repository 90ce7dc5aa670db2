import { MessageChannel } from 'node:worker_threads';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Estate, handOver, type Offer, takeOver } from './handover.ts';

const ESTATE: Estate = {
  sockets: [{ descriptor: 7, link: 2, family: 4 }],
  peers: [undefined],
  since: 1234.5,
};
const OFFER: Offer = { links: [], pluginStates: [{ plugin: 'rvrrpd-plugin-x', state: { count: 3 } }] };

let channel: MessageChannel;
beforeEach(() => {
  channel = new MessageChannel();
});
afterEach(() => {
  channel.port1.close();
  channel.port2.close();
});

/** Whether the old engine has let go, and what the new one got or complained of. */
async function play(offer: () => Offer, prepare: (offer: Offer) => void) {
  let gone = false;
  const letGo = (): Estate => {
    gone = true;
    return ESTATE;
  };
  const [handed, taken] = await Promise.all([
    handOver(channel.port1, offer, letGo),
    takeOver(channel.port2, prepare).catch((error: Error) => error.message),
  ]);
  expect(handed).toBe(gone);
  return { gone, taken };
}

test('the new engine takes in what is offered before the old one lets go', async () => {
  let offered: Offer | undefined;
  const outcome = await play(
    () => OFFER,
    (offer) => {
      offered = offer;
    },
  );
  expect(outcome).toEqual({ gone: true, taken: ESTATE });
  expect(offered).toEqual(OFFER);
});

test('the old engine goes on when the new one cannot take in what is offered', async () => {
  const outcome = await play(
    () => OFFER,
    () => {
      throw new Error('wrong state');
    },
  );
  expect(outcome).toEqual({ gone: false, taken: 'wrong state' });
});

test('the old engine goes on, and says why, when it has nothing to offer', async () => {
  const outcome = await play(
    () => {
      throw new Error('exportState failed');
    },
    () => {},
  );
  expect(outcome).toEqual({
    gone: false,
    taken: 'the running engine cannot hand over: exportState failed',
  });
});

test('so it does when a plugin exports what cannot be cloned', async () => {
  const state = (): void => {};
  const { gone, taken } = await play(
    () => ({ links: [], pluginStates: [{ plugin: 'rvrrpd-plugin-x', state }] }),
    () => {},
  );
  expect(gone).toBe(false);
  expect(taken).toMatch(/cannot hand over: .*could not be cloned/);
});

test('the old engine goes on when the new one is gone without a word', async () => {
  const handed = handOver(
    channel.port1,
    () => OFFER,
    () => ESTATE,
  );
  channel.port2.close();
  expect(await handed).toBe(false);
});

test('the new engine fails when the old one is gone without a word', async () => {
  const taken = takeOver(channel.port2, () => {});
  channel.port1.close();
  await expect(taken).rejects.toThrow('did not offer to hand over');
});

test.each(['keep', 'gone'] as const)(
  'what was let go can be taken back until the other side keeps it: %s',
  async (last) => {
    const did: string[] = [];
    const handed = handOver(
      channel.port1,
      () => OFFER,
      () => {
        did.push('let go');
        return ESTATE;
      },
      () => void did.push('took back'),
    );
    const estate = await new Promise<unknown>((resolve) => {
      channel.port2.on('message', ({ type }: { type: string }) => {
        if (type === 'offer') channel.port2.postMessage({ type: 'take' });
        else resolve(type);
      });
    });
    expect(estate).toBe('estate');
    if (last === 'keep') channel.port2.postMessage({ type: 'keep' });
    else channel.port2.close();
    expect(await handed).toBe(last === 'keep');
    expect(did).toEqual(last === 'keep' ? ['let go'] : ['let go', 'took back']);
  },
);
