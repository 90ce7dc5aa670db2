/** An npm registry of the lab's own: Verdaccio on loopback, which takes what anybody publishes. */
import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import path from 'node:path';
import { promisify } from 'node:util';
import { packageRoot } from '../../core/shared/package-root.ts';
import { npm } from '../../scripts/packages/npm.ts';
import type { Tarball } from '../../scripts/packages/pack.ts';
import { Running } from './running.ts';
import { eventually } from './wait.ts';

const execFileAsync = promisify(execFile);

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

  /** Has it keep a package without npm, which takes a second for each: in the way in which `npm publish` tells it. */
  async keep({ name, version, file }: Pick<Tarball, 'name' | 'version' | 'file'>): Promise<void> {
    const { stdout } = await execFileAsync('tar', ['-xOzf', file, 'package/package.json']);
    const content = readFileSync(file);
    const attachment = `${name}-${version}.tgz`;
    const dist = {
      tarball: `${this.url}${name}/-/${attachment}`,
      integrity: `sha512-${createHash('sha512').update(content).digest('base64')}`,
      shasum: createHash('sha1').update(content).digest('hex'),
    };
    const manifest = { ...(JSON.parse(stdout) as object), _id: `${name}@${version}`, dist };
    const answer = await fetch(`${this.url}${name}`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json', authorization: 'Bearer anybody' },
      body: JSON.stringify({
        ...{ _id: name, name, 'dist-tags': { latest: version }, versions: { [version]: manifest } },
        _attachments: {
          [attachment]: {
            content_type: 'application/octet-stream',
            data: content.toString('base64'),
            length: content.length,
          },
        },
      }),
    });
    if (!answer.ok) throw new Error(`${name}: the registry says ${answer.status} ${await answer.text()}`);
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
