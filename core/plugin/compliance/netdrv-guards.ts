/** Compliance tests for network drivers: guards, which keep the host from taking what is addressed to an address. */
import assert from 'node:assert/strict';
import type { KernelChange, KernelNews } from '../contracts/index.ts';
import { address, DEV, NOBODY, PEER, type Stage, untilLink } from './netdrv-stage.ts';

type Tests = Readonly<Record<string, (stage: Stage) => Promise<void>>>;

/** An address of {@link DEV} of each sort, and another one that nobody guards. */
const CASES = [
  { family: 4, guarded: '10.77.0.1', other: '10.77.0.2' },
  { family: 6, guarded: '2001:db8:77::1', other: '2001:db8:77::2' },
  { family: 6, guarded: 'fe80::77:1', other: 'fe80::77:2' },
] as const;
/** Nobody has it. */
const ABSENT = 'fe80::77:9';

/** How often somebody tries to be answered, and for how long each time, in ms. */
const ATTEMPTS = 2;
const ATTEMPT_MS = 700;
/** How much longer than other news those of guards may take, in ms: nothing may tell of them, and somebody has to look. */
const GUARD_NEWS_MS = 3000;

function guard(op: 'add-guard' | 'remove-guard', text: string, on = DEV): KernelChange {
  return { op, interface: on, family: text.includes(':') ? 6 : 4, address: text };
}

/**
 * A shell command that connects to a port that nobody has: who gets the packet refuses. It ends with 0 if that is so,
 * with 3 if nothing comes back.
 */
function connecting(address: string): string {
  const script = `require("node:net").connect({ host: "${address}", port: 9 })
    .on("error", ({ code }) => process.exit(code === "ECONNREFUSED" ? 0 : 4));
    setTimeout(() => process.exit(3), ${ATTEMPT_MS})`;
  return `'${process.execPath}' -e '${script}'`;
}

/** Somebody at the other end of the cable, in a network namespace of their own. */
class Neighbour {
  private constructor(
    private readonly stage: Stage,
    private readonly pid: number,
  ) {}

  /** Moves {@link PEER} there for as long as the body takes. */
  static async with(stage: Stage, body: (neighbour: Neighbour) => Promise<void>): Promise<void> {
    const pid = Number(stage.run('unshare --net sleep 600 </dev/null >/dev/null 2>&1 & echo $!'));
    const neighbour = new Neighbour(stage, pid);
    try {
      const apart = `test "$(readlink /proc/${pid}/ns/net)" != "$(readlink /proc/self/ns/net)"`;
      stage.run(`for i in $(seq 200); do ${apart} && break; sleep 0.05; done; ${apart}
        ip link set ${PEER} netns ${pid}`);
      neighbour.run(`ip link set ${PEER} addrgenmode none 2>/dev/null || true; ip link set ${PEER} up
        ip addr add 10.77.0.20/24 dev ${PEER}; ip -6 addr add 2001:db8:77::20/64 dev ${PEER} nodad
        ip -6 addr add fe80::77:20/64 dev ${PEER} nodad`);
      stage.run(untilLink('state UP', DEV));
      neighbour.run(untilLink('state UP', PEER));
      await body(neighbour);
    } finally {
      // Back before its namespace goes: an interface goes with it, and so would the cable's other end.
      stage.run(
        `nsenter --net=/proc/${pid}/ns/net ip link set ${PEER} netns $$ || true; kill ${pid} || true`,
      );
    }
  }

  /** Whether the host takes what is sent to an address of it from here. */
  reaches(address: string): boolean {
    const to = address.startsWith('fe80') ? `${address}%${PEER}` : address;
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      if (this.ends(connecting(to))) return true;
    }
    return false;
  }

  /** Whether the address's MAC has been told on being asked for. */
  knows(address: string): boolean {
    return / lladdr /.test(this.run(`ip neigh show to ${address} dev ${PEER}`));
  }

  /** Forgets where the address is: it has to be asked for again. */
  forget(address: string): void {
    this.run(`ip neigh flush to ${address} dev ${PEER}`);
  }

  private ends(command: string): boolean {
    return /^0\b/m.test(this.run(`${command} && echo 0 || echo $?`));
  }

  private run(command: string): string {
    return this.stage.run(
      `nsenter --net=/proc/${this.pid}/ns/net sh -ec '${command.replaceAll("'", "'\\''")}'`,
    );
  }
}

/** Gives {@link DEV} what is guarded and what is not. */
function prepare(stage: Stage): void {
  for (const { family, guarded, other } of CASES) {
    for (const address of [guarded, other]) {
      stage.run(
        `ip -${family} addr add ${address}/${family === 4 ? '32' : '64'} dev ${DEV} ${family === 4 ? '' : 'nodad'}`,
      );
    }
  }
}

/** What is not provided, or not by this kernel, must be refused and not half done. @returns whether it is */
async function refuses(stage: Stage): Promise<boolean> {
  const lacking = await stage.driver.lacks?.('address-guard');
  if (stage.provides('address-guard') && lacking === undefined) return false;
  const before = stage.state();
  const changes = CASES.map(({ guarded }) => guard('add-guard', guarded));
  assert.ok(!(await stage.apply(...changes)).includes(null), 'refused, as it is not provided');
  assert.equal(stage.state(), before);
  return true;
}

