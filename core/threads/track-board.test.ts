import { expect, test } from 'vitest';
import type { RouterTrack, VirtualRouterConfig } from '../config/model.ts';
import { Cause, trackerCause } from './event-ring.ts';
import { Int, State, StateTable } from './state-table.ts';
import { faultIn, TrackBoard } from './track-board.ts';
import { TrackCell, Verdict } from './track-cell.ts';

const NAMES = ['uplink', 'web', 'dns'];

function made(verdicts: readonly Verdict[], found: readonly (number | undefined)[] = []) {
  const cells = verdicts.map((verdict, index) => {
    const cell = TrackCell.allocate();
    cell.write({
      verdict,
      weight: found[index],
      since: index,
      heldUntil: 0,
      words: `words of ${NAMES[index]}`,
    });
    return cell;
  });
  const identities = NAMES.map((name) => ({ name, type: 'x' }));
  const board = new TrackBoard(
    identities,
    cells.map(({ buffer }) => buffer),
  );
  return { board, cells, table: StateTable.allocate(1) };
}

const router = (track?: readonly RouterTrack[]) =>
  ({ priority: 100, ...(track && { track }) }) as VirtualRouterConfig;

test('what a priority comes of', () => {
  const { board } = made([Verdict.Down, Verdict.Up, Verdict.None], [undefined, undefined, undefined]);
  const text = (...track: RouterTrack[]): string => board.priorityText(router(track));
  expect(text()).toBe('100');
  expect(text({ name: 'uplink' })).toBe('100');
  expect(text({ name: 'uplink', weight: -30 })).toBe('100 - 30 (uplink) = 70');
  expect(text({ name: 'uplink', weight: -30 }, { name: 'web', weight: 5 })).toBe(
    '100 - 30 (uplink) + 5 (web) = 75',
  );
  expect(text({ name: 'uplink', weight: -200 })).toBe('100 - 200 (uplink) = -100, at least 1');
  expect(text({ name: 'web', weight: 200 })).toBe('100 + 200 (web) = 300, at most 254');
  expect(text({ name: 'uplink', weight: 30 }, { name: 'dns', weight: -5 })).toBe('100');
  const { board: finding } = made([Verdict.Up, Verdict.Up, Verdict.Up], [-7]);
  expect(finding.priorityText(router([{ name: 'uplink', weight: 1 }]))).toBe('100 - 7 (uplink) = 93');
});

test('what trackers mean to a virtual router', () => {
  const { board, table } = made([Verdict.Down, Verdict.Up, Verdict.None]);
  expect(board.of(router(), table, 0)).toEqual({});
  const tracked = router([{ name: 'uplink' }, { name: 'web', weight: 5 }]);
  expect(board.of(tracked, table, 0)).toEqual({
    trackers: [
      { name: 'uplink', type: 'x', verdict: 'down', since: 0, words: 'words of uplink' },
      { name: 'web', type: 'x', verdict: 'up', since: 1, words: 'words of web', weight: 5, adds: 5 },
    ],
    priorityParts: {
      ...{
        configured: 100,
        parts: [{ tracker: 'web', adds: 5 }],
        priority: 105,
        text: '100 + 5 (web) = 105',
      },
    },
  });
  table.setInt(0, Int.Priority, 255); // its owner's is nobody's to change
  expect(board.of(tracked, table, 0).priorityParts).toBeUndefined();
});

test('why it does not run', () => {
  const { board, table } = made([Verdict.Down, Verdict.Up, Verdict.None]);
  const fault = () => board.of(router(), table, 0).fault;
  table.setInt(0, Int.State, State.Down);
  table.setInt(0, Int.Fault, trackerCause(Cause.TrackerFailed, 0));
  expect(fault()).toEqual({ reason: 'tracker uplink is down: words of uplink', tracker: 'uplink' });
  table.setInt(0, Int.State, State.Initialize);
  table.setInt(0, Int.Fault, trackerCause(Cause.TrackerAwaited, 2));
  expect(fault()).toEqual({ reason: 'waiting for tracker dns', tracker: 'dns' });
  table.setInt(0, Int.State, State.Backup);
  expect(fault()).toBeUndefined();
});

test('causes in words, and which state is Fault', () => {
  const { board } = made([Verdict.Down, Verdict.Up, Verdict.None]);
  expect(board.causeText(Cause.Startup)).toBe('startup');
  const [failed, recovered] = [trackerCause(Cause.TrackerFailed, 1), trackerCause(Cause.TrackersUp, 1)];
  expect(board.causeText(failed)).toBe('tracker web is down: words of web');
  expect(board.causeText(recovered)).toBe('tracker web does not fail any more');
  expect(faultIn(failed, State.Master, State.Down)).toBe('to');
  expect(faultIn(recovered, State.Down, State.Backup)).toBe('from');
  expect(faultIn(Cause.InterfaceDown, State.Master, State.Down)).toBeUndefined();
});

test('its version changes with whatever a tracker says', () => {
  const { board, cells } = made([Verdict.Up, Verdict.Up, Verdict.Up]);
  const { version } = board;
  cells[1]!.write({ ...cells[1]!.read(), words: 'other' });
  expect(board.version).not.toBe(version);
});
