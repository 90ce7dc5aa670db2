/** Sends the same frames over and over at a steady rate: other routers' traffic. */
import path from 'node:path';
import { packageRoot } from '../../core/shared/package-root.ts';
import type { Host } from './host.ts';
import type { Running } from './running.ts';

/** A sender of many frames on one interface of a host. */
export class Flood {
  private constructor(private readonly running: Running) {}

  /** Prepares it; nothing is sent before {@link send}. */
  static async prepare(host: Host, interfaceName: string, frames: readonly Buffer[]): Promise<Flood> {
    const root = packageRoot();
    const running = host.start(
      process.execPath,
      [path.join(root, 'scripts/run-ts.mjs'), path.join(root, 'test/lab/flood-main.ts'), interfaceName],
      { input: true },
    );
    running.child.stdin?.write(`${frames.map((frame) => frame.toString('hex')).join(' ')}\n`);
    await running.waitForOutput(/^ready$/m);
    return new Flood(running);
  }

  /**
   * Sends all frames `rounds` times, once every `everyMs`.
   * @returns how many frames have been sent, all of them
   */
  async send(rounds: number, everyMs: number): Promise<number> {
    const before = this.running.stdout.length;
    this.running.child.stdin?.write(`${rounds} ${everyMs}\n`);
    const pattern = new RegExp(`^[^]{${before}}sent (\\d+)`);
    const [, count] = await this.running.waitForOutput(pattern, rounds * everyMs + 10_000);
    return Number(count);
  }
}
