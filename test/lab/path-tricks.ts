/** Request targets that try to get past the access control of the client API, or out of its folders. */

/** A target, and how a request for it is answered without a log-in. */
export interface PathTrick {
  /** As it is in the request line, Latin-1. */
  readonly target: string;
  readonly status: string;
  /** Why it is refused, as `/metrics` counts it; absent: it is not. */
  readonly reason?: string;
}

const unauthorized = (target: string): PathTrick => ({ target, status: '401', reason: 'unauthorized' });
const malformed = (target: string, status = '400'): PathTrick => ({ target, status, reason: 'malformed' });

export const PATH_TRICKS: readonly PathTrick[] = [
  // Paths that are not public, in other words
  ...[
    '//run/vrrp',
    '/run//vrrp',
    '///run/vrrp//',
    '/./run/vrrp',
    '/docs/../run/vrrp',
    '/docs/%2e%2e/run/vrrp',
    '/healthz/../run/vrrp',
    '/healthz/..%2frun%2fvrrp',
    '/healthz;/run/vrrp',
    '/run/vrrp;a=b',
    '/run/vrrp;/healthz',
    '/run%2fvrrp',
    '/run\\vrrp',
    '/run%5cvrrp',
    '/run/%76rrp',
    '/%72%75%6e/vrrp',
    '/RUN/VRRP',
    '/run/vrrp%00',
    '/run/vrrp%00/healthz',
    '/run/vrrp%0d%0aX:%20y',
    '/run/vrrp%252f1',
    '/run/vrrp?/healthz',
    '/run/vrrp#/healthz',
    '/config/global?access=public',
    '/__proto__',
    '/run/vrrp/__proto__/constructor',
    '/run/protocols/constructor',
    'http://10.0.0.2:7080/run/vrrp',
    'HTTP://user:password@elsewhere.example/run/vrrp',
    'https://elsewhere.example/config/global',
    'ftp://10.0.0.2/healthz',
    `/${'a'.repeat(12_000)}`,
    `/run/vrrp?${'a=b&'.repeat(3000)}`,
    `/${'../'.repeat(1000)}run/vrrp`,
    `${'/a'.repeat(5000)}`,
  ].map(unauthorized),
  // Paths of nothing at all
  ...['/%', '/%zz', '/%ff', '/%c0%ae%c0%ae/etc/passwd', '/docs/static/%c0%ae%c0%ae/package.json'].map(
    (target) => malformed(target),
  ),
  malformed(`/run/vrrp/1/${'a'.repeat(600)}`, '414'),
  malformed(`/run/vrrp/1/${'%61'.repeat(600)}`, '414'),
  // Out of the only folder that files are served from
  { target: '/docs/static/../package.json', status: '403' },
  { target: '/docs/static/%2e%2e/package.json', status: '403' },
  { target: '/docs/static/..%5cpackage.json', status: '403' },
  { target: '/docs/static/..%2fpackage.json', status: '404' },
  { target: '/docs/static//etc/passwd', status: '404' },
  { target: '/docs/static/%2fetc%2fpasswd', status: '404' },
  { target: '/docs/static/index.html%00.js', status: '400' },
  { target: `/docs/static/${'a'.repeat(5000)}`, status: '404' },
  // What is public stays so
  { target: '/healthz/', status: '200' },
  { target: '/healthz?x', status: '200' },
  { target: 'http://elsewhere.example/healthz', status: '200' },
];
