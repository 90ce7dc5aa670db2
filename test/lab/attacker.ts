/** Connections that do what no proper client would, from within a host of the lab. */
import path from 'node:path';
import { packageRoot } from '../../core/shared/package-root.ts';
import type { Host } from './host.ts';
import type { Running } from './running.ts';
import { eventually } from './wait.ts';

/** File descriptors of the attacker. */
const DESCRIPTORS = 20_000;

/** ms until the connections of an attack that are still open are closed. When the other side has ended all, it is over. */
export const PATIENCE = 60_000;

/** What each of many connections does. */
export interface Attack {
  /** Default 1. */
  readonly connections?: number;
  /** Addresses that they come from, in turn. */
  readonly from: readonly string[];
  readonly to: { readonly host: string; readonly port: number };
  /** They make a TLS handshake. */
  readonly tls?: boolean;
  /** What they send as soon as they are open, in base64, in turn. */
  readonly send?: readonly string[];
  /** What they send after that, in base64, every so many ms; 0: as fast as it is taken. */
  readonly drip?: { readonly octets: string; readonly everyMs: number };
  /** Each end of sending is told after the first octets. */
  readonly halfClose?: boolean;
  /** They are reset, without any farewell, at most so many ms after they are opened, at once for 0. */
  readonly resetAfter?: number;
  /** They read nothing. */
  readonly deaf?: boolean;
}

/** What came of it. */
export interface Outcome {
  /** How many connections got these statuses: `408`, `200×16`, `401 408`, or `none`. */
  readonly answers: Readonly<Record<string, number>>;
  /** Connections that were open until the attacker closed them. */
  readonly open: number;
  /** ms until the last of the others was ended. */
  readonly longest: number;
  /** Octets that were sent, or were about to be. */
  readonly sent: number;
}

/** An attack that goes on. */
export interface Assault {
  /** Every connection was opened or refused. */
  opened(): Promise<void>;
  /** Waits for its end. */
  outcome(): Promise<Outcome>;
  /** Ends it now. */
  end(): Promise<Outcome>;
}

interface Report {
  readonly id: number;
  readonly opened?: true;
  readonly outcome?: Outcome;
}

/** An attacker on a host. */
export class Attacker {
  private lastId = 0;
  private read = 0;
  private readonly reports: Report[] = [];

  private constructor(private readonly running: Running) {}

  /** Starts it; nothing is sent yet. */
  static async start(host: Host): Promise<Attacker> {
    const root = packageRoot();
    const running = host.start(
      'prlimit',
      [
        `--nofile=${DESCRIPTORS}:${DESCRIPTORS}`,
        process.execPath,
        path.join(root, 'scripts/run-ts.mjs'),
        path.join(root, 'test/lab/attack-main.ts'),
      ],
      { input: true },
    );
    await running.waitForOutput(/^ready$/m);
    return new Attacker(running);
  }

  /** Begins an attack. */
  begin(attack: Attack): Assault {
    const id = ++this.lastId;
    const write = (message: object): void =>
      void this.running.child.stdin!.write(`${JSON.stringify(message)}\n`);
    write({ id, attack });
    const find = <T>(what: string, of: (report: Report) => T | undefined): Promise<T> =>
      eventually(what, PATIENCE + 20_000, () => this.find(id, of), 10);
    const outcome = (): Promise<Outcome> => find('the outcome of an attack', (report) => report.outcome);
    return {
      opened: async () => void (await find('connections to be opened', (report) => report.opened)),
      outcome,
      end: () => {
        write({ id });
        return outcome();
      },
    };
  }

  private find<T>(id: number, of: (report: Report) => T | undefined): T | undefined {
    const { running } = this;
    if (running.exit) throw new Error(`the attacker has ended: ${running.output}`);
    const end = running.stdout.lastIndexOf('\n') + 1;
    for (const line of running.stdout.slice(this.read, end).split('\n')) {
      if (line.startsWith('{')) this.reports.push(JSON.parse(line) as Report);
    }
    this.read = end;
    for (const report of this.reports) {
      const found = report.id === id ? of(report) : undefined;
      if (found !== undefined) return found;
    }
    return undefined;
  }
}
