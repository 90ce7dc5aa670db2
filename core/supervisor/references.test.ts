import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import type { ConfigurationChange } from '../plugin/contracts/index.ts';
import { discoverPlugins } from '../plugin/discover.ts';
import { configurationTag } from './source.ts';
import { changing } from './test/changing.ts';

// Secrets that stand outside of the configuration, while it is changed and reloaded.

const AUTH = discoverPlugins().plugins.find(
  ({ resolved }) => resolved.kind === 'auth' && resolved.placement !== 'trailer',
)!.resolved.names[0]!;
const LAN1 = { interface: 'lan', group: 1 };
const text = (key: string): string => `# of the lab
[[vrouter]]
group = 1
interface = "lan"
vip = "192.0.2.1"
auth_type = "${AUTH}"
auth_secret = { file = "${key}" } # not here

[[vrouter]]
group = 2
interface = "lan"
vip = "192.0.2.2"
`;

/** @param more further tables of the configuration, with the key's path as `KEY` */
async function stage(more = '') {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'rvrrpd-key-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const key = path.join(folder, 'key');
  const putKey = (secret: string): void => writeFileSync(key, `${secret}\n`, { mode: 0o600 });
  putKey('geheim');
  const before = text(key) + more.replaceAll('KEY', key);
  return { ...(await changing(before)), key, putKey, before };
}

const of = (made: Awaited<ReturnType<typeof stage>>): string =>
  made.daemon.start.config.virtualRouters[0]!.authSecret;

test('a change of something else leaves the reference where it is, and the secret as it was read', async () => {
  const made = await stage();
  const { changer, read, key, putKey, before, reloader } = made;
  putKey('other');
  const changes: ConfigurationChange[] = [
    { op: 'change-router', router: LAN1, patch: { priority: 150 } },
    { op: 'remove-router', router: { interface: 'lan', group: 2 } },
  ];
  const outcome = await changer.perform({ changes });
  expect(outcome).toMatchObject({ ok: true, issues: [] });
  const shown = JSON.stringify(outcome);
  expect(shown).not.toContain('geheim');
  expect(read()).toContain(`auth_secret = { file = "${key}" } # not here\npriority = 150\n`);
  expect(read()).not.toBe(before);
  expect(of(made)).toBe('geheim');
  expect(await reloader.reload()).toMatchObject({ ok: true });
  expect(of(made)).toBe('other');
});

test.each([
  [
    'another secret',
    LAN1,
    { auth_secret: 'other' },
    /^vrouter\[0\]\.auth_secret stands elsewhere, in \{ file = ".*" \}: change it there and reload/,
  ],
  [
    'another reference',
    LAN1,
    { auth_secret: { env: 'PATH' } },
    /^vrouter\[0\]\.auth_secret stands elsewhere/,
  ],
  [
    'a new reference',
    { interface: 'lan', group: 2 },
    { auth_type: AUTH, auth_secret: { file: '/etc/shadow' } },
    /^vrouter\[1\]\.auth_secret cannot be made to stand elsewhere but in the file/,
  ],
])('%s is refused', async (_, router, patch, message) => {
  const made = await stage();
  const { changer, read, before } = made;
  const outcome = await changer.perform({ changes: [{ op: 'change-router', router, patch }] });
  expect(outcome).toMatchObject({
    ...{ ok: false, reason: 'invalid', code: 'config-invalid' },
    message: expect.stringMatching(message) as string,
  });
  expect(read()).toBe(before);
  expect(of(made)).toBe('geheim');
});

test('a secret that is removed goes with its reference; what it held stays as it is', async () => {
  const made = await stage();
  const { changer, read } = made;
  const patch = { auth_secret: null, auth_type: null };
  expect(await changer.perform({ changes: [{ op: 'change-router', router: LAN1, patch }] })).toMatchObject({
    ok: true,
  });
  expect(read()).not.toContain('auth_');
  expect(of(made)).toBe('');
});

test('a reload without the secret is refused, and everything runs on', async () => {
  const made = await stage();
  const { daemon, reloader, key, putKey } = made;
  const tag = configurationTag(daemon.start.source);
  rmSync(key);
  const outcome = await reloader.reload();
  expect(outcome).toMatchObject({ ok: false, code: 'config-invalid' });
  expect(outcome.issues.join()).toContain(
    `:7: vrouter[0].auth_secret = { file = "${key}" }: there is no such file (${key})`,
  );
  expect([of(made), daemon.info.generation]).toEqual(['geheim', 1]);
  putKey('other');
  expect(await reloader.reload()).toMatchObject({ ok: true, issues: [] });
  expect(of(made)).toBe('other');
  expect(configurationTag(daemon.start.source)).not.toBe(tag);
});

test('what a service sees has neither the secret nor where it stands', async () => {
  const { daemon } = await stage('[api]\nsecret = { file = "KEY" }\n');
  const { data, effective } = daemon.start.api!;
  expect(data).toMatchObject({ api: { secret: '***' }, vrouter: [{ auth_secret: '***' }, {}] });
  expect(JSON.stringify([data, effective])).not.toMatch(/geheim|rvrrpd-key/);
  expect(daemon.start.config.api.secret).toBe('geheim');
});
