/** Compliance tests for network drivers: news, and the end. */
import assert from 'node:assert/strict';
import type { KernelNews } from '../contracts/index.ts';
import { address, DEV, type Stage, untilLink } from './netdrv-stage.ts';

type Tests = Readonly<Record<string, (stage: Stage) => Promise<void>>>;

/** Starts to listen. @returns what was told, which grows */
async function listen(stage: Stage): Promise<KernelNews[]> {
  const told: KernelNews[] = [];
  stage.driver.watch((news) => {
    assert.ok(news.length > 0, 'no news is not told');
    told.push(...news);
  });
  // A driver in another process listens once it has answered what it was asked after that.
  await stage.driver.links();
  return told;
}

const indexOf = (stage: Stage, name: string) => Number(stage.run(`cat /sys/class/net/${name}/ifindex`));

/** Waits until a piece of news has come; an overrun stands for any. */
function awaitNews(stage: Stage, told: readonly KernelNews[], what: string, wanted: KernelNews) {
  const text = JSON.stringify(wanted);
  return stage
    .soon(
      what,
      () => told.some((each) => each.type === 'overrun' || sorted(each) === sorted(wanted)) || undefined,
    )
    .catch((error: Error) => {
      throw new assert.AssertionError({ message: `${error.message}: ${text}` });
    });
}

function sorted(news: KernelNews): string {
  return JSON.stringify(Object.entries(news).sort());
}

/** By name. */
export const NEWS_TESTS: Tests = {
  'tells of addresses that come and go, whoever changes them': async (stage) => {
    const told = await listen(stage);
    const index = indexOf(stage, DEV);
    const news = (text: string, gone: boolean): KernelNews => ({
      type: 'address',
      index,
      address: text,
      gone,
    });
    stage.run(`ip addr add 10.77.0.2/24 dev ${DEV}; ip -6 addr add 2001:db8::2/64 dev ${DEV} nodad`);
    await stage.must(address('add-address', '10.77.0.1', { label: `${DEV}:7` }));
    await awaitNews(stage, told, 'added by somebody else', news('10.77.0.2', false));
    await awaitNews(stage, told, 'added by somebody else', news('2001:db8::2', false));
    await awaitNews(stage, told, 'added by the driver', news('10.77.0.1', false));
    stage.run(`ip addr del 10.77.0.1/32 dev ${DEV}; ip -6 addr del 2001:db8::2/64 dev ${DEV}`);
    await awaitNews(stage, told, 'removed by somebody else', news('10.77.0.1', true));
    await awaitNews(stage, told, 'removed by somebody else', news('2001:db8::2', true));
  },

  'tells of links that come, change and go': async (stage) => {
    const told = await listen(stage);
    const news = (name: string, index: number, gone = false): KernelNews => ({
      type: 'link',
      index,
      name,
      gone,
    });
    stage.run('ip link add rvc4 type dummy 2>/dev/null || ip link add rvc4 type veth peer name rvc5');
    const index = indexOf(stage, 'rvc4');
    try {
      await awaitNews(stage, told, 'a new link', news('rvc4', index));
    } finally {
      stage.run('ip link del rvc4');
    }
    await awaitNews(stage, told, 'a link that is gone', news('rvc4', index, true));
    for (const change of ['down', 'up', 'address 02:00:00:00:00:77', 'mtu 1400']) {
      // What precedes may be told late, the change itself must be told after it was made.
      await new Promise((resolve) => setTimeout(resolve, 700));
      told.length = 0;
      stage.run(`ip link set ${DEV} ${change}`);
      await awaitNews(stage, told, `link set ${change}`, news(DEV, indexOf(stage, DEV)));
    }
  },

  'tells of a carrier that is lost': async (stage) => {
    const told = await listen(stage);
    // The kernel takes its time to notice (net/core/link_watch.c: a second, and longer on a busy machine).
    stage.run(`ip link set rvc1 down; ${untilLink('state \\(LOWERLAYER\\)\\?DOWN', DEV)}`);
    await awaitNews(stage, told, 'no carrier', {
      type: 'link',
      index: indexOf(stage, DEV),
      name: DEV,
      gone: false,
    });
  },

  'tells nobody after the end, and ends twice': async (stage) => {
    const told = await listen(stage);
    stage.run(`ip addr add 10.77.0.2/24 dev ${DEV}`);
    await stage.soon('the first news', () => told.length > 0);
    stage.driver.close();
    stage.driver.close();
    const before = told.length;
    stage.run(`ip addr add 10.77.0.3/24 dev ${DEV}`);
    await new Promise((resolve) => setTimeout(resolve, 1200));
    assert.equal(told.length, before);
  },
};
