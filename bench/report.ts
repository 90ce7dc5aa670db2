/** What a benchmark prints: a table for people, then one line of JSON for programs. */
import { cpus, release } from 'node:os';
import { median } from './statistics.ts';

/** Numbers by name; the name says the unit. */
export type Measures = Readonly<Record<string, number>>;

/** A measure and the greatest share of keepalived's value that is good enough. */
export type Goals = Readonly<Record<string, { readonly most?: number; readonly shareOfPeer?: number }>>;

function format(value: number | undefined): string {
  if (value === undefined || Number.isNaN(value)) return '–';
  return Math.abs(value) >= 100 ? value.toFixed(0) : value.toFixed(2);
}

function goalText(goal: Goals[string] | undefined): string {
  if (goal?.most !== undefined) return `≤ ${goal.most}`;
  return goal?.shareOfPeer === undefined ? '' : `≤ ${goal.shareOfPeer} × keepalived`;
}

/**
 * Prints the medians of all rounds of both daemons, and whether the goals are met.
 * @returns whether they are
 */
export function report(
  title: string,
  rounds: { readonly rvrrpd: readonly Measures[]; readonly keepalived: readonly Measures[] },
  goals: Goals,
): boolean {
  const names = Object.keys(rounds.rvrrpd[0] ?? {});
  let met = true;
  const rows = names.map((name) => {
    const ours = median(rounds.rvrrpd.map((measures) => measures[name]!));
    const peer = median(rounds.keepalived.map((measures) => measures[name]!));
    const goal = goals[name];
    const ok =
      (goal?.most === undefined || ours <= goal.most) &&
      (goal?.shareOfPeer === undefined || ours <= goal.shareOfPeer * peer);
    met &&= ok;
    return {
      name,
      ours,
      peer,
      ratio: ours / peer,
      goal: goalText(goal),
      ok: goal === undefined ? '' : ok ? 'met' : 'MISSED',
    };
  });
  const width = Math.max(...names.map((name) => name.length));
  const line = (...cells: string[]) =>
    console.log(
      cells
        .map((cell, index) => (index === 0 ? cell.padEnd(width) : cell.padStart(12)))
        .join('  ')
        .trimEnd(),
    );
  console.log(`\n${title}`);
  console.log(
    `medians of ${rounds.rvrrpd.length} and ${rounds.keepalived.length} rounds, ${cpus().length} processors, Linux ${release()}, Node.js ${process.version}\n`,
  );
  line('', 'rvrrpd', 'keepalived', 'ratio');
  for (const row of rows) {
    line(row.name, format(row.ours), format(row.peer), format(row.ratio), row.ok.padStart(7), row.goal);
  }
  console.log(`\n${JSON.stringify({ title, met, rows, rounds })}`);
  return met;
}

/**
 * Prints two runs of the same daemon beside each other, the rows being those of the first, and what was missed.
 * @param runs by the heading of their column
 */
export function sideBySide(
  title: string,
  runs: Readonly<Record<string, Measures>>,
  faults: readonly string[],
): void {
  const names = Object.keys(Object.values(runs)[0] ?? {});
  const width = Math.max(...names.map((name) => name.length));
  const cell = (value: number | undefined): string =>
    (value === undefined ? '' : value.toFixed(Number.isInteger(value) ? 0 : 3)).padStart(14);
  const headings = Object.keys(runs).map((heading) => heading.padStart(14));
  console.log(`\n${title}\n${' '.repeat(width)}${headings.join('')}`);
  for (const name of names) {
    console.log(
      name.padEnd(width) +
        Object.values(runs)
          .map((measures) => cell(measures[name]))
          .join(''),
    );
  }
  console.log(faults.length === 0 ? 'all goals met' : `MISSED: ${faults.join('; ')}`);
}
