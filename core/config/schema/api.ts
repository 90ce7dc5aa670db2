/** The schema of `[api]`: the client API. */
import { Type } from '@sinclair/typebox';
import { closed, flag, path, text } from './directives.ts';

/** `[api]`. */
export const ApiSchema = Type.Object(
  {
    users: Type.Array(Type.String({ expected: 'a string: {{ALG}}name:level:salt:hash', writeOnly: true }), {
      description:
        'Who may use the client API: lines of `{{ALG}}name:level:salt:hash`, which rvrrpd-pw makes. Level 0 reads, 1 to 9 ' +
        'read and change.',
      expected: 'an array of strings',
      default: [],
    }),
    secret: Type.Optional(
      Type.String({
        minLength: 1,
        description: 'Secret of the sessions of the client API. Default: a random one at each start.',
        expected: 'a long random string',
        writeOnly: true,
      }),
    ),
    host: text({
      description: 'Address and port that the client API listens on.',
      expected: 'address:port',
      default: '0.0.0.0:7080',
    }),
    tls: flag({ description: 'Whether the client API speaks TLS.', default: false }),
    tls_key: path({
      description: 'Path of the TLS private key.',
      expected: 'a path',
      default: '/etc/rvrrpd/ssl/key.pem',
    }),
    tls_cert: path({
      description: 'Path of the TLS certificate chain.',
      expected: 'a path',
      default: '/etc/rvrrpd/ssl/cert.pem',
    }),
  },
  { ...closed, description: 'The client API.', expected: 'a table', default: {} },
);
