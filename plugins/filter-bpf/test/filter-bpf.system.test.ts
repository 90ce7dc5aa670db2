/** The filter in the kernel, over veth, and beside what tcpdump makes of the same wish. */
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import type { BpfInstruction, FrameFields } from 'rvrrpd/plugin';
import { runProgram, vrrpFrame } from 'rvrrpd/plugin';
import { expect, it } from 'vitest';
import { packageRoot } from '../../../core/shared/package-root.ts';
import { Injector } from '../../../test/lab/injector.ts';
import { withLab } from '../../../test/lab/lab.ts';
import { describeSystem } from '../../../test/lab/requirements.ts';
import type { Running } from '../../../test/lab/running.ts';
import { eventually, sleep } from '../../../test/lab/wait.ts';
import plugin from '../src/index.ts';

const filter = plugin.create({ name: 'bpf', options: {}, log: () => {} });
const tag = (tci: number) => ({ tag: { tpid: 0x8100, tci } });

/** What arrives at an interface where VRID 7 is configured, and whether it may pass. */
const FRAMES: readonly (readonly [what: string, family: 4 | 6, passes: boolean, fields: FrameFields])[] = [
  ['an advertisement', 4, true, {}],
  ['with IPv4 options', 4, true, { options: new Uint8Array(8).fill(8) }],
  ['with TTL 1', 4, true, { ttl: 1 }],
  ['of VRRP version 3', 4, true, { version: 3 }],
  ['with 255 addresses', 4, true, { addresses: 255 }],
  ['of another VRID', 4, false, { vrid: 8 }],
  ['of another VRID, IPv4 options like ours', 4, false, { vrid: 8, options: new Uint8Array(8).fill(7) }],
  ['another protocol', 4, false, { protocol: 51 }],
  ['a first fragment', 4, true, { fragment: 0x2000 }],
  ['a later fragment', 4, false, { fragment: 0x0001 }],
  ['of a VLAN that is not configured', 4, false, tag(5)],
  ['another VRID of that VLAN', 4, false, { vrid: 8, ...tag(5) }],
  ['priority-tagged, VLAN 0: the same as without a tag', 4, true, tag(0xe000)],
  ['IPv6', 6, true, {}],
  ['IPv6 of another VRID', 6, false, { vrid: 8 }],
  ['IPv6, another next header', 6, false, { protocol: 58 }],
  ['IPv6 of a VLAN that is not configured', 6, false, tag(5)],
];

/** Two hosts on one cable; the frames that `left` gets under a filter for `wanted`. */
async function attached(
  family: 4 | 6,
  wanted: string,
  body: (stage: {
    injector: Injector;
    receiver: Running;
    frames(): string[];
    wakeUps(): number;
  }) => Promise<void>,
): Promise<void> {
  await withLab(async (lab) => {
    const [left, right] = await Promise.all([lab.host('left'), lab.host('right')]);
    await lab.cable(left, { interface: 'lan' }, right, { interface: 'lan' });
    const root = packageRoot();
    const receiver = left.start(
      process.execPath,
      [
        ...[
          path.join(root, 'scripts/run-ts.mjs'),
          path.join(root, 'plugins/filter-bpf/test/attached-main.ts'),
        ],
        ...['lan', String(family), wanted],
      ],
      { input: true },
    );
    await receiver.waitForOutput(/^ready$/m);
    const injector = await Injector.start(right, 'lan');
    await body({
      injector,
      receiver,
      frames: () => receiver.stdout.match(/^\*?[0-9a-f]{20,}$/gm) ?? [],
      wakeUps: () => receiver.stdout.match(/^woken$/gm)?.length ?? 0,
    });
  });
}

/** On the wire with its VLAN tag, handed on by the kernel without. */
function sentAndReceived([, family, , fields]: (typeof FRAMES)[number]): readonly [Buffer, string] {
  const { tag: _, ...untagged } = fields;
  const received = Buffer.from(vrrpFrame(family, { vrid: 7, ...untagged })).toString('hex');
  return [Buffer.from(vrrpFrame(family, { vrid: 7, ...fields })), received];
}

describeSystem('the filter in the kernel', () => {
  for (const family of [4, 6] as const) {
    it.concurrent(`IPv${family}: lets through what is ours and wakes for nothing else`, () =>
      attached(family, '7', async ({ injector, frames, wakeUps }) => {
        const expected: string[] = [];
        for (const frame of FRAMES) {
          const [what, itsFamily, passes] = frame;
          const [sent, received] = sentAndReceived(frame);
          const before = wakeUps();
          await injector.send(sent);
          if (passes && itsFamily === family) {
            expected.push(received);
            await eventually(`"${what}" to arrive`, 2000, () => frames().length === expected.length, 5);
          } else {
            await sleep(50);
            expect(wakeUps(), `wake-ups after "${what}"`).toBe(before);
          }
          expect(frames(), what).toEqual(expected);
        }
      }));
  }

  it.concurrent('without a filter everything arrives, what is foreign is marked', () =>
    attached(4, 'none', async ({ injector, frames }) => {
      const sent = FRAMES.filter(([, family]) => family === 4);
      await injector.send(...sent.map((frame) => sentAndReceived(frame)[0]));
      const expected = sent.map((frame) => {
        const isForeign = frame[3].tag?.tci === 5;
        return `${isForeign ? '*' : ''}${sentAndReceived(frame)[1]}`;
      });
      await eventually('all frames', 2000, () => frames().length === expected.length);
      expect(frames()).toEqual(expected);
    }));

  it.concurrent('a swap loses nothing, and holds for what comes after it', () =>
    attached(4, '7', async ({ injector, receiver, frames }) => {
      const [seven, nine] = [7, 9].map((vrid) => Buffer.from(vrrpFrame(4, { vrid }))) as [Buffer, Buffer];
      const swaps = 200;
      let swapped = 0;
      const flood = (async () => {
        for (let i = 0; i < 40; i++) await injector.send(...new Array<Buffer>(50).fill(seven));
      })();
      for (; swapped < swaps; swapped++) {
        receiver.child.stdin?.write(swapped % 2 === 0 ? '7,9\n' : '7\n');
        if (swapped % 10 === 0) await sleep(10);
      }
      await flood;
      await eventually('the swaps', 5000, () => receiver.stdout.match(/^swapped$/gm)?.length === swaps);
      await eventually('every frame', 5000, () => frames().length === 2000);
      await injector.send(nine);
      receiver.child.stdin?.write('7,9\n');
      await eventually(
        'one more swap',
        5000,
        () => receiver.stdout.match(/^swapped$/gm)?.length === swaps + 1,
      );
      await injector.send(nine);
      await eventually('the other VRID', 2000, () => frames().length === 2001);
      expect(frames().at(-1)).toBe(nine.toString('hex'));
    }));
});

