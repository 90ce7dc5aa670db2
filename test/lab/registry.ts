/** An npm registry of the lab's own: Verdaccio on loopback, which takes what anybody publishes. */
import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { packageRoot } from '../../core/shared/package-root.ts';
import { npm } from '../../scripts/packages/npm.ts';
import { Running } from './running.ts';
import { eventually } from './wait.ts';

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** A registry that runs. */
export class Registry {
  private constructor(
    readonly url: string,
    private readonly running: Running,
  ) {}

  /** Starts it. What is not published here comes from where npm is configured to install from. @param folder is made */
  static async start(folder: string): Promise<Registry> {
    mkdirSync(folder, { recursive: true });
    const url = `http://127.0.0.1:${await freePort()}/`;
    const upstream = (await npm(['config', 'get', 'registry'])).trim();
    const ours = { access: '$all', publish: '$all', unpublish: '$all' };
    const configuration = {
      storage: path.join(folder, 'storage'),
      auth: { htpasswd: { file: path.join(folder, 'htpasswd'), max_users: -1 } },
      uplinks: { upstream: { url: upstream, timeout: '60s', max_fails: 100 } },
      packages: { 'rvrrpd*': ours, '**': { access: '$all', proxy: 'upstream' } },
      log: { type: 'stdout', format: 'json', level: 'warn' },
    };
    const file = path.join(folder, 'config.yaml');
    writeFileSync(file, JSON.stringify(configuration)); // JSON is YAML
    const command = path.join(packageRoot(), 'node_modules/verdaccio/bin/verdaccio');
    const child = spawn(process.execPath, [command, '--config', file, '--listen', url], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, HOME: folder },
    });
    const running = new Running('verdaccio', child);
    try {
      await eventually('the registry', 60_000, async () => (await fetch(`${url}-/ping`)).ok);
    } catch (error) {
      running.signal('SIGKILL');
      throw new Error(`Verdaccio does not answer:\n${running.output}`, { cause: error });
    }
    return new Registry(url, running);
  }

  /** What it complained of so far, for messages. */
  get output(): string {
    return this.running.output;
  }

  async stop(): Promise<void> {
    this.running.signal('SIGKILL');
    await this.running.exited;
  }
}
