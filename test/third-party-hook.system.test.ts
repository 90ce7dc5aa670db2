import path from 'node:path';
import { expect, it } from 'vitest';
import { Author, filesIn } from './lab/author.ts';
import { withLab } from './lab/lab.ts';
import { describeSystem } from './lab/requirements.ts';

// A hook from outside, made from the template. How it is installed and replaced is the same as for trackers.

describeSystem('a hook of a third party', () => {
  it.concurrent(
    'made from the template: its types hold, its tests pass, its package has what it needs',
    () =>
      withLab(async (lab) => {
        const author = await Author.begin(path.join(lab.folder, 'author'), 'plugin-notify');
        // Each of them is a process of its own, and most of what it takes is to start it.
        const [report, tarball] = await Promise.all([author.test(), author.pack(), author.check()]);
        expect(report).toMatch(/^# pass [1-9][0-9]?/m);
        expect(report).toMatch(/^# fail 0$/m);
        expect(await filesIn(tarball)).toEqual(
          ['index.js', 'package.json', 'README.md', 'schema.json'].map((name) => `package/${name}`).sort(),
        );
        // A test that cannot fail would say the same of a broken plugin.
        author.edit("answer === 'ok' ?", "answer !== 'ok' ?");
        author.edit("kind: 'notify'", "kind: 'notifier'");
        await Promise.all([
          expect(author.test()).rejects.toThrow(/not ok .*of kind notify[\s\S]*not ok .*each once/),
          expect(author.check()).rejects.toThrow(/index\.js\(\d+,\d+\): error/),
        ]);
      }),
    120_000,
  );
});
