/**
 * No virtual router runs in two processes of a network namespace: the supervisor's claims on them, which bridge the
 * time between two engines, and what is told of others who want the same.
 */
import { readFileSync } from 'node:fs';
import { routerKey } from '../config/identity.ts';
import type { DaemonConfig } from '../config/model.ts';
import { native } from '../native/index.ts';
import { CodedError } from '../shared/errors.ts';
import { claimantOf, claimedRouter, claimName, RouterClaims } from '../threads/router-claims.ts';
import { instanceFiles } from './instance.ts';
import type { Logger } from './log.ts';

/** Interfaces that came, went or were renamed, and others that want what we have, are looked for this often, in ms. */
const LOOK_INTERVAL = 2000;

type Routers = DaemonConfig['virtualRouters'];

/** See the file's comment. */
export class TwinGuard {
  private readonly claims: RouterClaims;
  /** Names that this thread holds, and the interface of each. */
  private readonly held = new Map<string, string>();
  /** The routers that run, and where their interfaces were at the last look. */
  private running: Routers = [];
  private indices = '';

  constructor(private readonly log: Logger) {
    this.claims = new RouterClaims((reason) => {
      log.warn(`not all virtual routers are guarded against a second rvrrpd on this host: ${reason}`);
    });
  }

  /**
   * Claims what is to run and does not run yet.
   * @throws Error if another process has any of it; then nothing more is claimed than before
   */
  async expect(routers: Routers): Promise<void> {
    const before = new Set(this.running.map(routerKey));
    const indexOf = indexFinder();
    const fresh: string[] = [];
    const taken: { readonly name: string; readonly text: string }[] = [];
    for (const router of routers) {
      const index = indexOf(router.interface);
      if (index === 0 || before.has(routerKey(router))) continue;
      const name = claimName({ index, vrid: router.vrid, family: router.family });
      if (this.held.has(name)) continue;
      if (this.claims.take(name)) {
        this.held.set(name, router.interface);
        fresh.push(name);
      } else taken.push({ name, text: `virtual router ${router.vrid} on ${router.interface}` });
    }
    const [first] = taken;
    if (!first) return;
    for (const name of fresh) this.release(name);
    const more = taken.length > 1 ? ` and ${taken.length - 1} more` : '';
    const others = taken.length > 1 ? 'are' : 'is';
    throw new CodedError(
      'router-taken',
      `${first.text}${more} ${others} run by ${await describeClaimant(first.name)} in this network namespace: ` +
        'only one of the two can have it',
    );
  }

  /** These run from now on, and none else. */
  runs(routers: Routers): void {
    this.running = routers;
    this.indices = '';
    this.follow();
  }

  /** Begins to look after it. */
  watch(): void {
    setInterval(() => {
      this.follow();
      this.tellCallers();
    }, LOOK_INTERVAL).unref();
  }

  /** Claims the running routers where their interfaces are now, as far as nobody else has them. */
  private follow(): void {
    const indexOf = indexFinder();
    const names = [...new Set(this.running.map(({ interface: name }) => name))];
    const indices = names.map((name) => `${name} ${indexOf(name)}`).join();
    if (indices === this.indices) return;
    this.indices = indices;
    const wanted = new Map<string, string>();
    for (const { interface: on, vrid, family } of this.running) {
      const index = indexOf(on);
      if (index > 0) wanted.set(claimName({ index, vrid, family }), on);
    }
    for (const name of this.held.keys()) if (!wanted.has(name)) this.release(name);
    // What another has is the engine's to tell, and to try again.
    for (const [name, on] of wanted) {
      if (this.held.has(name)) continue;
      if (this.claims.take(name)) this.held.set(name, on);
      else this.indices = '';
    }
  }

  private tellCallers(): void {
    for (const { name, pid } of this.claims.callers()) {
      const { vrid } = claimedRouter(name);
      const on = this.held.get(name);
      this.log.error(
        { interface: on, group: vrid, pid },
        `${pid > 0 ? `process ${pid}` : 'another process'} wanted to run virtual router ${vrid} on ${on} too, which this one runs: configure it once only`,
      );
    }
  }

  private release(name: string): void {
    this.claims.release(name);
    this.held.delete(name);
  }
}

/** Finds indices of interfaces, each once. */
function indexFinder(): (name: string) => number {
  const known = new Map<string, number>();
  return (name) => {
    let index = known.get(name);
    if (index === undefined) {
      index = native.interfaceIndex(name);
      known.set(name, index);
    }
    return index;
  };
}

/** Who has a claim: as much as can be found out. */
async function describeClaimant(name: string): Promise<string> {
  const pid = claimantOf(name);
  if (pid === undefined) return 'another rvrrpd';
  const file = (await instanceFiles(readFileSync('/proc/net/unix', 'latin1'))).get(pid);
  return `another rvrrpd, process ${pid}${file === undefined ? '' : ` with ${file}`},`;
}