/** A test of drivers that have guards. They are nobody's interface's, and would stay if it failed. */
function ofGuards(body: (stage: Stage) => Promise<void>): (stage: Stage) => Promise<void> {
  return async (stage) => {
    try {
      if (!(await refuses(stage))) await body(stage);
    } finally {
      const addresses = [...CASES.flatMap(({ guarded, other }) => [guarded, other]), ABSENT];
      const all = addresses.flatMap((address) => [DEV, PEER, NOBODY].map((on) => [address, on] as const));
      await stage.driver.apply(all.map(([address, on]) => guard('remove-guard', address, on)));
    }
  };
}

/** By name. */
export const GUARD_TESTS: Tests = {
  ...Object.fromEntries(
    CASES.map(({ guarded, other }) => [
      `guards ${guarded} from what comes from outside and from nothing else, if it says so`,
      ofGuards(async (stage) => {
        prepare(stage);
        await Neighbour.with(stage, async (neighbour) => {
          const before = stage.state();
          assert.ok(neighbour.reaches(guarded), 'without a guard it is reached');
          await stage.must(guard('add-guard', guarded));
          neighbour.forget(guarded);
          assert.ok(!neighbour.reaches(guarded), 'a guarded address is not reached');
          assert.ok(neighbour.knows(guarded), 'its MAC is told');
          assert.ok(neighbour.reaches(other), 'another address of the interface is reached');
          stage.run(connecting(guarded.startsWith('fe80') ? `${guarded}%${DEV}` : guarded)); // the host itself
          await stage.must(guard('remove-guard', guarded));
          assert.ok(neighbour.reaches(guarded), 'without the guard it is reached again');
          assert.equal(stage.state(), before);
        });
      }),
    ]),
  ),

  'tells EEXIST of a guard that is there, and ENOENT of one that is not': ofGuards(async (stage) => {
    for (const { guarded, other } of CASES) {
      const [add, remove] = [guard('add-guard', guarded), guard('remove-guard', guarded)];
      assert.deepEqual(await stage.apply(remove, add, add, guard('remove-guard', other), remove, remove), [
        ...['ENOENT', null, 'EEXIST', 'ENOENT', null, 'ENOENT'],
      ]);
    }
  }),

  'takes back a guard without touching those of other addresses and interfaces': ofGuards(async (stage) => {
    prepare(stage);
    await Neighbour.with(stage, async (neighbour) => {
      const [, routed, { guarded, other }] = CASES;
      const all = [[guarded], [other], [guarded, NOBODY], [routed.guarded]] as const;
      await stage.must(...all.map(([address, on]) => guard('add-guard', address, on)));
      await stage.must(guard('remove-guard', other), guard('remove-guard', guarded, NOBODY));
      assert.ok(neighbour.reaches(other));
      assert.ok(!neighbour.reaches(guarded));
      assert.ok(!neighbour.reaches(routed.guarded));
      await stage.must(guard('remove-guard', guarded), guard('remove-guard', routed.guarded));
      assert.ok(neighbour.reaches(guarded));
    });
  }),

  'guards what is not there yet: the address, the interface': ofGuards(async (stage) => {
    for (const { guarded } of CASES) await stage.must(guard('add-guard', guarded));
    await stage.must(guard('add-guard', ABSENT, NOBODY), guard('remove-guard', ABSENT, NOBODY));
    await Neighbour.with(stage, async (neighbour) => {
      prepare(stage);
      for (const { guarded, other } of CASES) {
        assert.ok(!neighbour.reaches(guarded), guarded);
        assert.ok(neighbour.reaches(other), other);
      }
    });
  }),

  'tells EINVAL of a guard for what is no address': ofGuards(async (stage) => {
    const wrong = ['nonsense', '10.77.0', '10.77.0.256', '2001:db8::1::2', ''];
    const other: KernelChange = { op: 'add-guard', interface: DEV, family: 6, address: '10.77.0.1' };
    const changes = [...wrong.map((address) => guard('add-guard', address)), other];
    assert.deepEqual(
      await stage.apply(...changes),
      changes.map(() => 'EINVAL'),
    );
  }),

  'works through a batch in order that has guards in it': ofGuards(async (stage) => {
    const before = stage.state();
    const { guarded } = CASES[0];
    const [add, remove] = [guard('add-guard', guarded), guard('remove-guard', guarded)];
    const label = { label: `${DEV}:7` };
    const [there, gone] = (['add-address', 'remove-address'] as const).map((op) =>
      address(op, guarded, label),
    );
    assert.deepEqual(await stage.apply(add, there!, add, there!, remove, gone!, remove), [
      ...[null, null, 'EEXIST', 'EEXIST', null, null, 'ENOENT'],
    ]);
    assert.equal(stage.state(), before);
  }),

  'tells that guards may have gone when somebody else has taken one away': ofGuards(async (stage) => {
    const told: KernelNews[] = [];
    stage.driver.watch((news) => told.push(...news));
    const { guarded } = CASES[0];
    await stage.must(guard('add-guard', guarded));
    const somebody = stage.another();
    try {
      assert.deepEqual(await somebody.apply([guard('remove-guard', guarded)]), [null]);
    } finally {
      somebody.close();
    }
    const isTold = ({ type }: KernelNews) => type === 'guard' || type === 'overrun';
    await stage.soon('a guard that is gone', () => told.some(isTold), GUARD_NEWS_MS);
    await stage.must(guard('add-guard', guarded), guard('remove-guard', guarded));
  }),
};
