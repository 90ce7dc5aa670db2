/** Filters for system calls (man 2 seccomp), as systemd makes them from a unit. */
import { execFileSync } from 'node:child_process';
import { constants } from 'node:os';

/** Instructions of classic BPF (linux/bpf_common.h), and what a filter may answer (linux/seccomp.h). */
const LOAD = 0x20;
const JUMP_IF_EQUAL = 0x15;
const RETURN = 0x06;
const ALLOW = 0x7fff0000;
const ERRNO = 0x00050000;
/** Offsets in `struct seccomp_data`. */
const NUMBER = 0;
const ARCHITECTURE = 4;
const FIRST_ARGUMENT = 16;
/** AUDIT_ARCH_… (linux/audit.h) of the machines that tests run on. */
const ARCHITECTURES: Partial<Record<NodeJS.Architecture, number>> = { x64: 0xc000003e, arm64: 0xc00000b7 };

/** Numbers of address families (linux/socket.h). */
const FAMILIES: Readonly<Record<string, number>> = {
  AF_UNIX: 1,
  AF_INET: 2,
  AF_INET6: 10,
  AF_NETLINK: 16,
  AF_PACKET: 17,
};

/**
 * A filter that lets these calls pass, and sockets of these families; all else is EPERM, but ENOSYS for clone3, whose
 * flags a filter cannot see (RestrictNamespaces=).
 */
export function seccompFilter(calls: readonly string[], families: readonly string[]): Buffer {
  const numbers = callNumbers();
  const program: number[][] = [];
  const answer = (what: number): void => void program.push([RETURN, 0, 0, what]);
  const ifEqual = (value: number, what: number): void => {
    program.push([JUMP_IF_EQUAL, 0, 1, value]);
    answer(what);
  };
  program.push([LOAD, 0, 0, ARCHITECTURE], [JUMP_IF_EQUAL, 1, 0, ARCHITECTURES[process.arch] ?? 0]);
  answer(ERRNO | constants.errno.EPERM);
  program.push([LOAD, 0, 0, NUMBER]);
  ifEqual(numbers.get('clone3') ?? -1 >>> 0, ERRNO | constants.errno.ENOSYS);
  for (const call of calls) {
    const number = numbers.get(call);
    if (number !== undefined && call !== 'socket' && call !== 'clone3') ifEqual(number, ALLOW);
  }
  // Of sockets the family counts.
  program.push([JUMP_IF_EQUAL, 1, 0, numbers.get('socket') ?? 0]);
  answer(ERRNO | constants.errno.EPERM);
  program.push([LOAD, 0, 0, FIRST_ARGUMENT]);
  for (const family of families) ifEqual(FAMILIES[family]!, ALLOW);
  answer(ERRNO | constants.errno.EAFNOSUPPORT);
  const bytes = Buffer.alloc(program.length * 8);
  program.forEach(([code, yes, no, value], index) => {
    bytes.writeUInt16LE(code!, index * 8);
    bytes.writeUInt8(yes!, index * 8 + 2);
    bytes.writeUInt8(no!, index * 8 + 3);
    bytes.writeUInt32LE(value! >>> 0, index * 8 + 4);
  });
  return bytes;
}

/** Numbers of system calls on this machine, by name, from the kernel's headers. */
function callNumbers(): ReadonlyMap<string, number> {
  const text = execFileSync('cpp', ['-dM', '-'], { input: '#include <asm/unistd.h>\n', encoding: 'utf8' });
  return new Map(
    [...text.matchAll(/^#define __NR_(\w+) (\d+)$/gm)].map(([, name, number]) => [name!, Number(number)]),
  );
}

/** A program in Python that puts a filter, a file, over itself and becomes another program. */
export const UNDER_FILTER = `
import ctypes, os, sys
program = open(sys.argv[1], 'rb').read()
class Fprog(ctypes.Structure):
    _fields_ = [('len', ctypes.c_ushort), ('filter', ctypes.c_void_p)]
buffer = ctypes.create_string_buffer(program, len(program))
fprog = Fprog(len(program) // 8, ctypes.cast(buffer, ctypes.c_void_p))
libc = ctypes.CDLL(None, use_errno=True)
if libc.prctl(38, 1, 0, 0, 0) != 0 or libc.prctl(22, 2, ctypes.byref(fprog), 0, 0) != 0:
    sys.exit('prctl: ' + os.strerror(ctypes.get_errno()))
os.execv(sys.argv[2], sys.argv[2:])
`;
