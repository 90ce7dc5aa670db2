import { type AddressInfo, createServer } from 'node:net';
import { describe, expect, test } from 'vitest';
import { Finder } from '../src/ask.ts';
import plugin, { judge } from '../src/index.ts';
import { wantedOf } from '../src/settings.ts';

describe('the request', () => {
  test('of a URL', () => {
    expect(wantedOf({ url: 'https://www.example.org/a/b?c=d#e' })).toEqual({
      tls: true,
      host: 'www.example.org',
      port: 443,
      path: '/a/b?c=d',
      method: 'GET',
      hostHeader: 'www.example.org',
      serverName: 'www.example.org',
      words: 'https://www.example.org/a/b',
    });
    expect(wantedOf({ url: 'http://[2001:db8::1]:8080' })).toMatchObject({
      tls: false,
      host: '2001:db8::1',
      port: 8080,
      path: '/',
      hostHeader: '[2001:db8::1]:8080',
    });
  });

  test('with another host, credentials and a status', () => {
    const wanted = wantedOf({ url: 'http://a:b%20c@10.0.0.1/', host: 'x.example:81', status: 204 });
    expect(wanted).toMatchObject({
      credentials: 'a:b c',
      hostHeader: 'x.example:81',
      serverName: 'x.example',
      status: [204],
    });
    expect(wanted.words, 'no password').toBe('http://10.0.0.1/');
  });
});

test.each([
  [undefined, 200, true],
  [undefined, 299, true],
  [undefined, 301, false],
  [[301, 404], 404, true],
  [[301, 404], 200, false],
])('wants %j, gets %i', (status, got, up) => {
  const wanted = wantedOf({ url: 'http://x/', ...(status && { status }) });
  expect(judge(wanted, { status: got, found: true }).up).toBe(up);
  expect(judge(wanted, { status: got, found: false }, 'text').up).toBe(false);
});

describe('a text in what arrives in parts', () => {
  const find = (text: string, ...parts: readonly string[]) => {
    const finder = new Finder(text);
    return parts.map((part) => finder.add(Buffer.from(part))).find((found) => found !== undefined);
  };
  test('is found, wherever it is cut', () => {
    const whole = 'abcabcabd';
    for (let at = 0; at <= whole.length; at++)
      for (let end = at; end <= whole.length; end++)
        expect(
          find('abcabd', whole.slice(0, at), whole.slice(at, end), whole.slice(end)),
          `${at} ${end}`,
        ).toBe(true);
    expect(find('ü', 'x', 'ü')).toBe(true);
    expect(find('abd', 'ab', 'x', 'd')).toBeUndefined();
  });

  test('is not looked for beyond a MiB', () => {
    const finder = new Finder('x');
    expect(finder.add(Buffer.alloc((1 << 20) - 1, 'y'))).toBeUndefined();
    expect(finder.add(Buffer.from('y'))).toBe(false);
    expect(finder.add(Buffer.from('x'))).toBe(false);
  });
});

/** What comes of asking a server that answers with this. @param scheme of the URL */
async function verdictOn(answer: string, scheme: 'http' | 'https', text?: string) {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', () => (scheme === 'https' ? socket.end(answer) : socket.write(answer)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const tracker = plugin.create({
    ...{ name: 'http', options: {}, log: () => {}, tracker: 't', interval: 20_000, timeout: 20_000 },
    settings: { url: `${scheme}://127.0.0.1:${port}/`, ...(text !== undefined && { text }) },
  });
  const { up, words } = await tracker.check(new AbortController().signal);
  server.close();
  return { port, verdict: [up, words] };
}

test('who does not speak TLS is told so', async () => {
  const { port, verdict } = await verdictOn('HTTP/1.1 302 Found\r\n\r\n', 'https');
  expect(verdict).toEqual([
    false,
    `https://127.0.0.1:${port}/: it does not speak TLS, or none that we speak`,
  ]);
});

test('a 101 that nobody has asked for is an answer, without a body', async () => {
  const answer = 'HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n';
  for (const text of [undefined, 'x']) {
    const { port, verdict } = await verdictOn(answer, 'http', text);
    expect(verdict).toEqual([false, `http://127.0.0.1:${port}/: status 101`]);
  }
});
