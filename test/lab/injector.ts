/** Sends Ethernet frames of any content from a host: what no correct router would send. */
import path from 'node:path';
import { packageRoot } from '../../core/shared/package-root.ts';
import type { Host } from './host.ts';
import type { Running } from './running.ts';
import { eventually } from './wait.ts';

/** Sends frames on one interface of a host. */
export class Injector {
  private sent = 0;

  private constructor(private readonly running: Running) {}

  /** Starts it; it can send when this resolves. */
  static async start(host: Host, interfaceName: string): Promise<Injector> {
    const root = packageRoot();
    const running = host.start(
      process.execPath,
      [path.join(root, 'scripts/run-ts.mjs'), path.join(root, 'test/lab/inject-main.ts'), interfaceName],
      { input: true },
    );
    await running.waitForOutput(/^ready$/m);
    return new Injector(running);
  }

  /** Sends frames in this order; they are on the wire when this resolves. */
  async send(...frames: readonly Buffer[]): Promise<void> {
    this.sent += frames.length;
    this.running.child.stdin?.write(frames.map((frame) => `${frame.toString('hex')}\n`).join(''));
    await eventually('frames to be sent', 20_000, () => {
      if (this.running.exit) throw new Error(this.running.output);
      return (this.running.stdout.match(/^sent$/gm) ?? []).length >= this.sent;
    });
  }
}