/** What tcpdump compiles an expression to (man 7 pcap-filter), for Ethernet. */
function compiled(expression: string): BpfInstruction[] {
  const text = execFileSync('tcpdump', ['-ddd', '-y', 'EN10MB', expression], { encoding: 'utf8' });
  const [, ...lines] = text.trim().split('\n');
  return lines.map((line) => {
    const [code, jt, jf, k] = line.split(' ').map(Number) as [number, number, number, number];
    return { code, jt, jf, k };
  });
}

describeSystem('the filter beside tcpdump', () => {
  /** The frames above for some VRIDs, cut at every length. Tags are in the frame, as tcpdump sees them. */
  const corpus = FRAMES.flatMap(([, family, , fields]) =>
    [0, 7, 8, 255].flatMap((vrid) => {
      const frame = vrrpFrame(family, { ...fields, vrid });
      return Array.from({ length: Math.min(frame.length, 90) }, (_, length) => frame.subarray(0, length + 1));
    }),
  );

  /** The same wish in tcpdump's language. `ip6 proto` would follow a fragment header, which VRRP never has. */
  const wish = (family: 4 | 6, vrid: number): string =>
    family === 4
      ? `ip proto 112 and ip[6:2] & 0x1fff = 0 and (ip[2:2] < ((ip[0] & 15) << 2) + 2
          or len < ((ip[0] & 15) << 2) + 16 or ip[((ip[0] & 15) << 2) + 1] = ${vrid})`
      : `ip6[6] = 112 and (len < 56 or ip6[41] = ${vrid})`;

  it('says the same of every frame', () => {
    for (const family of [4, 6] as const) {
      for (const vrid of [0, 7, 255]) {
        const theirs = compiled(wish(family, vrid));
        const ours = filter.program({ family, vrids: [vrid] });
        let passed = 0;
        for (const frame of corpus) {
          const verdict = runProgram(ours, frame) > 0;
          expect(verdict, Buffer.from(frame).toString('hex')).toBe(runProgram(theirs, frame) > 0);
          if (verdict) passed++;
        }
        expect(passed).toBeGreaterThan(10);
      }
    }
  });

  it('makes the same first steps', () => {
    const steps = (program: readonly BpfInstruction[]) =>
      program.map(({ code, k }) => `${code} ${k}`).join(', ');
    for (const [family, expression] of [
      [4, 'ip proto 112'],
      [6, 'ip6 proto 112'],
    ] as const) {
      const theirs = compiled(expression).slice(0, 4); // ldh, jeq the EtherType; ldb, jeq the protocol
      expect(steps(filter.program({ family, vrids: [7] }))).toContain(steps(theirs));
    }
  });

  it('runs on a machine that agrees with tcpdump', () =>
    withLab(async (lab) => {
      const file = path.join(lab.folder, 'corpus.pcap');
      const header = Buffer.alloc(24);
      header.writeUInt32LE(0xa1b2c3d4, 0);
      header.writeUInt16LE(2, 4);
      header.writeUInt16LE(4, 6);
      header.writeUInt32LE(65535, 16);
      header.writeUInt32LE(1, 20); // DLT_EN10MB
      const records = corpus.map((frame, number) => {
        const record = Buffer.alloc(16);
        record.writeUInt32LE(number, 0); // the time tells which one it is
        record.writeUInt32LE(frame.length, 8);
        record.writeUInt32LE(frame.length, 12);
        return Buffer.concat([record, frame]);
      });
      writeFileSync(file, Buffer.concat([header, ...records]));
      for (const expression of [
        wish(4, 7),
        wish(6, 7),
        'ip proto 112',
        'vlan 5',
        'ip[8] > 100 or len < 30',
      ]) {
        const said = execFileSync('tcpdump', ['-r', file, '-tt', '-n', expression], {
          encoding: 'utf8',
          stdio: ['ignore', 'pipe', 'ignore'],
        });
        const theirs = [...said.matchAll(/^(\d+)\.\d{6} /gm)].map(([, seconds]) => Number(seconds));
        const program = compiled(expression);
        const ours = corpus.flatMap((frame, number) => (runProgram(program, frame) > 0 ? [number] : []));
        expect(ours, expression).toEqual(theirs);
        expect(ours.length, expression).toBeGreaterThan(10);
      }
    }));
});
