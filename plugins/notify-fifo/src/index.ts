/** Hook `fifo`: each event is a line in a named pipe. */
import type { Notifier, NotifyContext, NotifyEvent, NotifyPlugin } from 'rvrrpd/plugin';
import { keepalivedWords } from 'rvrrpd-track-system';
import { Pipe } from './pipe.ts';

/** What `schema.json` leaves of a `[[notify]]` table. */
interface Settings {
  readonly path: string;
  readonly mode: string;
  readonly format: 'json' | 'lines';
  readonly names?: Readonly<Record<string, string>>;
}

/** An event as a line. */
export function lineOf(event: NotifyEvent, { format, names }: Pick<Settings, 'format' | 'names'>): string {
  if (format === 'json') return `${JSON.stringify(event)}\n`;
  const [what, name, state, priority] = keepalivedWords(event, names);
  return `${what} "${name.replace(/\p{Cc}+/gu, ' ')}" ${state} ${priority}\n`; // one line, whatever it is called
}

class FifoNotifier implements Notifier {
  private readonly pipe: Pipe;

  constructor(private readonly settings: Settings) {
    this.pipe = new Pipe(settings.path, settings.mode);
    this.pipe.check();
  }

  deliver(event: NotifyEvent, signal: AbortSignal): Promise<void> {
    return this.pipe.write(event.sequence, Buffer.from(lineOf(event, this.settings)), signal);
  }

  stop(): void {
    this.pipe.close();
  }
}

const plugin: NotifyPlugin = {
  kind: 'notify',
  create: (context: NotifyContext): Notifier => new FifoNotifier(context.settings as unknown as Settings),
};

export default plugin;
