/** Lets root ask for things: keeps the control socket open, from the start on or as soon as it can be opened. */

import { messageOf } from '../shared/errors.ts';
import { type ControlHandler, ControlServer } from './control.ts';
import type { ControlCommand, ControlDetails, ControlRequest } from './control-messages.ts';
import type { Daemon } from './daemon.ts';
import type { Logger } from './log.ts';
import type { Reloader } from './reloader.ts';
import type { Standby, StandbyOptions } from './standby.ts';
import type { DaemonStatus } from './status.ts';
import type { Upgrader } from './upgrade/upgrader.ts';

/** Pauses in ms before it is tried again, the last one for all further times. */
const BACK_OFF = [1000, 2000, 5000, 15_000, 60_000];

/** See the file's comment. Without it the routers run all the same. */
export class Control {
  private server: ControlServer | undefined;
  private timer: NodeJS.Timeout | undefined;
  private failures = 0;
  private closed = false;

  /** @param path of the socket */
  constructor(
    private readonly path: string,
    private readonly daemon: Pick<Daemon, 'info' | 'start' | 'status' | 'trouble'>,
    private readonly reloader: Pick<Reloader, 'reload'>,
    private readonly upgrader: Pick<Upgrader, 'upgrade'>,
    private readonly log: Pick<Logger, 'error' | 'info'>,
    private readonly standby: Pick<Standby, 'standBy' | 'resume' | 'failOver'>,
  ) {}

  /** Of the open socket; undefined: it is not open. */
  get descriptor(): number | undefined {
    return this.server?.descriptor;
  }

  /**
   * Opens it; if that fails it is told and tried again. Never rejects.
   * @param descriptor the socket, if another process has opened it and has given it to us
   */
  async open(descriptor?: number): Promise<void> {
    const { standby } = this;
    const commands: Record<ControlCommand, (request: ControlRequest) => unknown> = {
      status: () => this.status(),
      reload: () => this.reloader.reload(),
      upgrade: (request: ControlRequest) => this.upgrader.upgrade(request),
      plugins: () => this.daemon.start.listing,
      standby: (details) => standby.standBy(details.names ?? [], optionsOf(details)),
      resume: ({ names = [] }) => standby.resume(names),
      failover: (details) => standby.failOver(details.names ?? [], optionsOf(details)),
    };
    const handler: ControlHandler = (command, request) => commands[command](request);
    try {
      const server =
        descriptor === undefined
          ? await ControlServer.open(this.path, handler)
          : await ControlServer.adopt(this.path, descriptor, handler);
      if (this.closed) return server.close();
      this.server = server;
    } catch (error) {
      this.failed(messageOf(error));
      return;
    }
    this.daemon.trouble('control', undefined);
    if (this.failures > 0) this.log.info('rvrrpd status, reload, upgrade and plugins work now');
  }

  /** Removes it and turns all clients away. */
  close(): void {
    this.leave();
    this.server?.close();
  }

  /** Another process has it now; whoever has asked already gets an answer. */
  leave(): void {
    this.closed = true;
    clearTimeout(this.timer);
    this.server?.leave();
  }

  /** After {@link leave}: it is ours again. */
  async comeBack(): Promise<void> {
    this.closed = false;
    this.server = undefined;
    await this.open();
  }

  private failed(why: string): void {
    if (this.closed) return;
    const pause = BACK_OFF[Math.min(this.failures++, BACK_OFF.length - 1)]!;
    const text = `rvrrpd status, reload, upgrade and plugins do not work: ${why}`;
    this.log.error(`${text}; trying again in ${pause / 1000} s`);
    this.daemon.trouble('control', text);
    this.timer = setTimeout(() => void this.open(), pause);
    this.timer.unref();
  }

  private status(): DaemonStatus {
    const { version, pid, since, lastReload, troubles = [] } = this.daemon.info;
    const configuration = this.daemon.start.source.file;
    return { version, pid, configuration, since, lastReload, troubles, ...this.daemon.status() };
  }
}

function optionsOf({ for: lasts, force, rate }: ControlDetails): StandbyOptions {
  return {
    ...(lasts !== undefined && { lasts: lasts * 1000 }),
    ...(force !== undefined && { force }),
    ...(rate !== undefined && { rate }),
  };
}
