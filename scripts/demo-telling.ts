/** How the demo talks. Colours only where somebody looks at a terminal. */
import { stdout } from 'node:process';

const colours = stdout.isTTY === true && process.env.NO_COLOR === undefined;

function paint(code: number, text: string): string {
  return colours ? `\u001b[${code}m${text}\u001b[0m` : text;
}

export const bold = (text: string) => paint(1, text);
export const dim = (text: string) => paint(2, text);
export const green = (text: string) => paint(32, text);
export const red = (text: string) => paint(31, text);

/** A heading, with an empty line before it. */
export function heading(text: string): void {
  console.log(`\n${bold(`── ${text} ${'─'.repeat(Math.max(0, 74 - text.length))}`)}\n`);
}

/** A paragraph, as it is written. */
export function tell(text: string): void {
  console.log(
    text
      .trim()
      .split('\n')
      .map((line) => line.trim())
      .join('\n'),
  );
}

/** Something that was seen, not said. */
export function show(...lines: readonly string[]): void {
  for (const line of lines) console.log(`    ${line}`);
}
