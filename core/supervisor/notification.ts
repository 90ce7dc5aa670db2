/** Messages to a service manager (man 3 sd_notify). Pure. */

/** A value is cut off after so many characters: STATUS is one line of `systemctl status`. */
const VALUE_LENGTH = 400;

/** One datagram: `NAME=value` lines. Line breaks in a value become semicolons. */
export function notification(fields: Readonly<Record<string, string>>): string {
  return Object.entries(fields)
    .map(([name, value]) => `${name}=${oneLine(value)}\n`)
    .join('');
}

function oneLine(text: string): string {
  return text.replaceAll(/\s*\n\s*/g, '; ').slice(0, VALUE_LENGTH);
}
