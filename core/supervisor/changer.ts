/**
 * Changes of the configuration that do not come from its file: checked like the file, brought into force like a
 * reload, and written back. All of it happens or nothing.
 */
import { EditError, ENTRY_WORDS, editTexts } from '../config/edit.ts';
import { isNamed, nameText } from '../config/identity.ts';
import type { ConfigIssue } from '../config/index.ts';
import type {
  ChangeIssue,
  ChangeOutcome,
  ChangeRefusal,
  ChangeRequest,
  ConfigurationChange,
  RouterName,
} from '../plugin/contracts/index.ts';
import { CodedError, codeOf, type ErrorCode, messageOf } from '../shared/errors.ts';
import { readRegularFile } from '../shared/read-file.ts';
import type { Applier } from './applier.ts';
import { changeRequestFault } from './change-request.ts';
import type { Daemon } from './daemon.ts';
import { failOverFault } from './fail-over.ts';
import type { Start } from './generation.ts';
import { describeIssue, logIssues } from './issues.ts';
import { documentOf, type PrepareOptions, prepareText } from './prepare.ts';
import { type ConfigurationSource, configurationTag, filesOf, isTemporary, withTexts } from './source.ts';
import { stageFiles } from './stage-files.ts';
import type { Standby, StandbyOutcome } from './standby.ts';
import type { Turn } from './turns.ts';

/** A change that is right, about to be brought into force. */
interface Application {
  /** Absent: the configuration stays as it is. */
  readonly start?: Start;
  /** Warnings. */
  readonly issues: readonly ConfigIssue[];
  readonly failOver: readonly RouterName[];
  /** Who asked for it; undefined if that was not said. */
  readonly by: string | undefined;
  /** What it is, for the log. */
  readonly what: string;
}

/** What each refusal is called in the catalogue, unless more is known. */
const CODES: Readonly<Record<ChangeRefusal, ErrorCode>> = {
  stale: 'config-stale',
  missing: 'router-missing',
  exists: 'router-exists',
  invalid: 'config-invalid',
  conflict: 'router-state',
  failed: 'failed',
};

/** What an order is refused for, by code. */
const ORDER_REFUSALS: Readonly<Partial<Record<ErrorCode, ChangeRefusal>>> = {
  'request-invalid': 'invalid',
  'router-missing': 'invalid',
  'router-state': 'conflict',
  'no-backup': 'conflict',
};

/** Whether it is about stand-by, right or not. */
function isStandbyRequest(request: ChangeRequest): boolean {
  const { standby, resume } = (request as Partial<ChangeRequest> | null) ?? {};
  return standby !== undefined || resume !== undefined;
}

/** Why nothing is changed. */
class Refusal extends CodedError {
  /** @param code absent: what is usual for the reason */
  constructor(
    readonly reason: ChangeRefusal,
    message: string,
    readonly issues: readonly ConfigIssue[] = [],
    code: ErrorCode = CODES[reason],
  ) {
    super(code, message);
  }
}

/** See the file's comment. */
export class Changer {
  /** @param options hold for every configuration */
  constructor(
    private readonly daemon: Pick<Daemon, 'start' | 'table' | 'turns' | 'twinFault'>,
    private readonly applier: Applier,
    private readonly options: PrepareOptions,
    private readonly standby: Pick<Standby, 'standBy' | 'resume'>,
  ) {}

  /** Does what a service asks for, or says why not. Never rejects. */
  perform(request: ChangeRequest): Promise<ChangeOutcome> {
    // It takes as long as there are Masters, and has its turns in between.
    if (isStandbyRequest(request)) return this.outcomeOf(() => this.order(request));
    return this.daemon.turns.take((turn) => this.outcomeOf(() => this.change(request, turn)));
  }

  private async outcomeOf(work: () => Promise<ChangeOutcome>): Promise<ChangeOutcome> {
    try {
      return await work();
    } catch (error) {
      const refusal =
        error instanceof Refusal ? error : new Refusal('failed', messageOf(error), [], codeOf(error));
      const { reason, code, message, issues } = refusal;
      return { ok: false, reason, code, message, issues: issues.map(publicIssue) };
    }
  }

