/** Tells the service manager how we are (man 3 sd_notify). Without one, in $NOTIFY_SOCKET, nothing happens. */
import { native } from '../native/index.ts';
import type { Logger } from './log.ts';
import { notification } from './notification.ts';
import { watchdogPeriod } from './watchdog.ts';

/** STATUS is brought up to date so often, in ms. */
const STATUS_INTERVAL = 10_000;

/** The daemon as seen by its service manager. */
export class ServiceManager {
  private status = '';
  private timer: NodeJS.Timeout | undefined;
  private feeder: NodeJS.Timeout | undefined;
  private failed = false;

  constructor(
    private readonly log: Logger,
    private readonly address = process.env.NOTIFY_SOCKET,
    private readonly watchdog = watchdogPeriod(process.env, process.pid),
  ) {}

  /** Another process is the service from now on. It may say so only if we have said it first. */
  handOver(pid: number): void {
    this.notify({ MAINPID: String(pid) });
  }

  /**
   * It runs.
   * @param status asked again and again from now on
   * @param late by how many ms the engine is: the watchdog is not fed while that is more than it allows
   * @param takenOver from another process: we are the service now
   */
  started(status: () => string, late: () => number = () => 0, takenOver = false): void {
    if (!this.address) return;
    this.feed(late);
    this.status = status();
    this.notify({ ...(takenOver && { MAINPID: String(process.pid) }), READY: '1', STATUS: this.status });
    this.timer = setInterval(() => {
      const now = status();
      if (now !== this.status) this.notify({ STATUS: now });
      this.status = now;
    }, STATUS_INTERVAL);
    this.timer.unref();
  }

  /** A reload begins; {@link reloaded} ends it. */
  reloading(): void {
    // process.hrtime is CLOCK_MONOTONIC, which is what systemd compares it with.
    const now = process.hrtime.bigint() / 1000n;
    this.notify({ RELOADING: '1', MONOTONIC_USEC: String(now), STATUS: 'reloading' });
  }

  /** The reload is over, however it went: `status` tells. */
  reloaded(status: string): void {
    this.status = status;
    this.notify({ READY: '1', STATUS: this.status });
  }

  /** Begins to tell the watchdog that all is well, three times in its period. */
  private feed(late: () => number): void {
    const { watchdog } = this;
    if (watchdog === undefined) return;
    this.feeder = setInterval(() => {
      if (late() < watchdog) this.notify({ WATCHDOG: '1' });
    }, watchdog / 3);
    this.feeder.unref();
  }

  /** The end has its own bound, TimeoutStopSec: the watchdog is fed until then. */
  stopping(): void {
    clearInterval(this.timer);
    this.notify({ STOPPING: '1', STATUS: 'stopping' });
  }

  private notify(fields: Readonly<Record<string, string>>): void {
    if (!this.address) return;
    try {
      native.sendDatagram(this.address, notification(fields));
    } catch (error) {
      // Once is enough: it would fail again and again, and the routers run all the same.
      if (!this.failed) this.log.warn(`cannot tell the service manager: ${String(error)}`);
      this.failed = true;
    }
  }
}
