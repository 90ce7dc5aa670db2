/** Replaces several files by other texts, all of them or none: see core/shared/replace-file.ts. */
import { type StagedFile, stageFile } from '../shared/replace-file.ts';
import type { SourceFile } from './source.ts';

/** New texts that lie ready beside the files that they are to replace. */
export interface StagedFiles {
  /**
   * Puts them in place.
   * @param before what they replace: it is put back should one of them fail
   * @throws Error if one cannot be put in place
   */
  commit(before: readonly Pick<SourceFile, 'file' | 'fileText'>[]): Promise<void>;
  /** Gives them up, but for those that are in place. Never rejects. */
  discard(): Promise<void>;
}

/** Makes them ready. @param texts by the files' paths @throws Error if one cannot be; nothing is left behind then */
export async function stageFiles(texts: ReadonlyMap<string, string>): Promise<StagedFiles> {
  const staged = new Map<string, StagedFile>();
  const discard = async (): Promise<void> => {
    for (const file of staged.values()) await file.discard();
  };
  try {
    for (const [file, text] of texts) staged.set(file, await stageFile(file, text));
  } catch (error) {
    await discard();
    throw error;
  }
  const commit: StagedFiles['commit'] = async (before) => {
    const done: string[] = [];
    try {
      for (const [path, file] of staged) {
        await file.commit();
        done.push(path);
      }
    } catch (error) {
      for (const path of done) {
        const old = before.find(({ file }) => file === path);
        if (old === undefined) continue;
        await stageFile(path, old.fileText).then(
          (file) => file.commit(),
          () => {}, // the first error is told: it names what is wrong with the file system
        );
      }
      throw error;
    }
  };
  return { commit, discard };
}
