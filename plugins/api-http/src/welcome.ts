/** `GET /`: how to begin. */
import { Type } from '@sinclair/typebox';
import type { Routes } from './deps.ts';
import { problemResponses } from './problems.ts';

const PAGE = `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>rvrrpd client API</title></head>
<body>
<h1>rvrrpd client API</h1>
<p>Log in with a user of the <code>[api]</code> table, and use the cookies of the answer:</p>
<pre>
curl -c cookies -d "user=NAME passwd=PASSWORD" -X POST THIS-ADDRESS/auth
curl -b cookies THIS-ADDRESS/run/vrrp
</pre>
<p>What there is: <a href="/docs">/docs</a>, and for programs <a href="/openapi.json">/openapi.json</a>.</p>
</body>
</html>
`;

/** The page. */
export const welcomeRoutes: Routes = (app) => {
  app.get(
    '/',
    {
      config: { access: 'public' },
      schema: {
        operationId: 'welcome',
        tags: ['documentation'],
        summary: 'How to begin',
        response: {
          200: { description: 'A page.', content: { 'text/html': { schema: Type.String() } } },
          ...problemResponses(500, 503),
        },
      },
    },
    async (_request, reply) => reply.type('text/html; charset=utf-8').send(PAGE),
  );
};
