/**
 * Keeps what authentication must not forget in a file, so that it outlives the daemon: after a start none of the packets
 * that were accepted before is accepted again. The engine is never waited for, nor waits itself: this is read and written
 * beside it. The file belongs into /run: the times in it count from the boot.
 */
import { readFileSync } from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import { routerKey } from '../config/identity.ts';
import type { VirtualRouterConfig } from '../config/model.ts';
import { messageOf } from '../shared/errors.ts';
import { readRegularFileSync } from '../shared/read-file.ts';
import { AUTH_MEMORY, type AuthMemories } from '../threads/auth-memory.ts';

/** The file is written at most once in this many ms. */
const PAUSE = 200;

/** First line of the file. */
interface Header {
  readonly auth: 1;
  /** /proc/sys/kernel/random/boot_id (man 4 random). */
  readonly boot: string;
}

/** Every other line: a virtual router's memory. */
interface Entry {
  /** See `routerKey`. */
  readonly router: string;
  /** See `ownerNumber`. */
  readonly owner: number;
  /** Base64, zeros at its end left out. */
  readonly memory: string;
}

/** Octets of the file: more than tens of thousands of virtual routers have. */
const LARGEST = 1 << 28;

/** See the file's comment. */
export class AuthKeeper {
  /** By virtual router: those that are not configured any more too, they may come back. */
  private readonly entries = new Map<string, Entry>();
  private current: { readonly memories: AuthMemories; readonly keys: readonly string[] } | undefined;
  private saved = 0;
  /** There are entries that are not in the file. */
  private dirty = false;
  private timer: NodeJS.Timeout | undefined;
  private writing: Promise<void> | undefined;
  /** Told that the file cannot be written; undefined: it can again. */
  onTrouble: (text: string | undefined) => void = () => {};
  private readonly boot = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();

  /** Reads the file. One that is not there, or of another boot, or damaged, is none. */
  constructor(private readonly file: string) {
    let lines: string[];
    try {
      lines = readRegularFileSync(file, LARGEST).toString('utf8').split('\n');
    } catch {
      return; // the first start
    }
    const [first = '', ...rest] = lines;
    const header = parsed(first) as Partial<Header> | undefined;
    if (header?.auth !== 1 || header.boot !== this.boot) return;
    for (const line of rest) {
      const entry = parsed(line) as Partial<Entry> | undefined;
      const { router, owner, memory } = entry ?? {};
      if (typeof router !== 'string' || typeof owner !== 'number' || typeof memory !== 'string') continue;
      if (Buffer.from(memory, 'base64').length <= AUTH_MEMORY)
        this.entries.set(router, { router, owner, memory });
    }
  }

  /** Fills the memories of a generation that is about to start with what is known of its virtual routers. */
  fill(memories: AuthMemories, routers: readonly VirtualRouterConfig[]): void {
    if (memories.slots === 0) return;
    this.take(); // what a generation that still runs has had to save
    for (const [slot, router] of routers.entries()) {
      const entry = this.entries.get(routerKey(router));
      if (entry) memories.put(slot, entry.owner, Buffer.from(entry.memory, 'base64'));
    }
  }

  /** A generation runs: from now on its memories are kept. */
  follow(memories: AuthMemories, routers: readonly VirtualRouterConfig[]): void {
    this.take();
    this.current = { memories, keys: routers.map(routerKey) };
    this.saved = -1;
    for (const slot of routers.keys()) if (slot < memories.slots) memories.save(slot);
    this.changed();
  }

  /** Something is to be kept: it is soon. */
  changed(): void {
    if (this.current?.memories.slots === 0 && this.entries.size === 0) return;
    this.timer ??= setTimeout(() => {
      this.timer = undefined;
      void this.write();
    }, PAUSE).unref();
  }

  /** Writes what is not in the file yet. To be called once nothing changes any more. */
  async flush(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    await this.writing;
    await this.write();
  }

  /** Takes in what the running generation has. */
  private take(): void {
    if (!this.current) return;
    const { memories, keys } = this.current;
    if (memories.slots === 0 || memories.saves === this.saved) return;
    this.dirty = true;
    this.saved = memories.saves;
    for (const [slot, router] of keys.entries()) {
      if (!memories.takeSaved(slot) || !memories.isUsed(slot)) continue;
      const memory = withoutZeros(memories.place(slot)).toString('base64');
      this.entries.set(router, { router, owner: memories.owner(slot), memory });
    }
  }

  private async write(): Promise<void> {
    this.take();
    if (!this.dirty) return;
    this.dirty = false;
    const header: Header = { auth: 1, boot: this.boot };
    const text = [header, ...this.entries.values()].map((line) => `${JSON.stringify(line)}\n`).join('');
    this.writing = this.replace(text).then(
      () => this.onTrouble(undefined),
      (error: unknown) => {
        this.dirty = true; // once more, with the next change
        this.onTrouble(
          `what authentication must not forget cannot be written: ${messageOf(error)}: after a restart, packets that ` +
            'were recorded before it may be accepted again',
        );
      },
    );
    await this.writing;
    this.writing = undefined;
  }

  private async replace(text: string): Promise<void> {
    const next = `${this.file}.new`;
    await writeFile(next, text, { mode: 0o600 });
    await rename(next, this.file);
  }
}

/** A copy that ends with the last octet that is not zero. */
function withoutZeros(bytes: Uint8Array): Buffer {
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0) end--;
  return Buffer.from(bytes.subarray(0, end));
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
