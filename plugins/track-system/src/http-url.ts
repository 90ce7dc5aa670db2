/** The directive `url` of those that speak HTTP. */

/** A URL, taken apart. */
export interface HttpUrl {
  /** It is of `https:`. */
  readonly tls: boolean;
  /** A name, or an address without brackets. */
  readonly host: string;
  readonly port: number;
  /** With the query. */
  readonly path: string;
  /** Of the header `Host`. */
  readonly hostHeader: string;
  /** `user:password`. */
  readonly credentials?: string;
  /** For an operator: without a password, and without the query. */
  readonly words: string;
}

/** @throws Error that names the directive, if that is no URL of HTTP; a password is not shown */
export function readHttpUrl(text: string): HttpUrl {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol !== 'http:' && url?.protocol !== 'https:') {
    const shown = text.includes('@') ? '' : ` = "${text}"`;
    throw new Error(`url${shown}: must be a URL that begins with http:// or https://`);
  }
  const { protocol, username, password, hostname, port, host, pathname, search } = url;
  const tls = protocol === 'https:';
  return {
    tls,
    host: hostname.replace(/^\[(.*)\]$/, '$1'),
    port: port === '' ? (tls ? 443 : 80) : Number(port),
    path: pathname + search,
    hostHeader: host,
    ...(username === '' && password === ''
      ? {}
      : { credentials: `${decoded(username)}:${decoded(password)}` }),
    words: `${protocol}//${host}${pathname}`,
  };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new Error('url: user and password must have %25 where a % is meant');
  }
}
