/**
 * The life of a worker as the supervisor sees it. Pure.
 *
 * | state      | it …                                                | it leaves the state                              |
 * |------------|-----------------------------------------------------|--------------------------------------------------|
 * | `loading`  | loads its code and its plugins                      | `prepared`, or `failed`                          |
 * | `prepared` | waits for `go`, or starts                           | `ready`: `running`; `failed`                     |
 * | `running`  | does its work                                       | `failed`: `breaking`, it holds something by now  |
 * | `failed`   | could not start, holds nothing, waits for nothing   | when its thread is ended                         |
 * | `released` | let go of all it had, to a successor that may fail  | `dismissed` once that runs, else `crash`         |
 * | `ending`   | was told to end                                     | `stopped`, `failed`: `done`                      |
 * | `done`     | was told to end, and holds nothing any more         | `gone`: `ended`                                  |
 * | `breaking` | counts as crashed, its thread is being ended        | `gone`: `broken`; or its end is wanted by now    |
 * | `ended`    | is gone, as it was told                             |                                                  |
 * | `broken`   | is gone, and nobody had told it to                  |                                                  |
 *
 * | event       | is                                                                       |
 * |-------------|--------------------------------------------------------------------------|
 * | `prepared`  | its report: loaded                                                       |
 * | `ready`     | its report: works                                                        |
 * | `failed`    | its report: cannot go on; before `ready` nothing has come of it          |
 * | `stopped`   | its report: has stopped, or has handed over                              |
 * | `dismissed` | the supervisor wants its end                                             |
 * | `crash`     | the supervisor takes it for crashed                                      |
 * | `gone`      | its thread has ended                                                     |
 *
 * What an event does in a state is in {@link next}; nothing where nothing is said.
 */

/** See the file's comment. */
export type WorkerState =
  | 'loading'
  | 'prepared'
  | 'running'
  | 'failed'
  | 'released'
  | 'ending'
  | 'done'
  | 'breaking'
  | 'ended'
  | 'broken';

/** See the file's comment. */
export type WorkerEvent = 'prepared' | 'ready' | 'failed' | 'stopped' | 'dismissed' | 'crash' | 'gone';

const TABLE: Readonly<Record<WorkerState, Readonly<Partial<Record<WorkerEvent, WorkerState>>>>> = {
  loading: {
    prepared: 'prepared',
    failed: 'failed',
    stopped: 'released',
    dismissed: 'ending',
    crash: 'breaking',
    gone: 'broken',
  },
  prepared: {
    ready: 'running',
    failed: 'failed',
    stopped: 'released',
    dismissed: 'ending',
    crash: 'breaking',
    gone: 'broken',
  },
  running: {
    failed: 'breaking',
    stopped: 'released',
    dismissed: 'ending',
    crash: 'breaking',
    gone: 'broken',
  },
  failed: { dismissed: 'done', crash: 'breaking', gone: 'broken' },
  released: { failed: 'breaking', dismissed: 'done', crash: 'breaking', gone: 'broken' },
  // What fails while it stops will not say that it has stopped.
  ending: { stopped: 'done', failed: 'done', gone: 'ended' },
  done: { gone: 'ended' },
  breaking: { dismissed: 'done', gone: 'broken' },
  ended: {},
  broken: {},
};

/** The state after an event; the same where the event means nothing. */
export function next(state: WorkerState, event: WorkerEvent): WorkerState {
  return TABLE[state][event] ?? state;
}

/** Whether it has nothing (any more) that a successor or the kernel could miss. */
export function holdsNothing(state: WorkerState): boolean {
  return ['failed', 'released', 'done', 'ended', 'broken'].includes(state);
}

/** Whether its thread has ended. */
export function isGone(state: WorkerState): boolean {
  return state === 'ended' || state === 'broken';
}
