import { request } from 'node:http';
import { apiCompliance, type ServiceSettings } from 'rvrrpd/plugin';
import { test } from 'vitest';
import manifest from '../package.json' with { type: 'json' };
import plugin from '../src/index.ts';
import { ADMIN, CAROL, OPTIONS } from './context.ts';

/** Whether `/healthz` answers. */
function serves({ api }: ServiceSettings): Promise<boolean> {
  return new Promise((resolve) => {
    const get = request(`http://${api.host}/healthz`, { agent: false, timeout: 5000 }, (answer) => {
      answer.resume().once('end', () => resolve(answer.statusCode === 200));
    });
    get.once('error', () => resolve(false)).once('timeout', () => get.destroy());
    get.end();
  });
}

for (const name of manifest.rvrrpd.names) {
  apiCompliance({
    test,
    plugin,
    name,
    options: OPTIONS,
    api: { users: [ADMIN, CAROL] },
    serves,
    wrong: [
      {
        settings: { api: { tls: true, tlsKey: '/nonexistent/key.pem', tlsCert: '/nonexistent/cert.pem' } },
        contains: '/nonexistent/key.pem',
      },
      { settings: { api: { host: 'nowhere' } }, contains: 'nowhere' },
    ],
  });
}
