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
        await author.check();
        const report = await author.test();
        expect(report).toMatch(/^# pass [1-9][0-9]?/m);
        expect(report).toMatch(/^# fail 0$/m);
        expect(await filesIn(await author.pack())).toEqual(
          ['index.js', 'package.json', 'README.md', 'schema.json'].map((name) => `package/${name}`).sort(),
        );
        // A test that cannot fail would say the same of a broken plugin.
        author.edit("answer === 'ok' ?", "answer !== 'ok' ?");
        await expect(author.test()).rejects.toThrow(/not ok .*each once/);
        author.edit("kind: 'notify'", "kind: 'notifier'");
        await expect(author.check()).rejects.toThrow(/index\.js\(\d+,\d+\): error/);
      }),
    240_000,
  );
});