  /** What has to hold for any request. @throws Refusal */
  private expectRight(request: ChangeRequest): void {
    const wrong = changeRequestFault(request);
    if (wrong !== undefined)
      throw new Refusal('invalid', `not a change request: ${wrong}`, [], 'request-invalid');
    if (request.onlyIf !== undefined && request.onlyIf !== configurationTag(this.daemon.start.source)) {
      throw new Refusal('stale', 'the configuration has changed since: read it again');
    }
  }

  /** Stand-by, or its end. */
  private async order(request: ChangeRequest): Promise<ChangeOutcome> {
    this.expectRight(request);
    const { standby, resume, by = 'a service', dryRun = false } = request;
    const outcome = await this.ordered(standby, resume, { by, dryRun }).catch((error: unknown) => {
      const code = codeOf(error);
      const reason = ORDER_REFUSALS[code] ?? 'failed';
      throw new Refusal(reason, messageOf(error), [], code);
    });
    const { routers, moved, stuck, left, warnings, error } = outcome;
    if (error !== undefined) throw new Refusal('conflict', error, [], outcome.code);
    const { start } = this.daemon;
    const issues = warnings.map((message) => ({ severity: 'warning' as const, directive: '', message }));
    const tag = configurationTag(start.source);
    return { ok: true, tag, data: start.api?.data ?? {}, issues, standby: { routers, moved, stuck, left } };
  }

  private async ordered(
    standby: ChangeRequest['standby'],
    resume: ChangeRequest['resume'],
    more: { readonly by: string; readonly dryRun: boolean },
  ): Promise<StandbyOutcome> {
    if (standby === undefined) return this.standby.resume(resume?.names ?? [], more);
    const { names, for: lasts, force, rate } = standby;
    return this.standby.standBy(names, {
      ...more,
      ...(lasts !== undefined && { lasts: lasts * 1000 }),
      ...(force !== undefined && { force }),
      ...(rate !== undefined && { rate }),
    });
  }

  private async change(request: ChangeRequest, turn: Turn): Promise<ChangeOutcome> {
    const { daemon } = this;
    this.expectRight(request);
    const { source } = daemon.start;
    for (const name of request.failOver ?? []) {
      const fault = failOverFault(name, daemon);
      if (fault) throw new Refusal(fault.reason, fault.message);
    }
    const next = this.edited(source, request);
    const { start, issues } = this.prepared(next);
    for (const name of request.failOver ?? []) {
      const stays = start.config.virtualRouters.some((router) => isNamed(router, name));
      if (stays) continue;
      const what = `the same change removes or renames ${nameText(name)}, which then gives up anyway`;
      throw new Refusal('conflict', `${what}: leave it out of the fail-over`);
    }
    const twin = await turn.aside(daemon.twinFault(start));
    if (twin !== undefined) throw new Refusal('conflict', twin, [], 'router-taken');
    const temporary = request.temporary === true;
    // Without the temporary changes it must be right as well: that is what the next start will find.
    if (!temporary && isTemporary(next)) this.prepared(asSaved(next));
    const failOver = request.failOver ?? [];
    const isSame = configurationTag(next) === configurationTag(source);
    if (request.dryRun !== true && !(isSame && failOver.length === 0)) {
      const texts = changedTexts(source, next);
      const what = describeRequest(request);
      const application = { ...(!isSame && { start }), issues, failOver, by: request.by, what };
      await this.bring(application, texts, turn);
    }
    const tag = configurationTag(daemon.start.source);
    return { ok: true, tag, data: start.api?.data ?? {}, issues: issues.map(publicIssue) };
  }

  /** All texts after the change. */
  private edited(source: ConfigurationSource, { changes, temporary }: ChangeRequest): ConfigurationSource {
    if (changes.length === 0) return source;
    const texts = this.edit(source, changes);
    const next = withTexts(source, ({ file }) => ({ text: texts.get(file)! }));
    if (temporary === true) return next;
    const saved = isTemporary(source) ? this.edit(asSaved(source), changes) : texts;
    return withTexts(next, ({ file }) => ({ fileText: saved.get(file)! }));
  }

  private edit(
    source: ConfigurationSource,
    changes: readonly ConfigurationChange[],
  ): ReadonlyMap<string, string> {
    const document = documentOf(source);
    const texts = new Map(filesOf(source).map(({ file, text }) => [file, text]));
    try {
      return editTexts(document, texts, changes, this.daemon.start.schemas);
    } catch (error) {
      if (!(error instanceof EditError)) throw error;
      throw new Refusal(error.reason, error.message, [], error.code);
    }
  }

