/** Which processor an addon is for, as it says itself. */
import { closeSync, openSync, readSync } from 'node:fs';

/** `e_machine` of an ELF file (man 5 elf). */
const MACHINES = { x64: 62, arm64: 183 } as const;

/** As Node.js calls it. */
export type Machine = keyof typeof MACHINES;

/** @throws Error if the file is no addon for this processor */
export function expectMachine(file: string, wanted: Machine): void {
  const header = Buffer.alloc(20);
  const descriptor = openSync(file, 'r');
  try {
    readSync(descriptor, header, 0, header.length, 0);
  } finally {
    closeSync(descriptor);
  }
  // 64 bits, little-endian: both are.
  if (!header.subarray(0, 6).equals(Buffer.from('\x7fELF\x02\x01', 'latin1')))
    throw new Error(`${file} is no addon: it is not in the format ELF, 64 bits, little-endian`);
  const machine = header.readUInt16LE(18);
  if (machine !== MACHINES[wanted])
    throw new Error(`${file} is for ELF machine ${machine}, and must be for ${MACHINES[wanted]} (${wanted})`);
}
