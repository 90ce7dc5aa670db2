/** Sessions of the client API that somebody has tampered with. */
import type { HttpClient } from './http.ts';

/** The four cookies of a session, by name. */
export type Cookies = Readonly<Record<string, string>>;
/** Headers of a request. */
type Headers = Readonly<Record<string, string>>;

const NAMES = ['user', 'ts', 'nonce', 'token'] as const;

/** The cookies of a log-in with the password `banana`, in 0.1.3's form. */
export async function cookiesOf(client: HttpClient, user: string): Promise<Cookies> {
  const { status, cookies } = await client.request('/auth', {
    method: 'POST',
    body: `user=${user} passwd=banana`,
  });
  if (status !== 200) throw new Error(`log-in of ${user}: ${status}`);
  return Object.fromEntries(cookies.map((each) => each.split(';', 1)[0]!.split('=', 2)));
}

/** `Cookie` of them. */
export function cookieHeader(cookies: Cookies): string {
  return Object.entries(cookies)
    .map(([name, value]) => `${name}=${value}`)
    .join('; ');
}

/**
 * Cookies of which none are valid.
 * @param own a session
 * @param other another one of the same user
 * @param foreign one of another user
 */
export function forgedCookies(
  own: Cookies,
  other: Cookies,
  foreign: Cookies,
  random: () => number,
): Headers[] {
  const forged: Cookies[] = [];
  for (const name of NAMES) {
    const value = own[name]!;
    const { [name]: _, ...rest } = own;
    forged.push(rest);
    for (const wrong of [
      '',
      value.slice(0, -1),
      value.slice(1),
      `${value}0`,
      ` ${value} x`,
      value.repeat(2),
      `%${value}`,
      '%00',
      '%E0%A4%A',
      '"',
      '0',
      'null',
      '[object Object]',
      'x'.repeat(4000),
    ]) {
      forged.push({ ...own, [name]: wrong });
    }
    for (let i = 0; i < 8; i++) forged.push({ ...own, [name]: flipped(value, random) });
    // Parts that do not belong together
    forged.push({ ...own, [name]: other[name]! }, { ...own, [name]: foreign[name]! });
  }
  const whole = cookieHeader(own);
  return [
    ...forged.map((each) => ({ cookie: cookieHeader(each) })).filter(({ cookie }) => cookie !== whole), // both sessions have the user, and may have the second, in common
    ...[
      '',
      ';;;',
      '=',
      '=;=;=',
      'token',
      '__proto__=x; constructor=y',
      whole.replaceAll('; ', ', '),
      whole.replaceAll('=', ':'),
      whole.toUpperCase(),
      `token=x; ${whole}`,
      'a=b; '.repeat(1500),
    ].map((cookie) => ({ cookie })),
  ];
}

/** Bearer tokens of which none are valid. @param header `Bearer …` of a session */
export function forgedTokens(header: string, random: () => number): Headers[] {
  const token = header.replace('Bearer ', '');
  const [kind, user, issued, nonce, signed] = token.slice('rvrrpd_'.length).split('.');
  const forged = [
    '',
    'rvrrpd_',
    token.slice(0, -1),
    token.slice(1),
    `${token}0`,
    `${token}=`,
    `${token} ${token}`,
    `${token},${token}`,
    token.toUpperCase(),
    'x'.repeat(8000),
    ['rvrrpd_token', user, issued, nonce, signed].join('.'),
    [`rvrrpd_${kind}`, 'carol', issued, nonce, signed].join('.'),
    [`rvrrpd_${kind}`, user, issued, nonce, '0'.repeat(signed!.length)].join('.'),
    [`rvrrpd_${kind}`, user, issued, nonce, `ffffffff${signed!.slice(8)}`].join('.'),
    [`rvrrpd_${kind}`, user, issued, nonce, ''].join('.'),
    [`rvrrpd_${kind}`, user, issued, nonce, signed, signed].join('.'),
    'eyJhbGciOiJub25lIn0.eyJ1c2VyIjoiYWRtaW4ifQ.',
    ...Array.from({ length: 40 }, () => flipped(token, random)),
  ];
  return [
    ...forged.map((each) => ({ authorization: `Bearer ${each}` })),
    { authorization: token },
    { authorization: `Basic ${token}` },
    { authorization: `Basic ${Buffer.from('admin:banana').toString('base64')}` },
  ];
}

/** One bit is another one, and what comes of it can be in a header. */
function flipped(text: string, random: () => number): string {
  for (;;) {
    const octets = Buffer.from(text, 'latin1');
    octets[Math.floor(random() * octets.length)]! ^= 1 << Math.floor(random() * 7);
    const result = octets.toString('latin1');
    if (/^[!#-+\--:<-[\]-~]+$/.test(result) && result !== text) return result;
  }
}
