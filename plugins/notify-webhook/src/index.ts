/** Hook `webhook`: each event is posted as JSON. */
import { createHmac } from 'node:crypto';
import type { Notifier, NotifyContext, NotifyEvent, NotifyPlugin } from 'rvrrpd/plugin';
import {
  connectTcp,
  type HttpUrl,
  meaningOf,
  readAuthorities,
  readHttpUrl,
  startRefusal,
  type TlsSettings,
} from 'rvrrpd-track-system';
import { post } from './post.ts';

/** What `schema.json` leaves of a `[[notify]]` table. */
interface Settings {
  readonly url: string;
  readonly secret?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly verify: boolean;
  readonly ca?: string;
  readonly interface?: string;
}

/** Of 400 to 499, which say that the request is no good: these may be others the next time. */
const PASSING: ReadonlySet<number> = new Set([401, 403, 404, 407, 408, 421, 425, 429]);

/** Whether an answer says that the same once more would come to the same. */
export function isFinal(status: number): boolean {
  return status >= 400 && status < 500 && !PASSING.has(status);
}

/** Headers of a request with this body. What the configuration has comes before what we have. */
export function headersOf(
  event: Pick<NotifyEvent, 'host' | 'hook' | 'sequence'>,
  body: Buffer,
  { secret, headers = {} }: Pick<Settings, 'secret' | 'headers'>,
): Record<string, string> {
  const own = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
  return {
    'content-type': 'application/json',
    'user-agent': 'rvrrpd',
    'x-rvrrpd-hook': encodeURIComponent(event.hook),
    'x-rvrrpd-sequence': String(event.sequence),
    ...own,
    ...(secret === undefined
      ? {}
      : { 'x-rvrrpd-signature': `sha256=${createHmac('sha256', secret).update(body).digest('hex')}` }),
  };
}

class WebhookNotifier implements Notifier {
  private readonly target: HttpUrl;

  constructor(private readonly settings: Settings) {
    this.target = readHttpUrl(settings.url);
    this.tls(); // what is not there now is told now
  }

  async deliver(event: NotifyEvent, signal: AbortSignal): Promise<void> {
    const { target, settings } = this;
    const body = Buffer.from(JSON.stringify(event));
    let status: number;
    try {
      const tls = this.tls();
      const { host, port } = target;
      const connection = await connectTcp({ host, port, device: settings.interface }, signal);
      status = await post(connection, target, tls, headersOf(event, body, settings), body, signal);
    } catch (error) {
      if (signal.aborted) throw error;
      const why = startRefusal(error, { device: settings.interface }) ?? meaningOf(error);
      throw new Error(`${target.hostHeader}: ${why}`, { cause: error });
    }
    if (status >= 200 && status < 300) return;
    throw Object.assign(new Error(`${target.hostHeader} answers ${status}`), { final: isFinal(status) });
  }

  /** Read each time: authorities are replaced, too. */
  private tls(): TlsSettings {
    const { verify, ca } = this.settings;
    if (!this.target.tls || ca === undefined) return { verify };
    return { verify, ca: readAuthorities(ca) };
  }
}

const plugin: NotifyPlugin = {
  kind: 'notify',
  create: (context: NotifyContext): Notifier => new WebhookNotifier(context.settings as unknown as Settings),
};

export default plugin;
