import path from 'node:path';
import { expect, it } from 'vitest';
import { Author, filesIn } from './lab/author.ts';
import { withLab } from './lab/lab.ts';
import { describeSystem } from './lab/requirements.ts';

// A hook from outside, made from the template. How it is installed and replaced is the same as for trackers.

/** A plugin of no kind that there is. */
const BROKEN = `import type { NotifyPlugin } from 'rvrrpd/plugin';
const plugin: NotifyPlugin = { kind: 'notifier', create: () => ({ deliver: () => {} }) };
export default plugin;
`;

describeSystem('a hook of a third party', () => {
  it.concurrent(
    'made from the template: its types hold, its tests pass, its package has what it needs',
    () =>
      withLab(async (lab) => {
        const author = await Author.begin(path.join(lab.folder, 'author'), 'plugin-notify');
        // A check that cannot fail would say the same of a broken plugin. It is not looked for twice: it takes long.
        author.add('test/broken.ts', BROKEN);
        const [report, tarball, complaints] = await Promise.all([
          author.test(),
          author.pack(),
          author.check().then(
            () => 'none',
            ({ message }: Error) => message,
          ),
        ]);
        expect(complaints).toMatch(/^test\/broken\.ts\(2,\d+\): error .*"notifier"/m);
        expect(complaints.match(/^\S+\(\d+,\d+\): error/gm)).toHaveLength(1);
        expect(report).toMatch(/^# pass [1-9][0-9]?/m);
        expect(report).toMatch(/^# fail 0$/m);
        expect(await filesIn(tarball)).toEqual(
          ['index.js', 'package.json', 'README.md', 'schema.json'].map((name) => `package/${name}`).sort(),
        );
        author.edit("answer === 'ok' ?", "answer !== 'ok' ?");
        await expect(author.test()).rejects.toThrow(/not ok .*each once/);
      }),
    240_000,
  );
});
