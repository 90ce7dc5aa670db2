/** The body of a log-in, in its two forms. Pure. */
import { type Static, Type } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';

/** A log-in as JSON. */
export const CredentialsSchema = Type.Object(
  {
    user: Type.String({ minLength: 1, maxLength: 256, description: 'Name of a user of `[api]` `users`.' }),
    passwd: Type.String({ maxLength: 4096, writeOnly: true, description: 'Its password.' }),
  },
  { additionalProperties: false, title: 'Credentials' },
);

/** Who wants to log in, and with which password. */
export type Credentials = Static<typeof CredentialsSchema>;

/**
 * rVRRPd 0.1.3's form: `user=NAME passwd=PASSWORD`, one space between. Nothing is percent-decoded: the password is
 * whatever follows.
 */
const FORM = /^user=([^\s&]{1,256}) passwd=(.{0,4096})$/s;

/** A log-in in 0.1.3's form; undefined if it is none. A line end behind it is not part of the password. */
export function parseForm(text: string): Credentials | undefined {
  const [, user, passwd] = FORM.exec(text.replace(/\r?\n$/, '')) ?? [];
  return user === undefined || passwd === undefined ? undefined : { user, passwd };
}

/** A log-in as JSON; undefined if it is none. */
export function parseJson(text: string): Credentials | undefined {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    return undefined;
  }
  return Value.Check(CredentialsSchema, body) ? body : undefined;
}
