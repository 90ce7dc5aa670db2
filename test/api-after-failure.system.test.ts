import { writeFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { RawClient } from './api-contract/client.ts';
import { Contract } from './api-contract/contract.ts';
import { type ApiDocument, operationsOf } from './api-contract/document.ts';
import { API_ADDRESS, withApi } from './lab/api-stage.ts';
import { verdict } from './lab/reloading.ts';
import { describeSystem } from './lab/requirements.ts';

// What the API tells of a reload or a change that failed is in its OpenAPI document too.

/** Operations that tell of the daemon as it is. */
const ASKED = ['getStatus', 'listPlugins', 'getHealth', 'getMetrics', 'listRouters', 'getRunningGlobal'];

describeSystem('the API after a failure', () => {
  it.concurrent(
    'answers as its document says, with the code of what failed',
    withApi(
      async ({ api, r1, master, file, text }) => {
        const raw = new RawClient(r1, Number(API_ADDRESS.split(':')[1]));
        const document = JSON.parse(
          (await raw.send({ method: 'GET', target: '/openapi.json' })).text,
        ) as ApiDocument;
        const contract = new Contract(document, ['banana']);
        const operations = operationsOf(document);
        const { json } = await api.request('/auth', {
          method: 'POST',
          body: { user: 'admin', passwd: 'banana' },
        });
        const headers = [['Authorization', `Bearer ${(json as { token: string }).token}`]] as const;
        const lastReload = async (): Promise<unknown> => {
          let told: unknown;
          const all = operations.filter(({ operationId }) => ASKED.includes(operationId));
          expect(all.map(({ operationId }) => operationId)).toContain('getStatus');
          for (const operation of all) {
            const request = { method: operation.method, target: operation.path, headers };
            const answer = await raw.send(request);
            contract.check(operation, request, answer);
            if (operation.operationId === 'getStatus') told = JSON.parse(answer.text).last_reload;
          }
          return told;
        };
        expect(await lastReload()).toBeNull();

        const before = text();
        writeFileSync(file, before.replace('priority = 200', 'priority = 999'));
        expect(verdict(await master.reload())).toMatch(/^not reloaded: /);
        expect(await lastReload()).toMatchObject({
          ...{ ok: false, error: 'the configuration has errors', code: 'config-invalid' },
          issues: [expect.stringMatching(/^error: .*priority/)],
        });

        // The file was edited: a change to stay is refused, with its code.
        const change = operations.find(({ operationId }) => operationId === 'changeGlobal')!;
        const request = {
          ...{ method: 'PATCH', target: '/config/global', body: '{"debug":1}' },
          headers: [...headers, ['Content-Type', 'application/json'] as const],
        };
        const refused = await raw.send(request);
        contract.check(change, request, refused);
        expect(JSON.parse(refused.text)).toMatchObject({ status: 409, code: 'config-edited' });

        writeFileSync(file, before);
        expect(verdict(await master.reload())).toMatch(/^reloaded: /);
        expect(await lastReload()).toEqual({ time: expect.any(String), ok: true, error: null, issues: [] });
      },
      { backup: false },
    ),
  );
});
