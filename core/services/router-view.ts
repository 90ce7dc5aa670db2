/** The virtual routers of the running generation, as a service sees them. */
import type { VirtualRouterConfig } from '../config/model.ts';
import type { RouterStatus } from '../plugin/contracts/index.ts';
import { HOLD_INTS, HOLD_NUMS, monotonicMs, readHold } from '../threads/hold-words.ts';
import { readFurther, readInPlace } from '../threads/in-place.ts';
import { readRouterWords } from '../threads/router-words.ts';
import { readStandby } from '../threads/standby-words.ts';
import { Int, macText, Num, STATE_NAMES } from '../threads/state-table.ts';
import { waitsForGroup } from '../threads/sync-status.ts';
import type { TableReader } from '../threads/table-views.ts';
import { TrackBoard } from '../threads/track-board.ts';

/** Fields of the state table that a {@link RouterStatus} comes of. */
const INTS = [
  Int.State,
  Int.Priority,
  Int.AuthType,
  Int.StandingBy,
  Int.OnVirtualInterface,
  Int.Wanted,
  Int.Applied,
  Int.Refused,
  Int.KernelErrno,
  Int.GiveUpErrno,
  Int.FurtherMissing,
  Int.FurtherErrno,
  Int.Checksum,
  Int.Fault,
  Int.Weight,
  ...HOLD_INTS,
  Int.Held,
  Int.Masterless,
] as const;
const NUMS = [Num.Since, Num.HardwareAddress, Num.MasterAdverInterval, ...HOLD_NUMS, Num.HeldUntil] as const;
const FIELDS = INTS.length + NUMS.length + 1;

/** Makes a new array only when something has changed: whoever keeps something by it can tell. */
export class RouterView {
  private readonly seen: Float64Array;
  private routers: readonly RouterStatus[] | undefined;
  /** Of the table and the trackers, before they were read last. */
  private version: number | undefined;
  private boardVersion = 0;
  /** When what was read of it is over without any change of it: monotonic ms. */
  private until = Number.POSITIVE_INFINITY;

  constructor(
    private readonly configs: readonly VirtualRouterConfig[],
    private readonly table: TableReader,
    private readonly board = new TrackBoard([], []),
  ) {
    this.seen = new Float64Array(configs.length * FIELDS).fill(Number.NaN);
  }

  /** Every virtual router as it is now. */
  read(): readonly RouterStatus[] {
    const { version } = this.table;
    const { version: boardVersion } = this.board;
    const isSameBoard = this.boardVersion === boardVersion;
    const isOver = this.until !== Number.POSITIVE_INFINITY && monotonicMs() >= this.until;
    if (this.routers && this.version === version && isSameBoard && !isOver) return this.routers;
    this.version = version;
    this.boardVersion = boardVersion;
    if (this.hasChanged() || !this.routers || !isSameBoard || isOver) {
      this.until = Number.POSITIVE_INFINITY;
      const now = monotonicMs();
      this.routers = this.configs.map((_, slot) => this.status(slot, now));
    }
    return this.routers;
  }

  private hasChanged(): boolean {
    const { seen, table } = this;
    let changed = false;
    let at = 0;
    const note = (value: number): void => {
      if (seen[at] !== value) {
        seen[at] = value;
        changed = true;
      }
      at++;
    };
    for (let slot = 0; slot < this.configs.length; slot++) {
      for (const field of INTS) note(table.int(slot, field));
      for (const field of NUMS) note(table.num(slot, field));
      note(waitsForGroup(table, slot, this.configs[slot]!) ? 1 : 0);
    }
    return changed;
  }

  private status(slot: number, now: number): RouterStatus {
    const { table } = this;
    const hold = readHold(table, slot, now);
    if (hold) this.until = Math.min(this.until, now + hold.left);
    const config = this.configs[slot]!;
    const { prefixLengths } = config;
    const standby = readStandby(table, slot);
    return {
      interface: config.interface,
      group: config.vrid,
      family: config.family,
      version: config.version,
      addresses: config.addresses,
      ...(prefixLengths === undefined ? {} : { prefixLengths }),
      // 0 in Initialize, before anything set it.
      priority: table.int(slot, Int.Priority) || config.priority,
      preempt: config.preempt,
      state: STATE_NAMES[table.int(slot, Int.State) as 0 | 1 | 2 | 3],
      since: table.num(slot, Num.Since),
      vifname: config.vifname,
      onVirtualInterface: table.int(slot, Int.OnVirtualInterface) === 1,
      authType: table.int(slot, Int.AuthType),
      ...(config.authType === undefined ? {} : { auth: config.authType }),
      hardwareAddress: macText(table.num(slot, Num.HardwareAddress)),
      ...readRouterWords(table, slot, config),
      ...readInPlace(table, slot),
      ...readFurther(table, slot, config),
      ...this.board.of(config, table, slot),
      ...(config.sync === undefined ? {} : { waiting: waitsForGroup(table, slot, config) }),
      standingBy: table.int(slot, Int.StandingBy) === 1,
      ...(standby === undefined ? {} : { standby }),
      ...(hold && { hold: { reason: hold.reason, until: Math.round(Date.now() + hold.left) } }),
    };
  }
}