  private prepared(source: ConfigurationSource): { start: Start; issues: readonly ConfigIssue[] } {
    const { start, issues } = prepareText(source, this.options);
    if (start) return { start: { ...start, places: this.daemon.start.places }, issues };
    throw new Refusal('invalid', 'the configuration would have errors', issues);
  }

  /** @throws Refusal if a file does not say any more what it said when it was read or written last */
  private async expectUntouched(source: ConfigurationSource, turn: Turn): Promise<void> {
    for (const { file, fileText } of filesOf(source)) {
      const now = await turn.aside(readRegularFile(file)).catch((error: unknown) => {
        throw new Refusal('failed', `${file} cannot be read: ${messageOf(error)}`);
      });
      // Octets, so that a file in another encoding than UTF-8 is not garbled.
      if (now.equals(Buffer.from(fileText))) continue;
      const advice = 'reload it first, or make the change temporary';
      throw new Refusal('conflict', `${file} was edited since it was loaded: ${advice}`, [], 'config-edited');
    }
  }

  /** Brings it into force, and into the files that there are texts for. */
  private async bring(
    application: Application,
    texts: ReadonlyMap<string, string>,
    turn: Turn,
  ): Promise<void> {
    const before = this.daemon.start;
    const { source } = before;
    if (texts.size === 0) return this.apply(application);
    await this.expectUntouched(source, turn);
    const files = await turn.aside(stageFiles(texts));
    try {
      await this.apply(application);
    } catch (error) {
      await files.discard();
      throw error;
    }
    try {
      await this.expectUntouched(source, turn);
      await turn.aside(files.commit(filesOf(source)));
    } catch (error) {
      // Rare: everything was written before, only the names were not given yet.
      await files.discard();
      await this.apply({ ...application, start: before, failOver: [], what: 'back to what it was' });
      throw error;
    }
  }

  /** Brings it into force, and tells everybody. @throws Error why it could not; then everything is as before */
  private async apply({ start, issues, failOver, by, what }: Application): Promise<void> {
    const { applier } = this;
    applier.log.info(`${by ?? 'a service'} asks for: ${what}`);
    logIssues(issues, applier.log);
    const found = issues.map(describeIssue);
    const outcome = await applier.told('change', found, () => applier.bring(start, failOver));
    if (!outcome.ok) throw new CodedError(outcome.code ?? 'failed', outcome.error ?? '');
  }
}

/** What the next start would find. */
function asSaved(source: ConfigurationSource): ConfigurationSource {
  return withTexts(source, ({ fileText }) => ({ text: fileText }));
}

/** Texts of the files that are to be written, by their paths. */
function changedTexts(before: ConfigurationSource, after: ConfigurationSource): ReadonlyMap<string, string> {
  const old = new Map(filesOf(before).map(({ file, fileText }) => [file, fileText]));
  const changed = filesOf(after).filter(({ file, fileText }) => old.get(file) !== fileText);
  return new Map(changed.map(({ file, fileText }) => [file, fileText]));
}

function publicIssue({ severity, directive, value, message }: ConfigIssue): ChangeIssue {
  return { severity, directive, ...(value === undefined ? {} : { value }), message };
}

/** Which directives and virtual routers are concerned; no values, they may be secrets. */
function describeRequest({ changes, failOver, temporary }: ChangeRequest): string {
  const parts = changes.map(describeChange);
  for (const name of failOver ?? []) parts.push(`fail over ${nameText(name)}`);
  return `${parts.join('; ')}${temporary === true ? ' (temporary)' : ''}`;
}

function describeChange(change: ConfigurationChange): string {
  switch (change.op) {
    case 'set':
      return `${change.value === undefined ? 'remove' : 'set'} ${change.path.join('.')}`;
    case 'add-router':
      return `add group ${String(change.table.group)} on ${String(change.table.interface)}`;
    case 'change-router':
      return `change ${Object.keys(change.patch).join(', ')} of ${nameText(change.router)}`;
    case 'remove-router':
      return `remove ${nameText(change.router)}`;
    case 'add-entry':
      return `add ${ENTRY_WORDS[change.list]} ${String(change.table.name)}`;
    case 'change-entry':
      return `change ${Object.keys(change.patch).join(', ')} of ${ENTRY_WORDS[change.list]} ${change.name}`;
    case 'remove-entry':
      return `remove ${ENTRY_WORDS[change.list]} ${change.name}`;
  }
}
