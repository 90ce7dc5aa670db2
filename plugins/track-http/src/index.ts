/** Tracker `http`: a request over HTTP or HTTPS has the answer that is expected. */
import type { Finding, TrackContext, Tracker, TrackPlugin } from 'rvrrpd/plugin';
import {
  codeOf,
  connectTcp,
  meaningOf,
  patience,
  readAuthorities,
  startRefusal,
  type TlsSettings,
  within,
} from 'rvrrpd-track-system';
import { type Answer, ask } from './ask.ts';
import { type Settings, type Wanted, wantedOf } from './settings.ts';

const NO_TLS = 'it does not speak TLS, or none that we speak';

/** What Node.js and OpenSSL call it, for an operator. */
const TLS_REASONS: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is self-signed',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate is signed by nobody that is trusted',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its certificate is signed by nobody that is trusted',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'its certificate is signed by nobody that is trusted',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  CERT_NOT_YET_VALID: 'its certificate is not valid yet',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name',
  ERR_SSL_WRONG_VERSION_NUMBER: NO_TLS,
  EPROTO: NO_TLS,
};

/** The verdict on an answer. */
export function judge({ words, status: wanted }: Wanted, { status, found }: Answer, text?: string): Finding {
  const right = wanted === undefined ? status >= 200 && status <= 299 : wanted.includes(status);
  if (!right) return { up: false, words: `${words}: status ${status}` };
  if (!found) return { up: false, words: `${words}: status ${status}, without "${text}"` };
  return { up: true, words: `${words}: status ${status}` };
}

class HttpTracker implements Tracker {
  private readonly wanted: Wanted;
  private readonly patience: number;

  constructor(
    private readonly settings: Settings,
    timeout: number,
  ) {
    this.wanted = wantedOf(settings);
    this.patience = patience(timeout);
  }

  async check(signal: AbortSignal): Promise<Finding> {
    const { interface: device, source, family, text } = this.settings;
    const { host, port } = this.wanted;
    try {
      const answer = await within(this.patience, signal, async (own) => {
        const tls = this.tls();
        const connection = await connectTcp({ host, port, family, device, source }, own);
        return ask(connection, this.wanted, tls, text, own);
      });
      if (answer === undefined) return this.down(`no answer within ${Math.round(this.patience)} ms`);
      return judge(this.wanted, answer, text);
    } catch (error) {
      const refusal = startRefusal(error, { device, source });
      if (refusal !== undefined) return { up: false, words: refusal };
      const code = codeOf(error) ?? '';
      if (code.startsWith('HPE_')) return this.down(`its answer is no HTTP (${code})`);
      return this.down(TLS_REASONS[code] ?? meaningOf(error));
    }
  }

  /** Read each time: authorities are replaced, too. */
  private tls(): TlsSettings {
    const { verify = true, ca } = this.settings;
    if (!this.wanted.tls || ca === undefined) return { verify };
    return { verify, ca: readAuthorities(ca) };
  }

  private down(why: string): Finding {
    return { up: false, words: `${this.wanted.words}: ${why}` };
  }
}

const plugin: TrackPlugin = {
  kind: 'track',
  create: (context: TrackContext): Tracker =>
    new HttpTracker(context.settings as unknown as Settings, context.timeout),
};

export default plugin;
