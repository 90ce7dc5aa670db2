/** Reads a secret that should not stand on a command line, where other users can see it. */
import { readFile } from 'node:fs/promises';
import { askHidden, NoPassword } from './password-input.ts';

/**
 * The octets of a file without the end of a line that an editor puts there.
 * @param file `-`: standard input; on a terminal it is asked for without showing it
 * @throws NoPassword if there is none; the message says why
 */
export async function readSecret(file: string): Promise<Uint8Array> {
  if (file === '-') {
    const { stdin, stderr } = process;
    if (stdin.isTTY) return new TextEncoder().encode(await askHidden('Secret: ', stdin, stderr));
    const chunks: Buffer[] = [];
    for await (const chunk of stdin) chunks.push(Buffer.from(chunk));
    return withoutLineEnd(Buffer.concat(chunks));
  }
  try {
    return withoutLineEnd(await readFile(file));
  } catch (error) {
    throw new NoPassword(`the secret cannot be read: ${(error as Error).message}`);
  }
}

/** Without a final `\n` or `\r\n`. */
export function withoutLineEnd(bytes: Uint8Array): Uint8Array {
  let end = bytes.length;
  if (bytes[end - 1] === 0x0a) {
    end--;
    if (bytes[end - 1] === 0x0d) end--;
  }
  return bytes.subarray(0, end);
}
