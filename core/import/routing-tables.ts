/** Names of routing tables: the kernel's own, and those of this host (rt_tables of iproute2). */
import { readFileSync } from 'node:fs';

const FILES = ['/usr/share/iproute2/rt_tables', '/usr/lib/iproute2/rt_tables', '/etc/iproute2/rt_tables'];

/** Numbers by name. */
export function tableNumbers(): Readonly<Record<string, number>> {
  return Object.assign({ main: 254, local: 255, default: 253 }, ...FILES.map((file) => parse(read(file))));
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return ''; // there is none, or it is nobody's business
  }
}

function parse(text: string): Record<string, number> {
  const rows = text.split('\n').flatMap((line) => {
    const [, number, name] = /^\s*(\d+|0x[0-9a-f]+)\s+([^\s#]+)/i.exec(line) ?? [];
    return name === undefined || Number(number) < 1 ? [] : [[name, Number(number)] as const];
  });
  return Object.fromEntries(rows);
}
