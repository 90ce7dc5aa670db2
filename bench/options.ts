/** Options of the benchmarks' command lines: `--name=value`. */

/** What an option is given as; undefined: it is not. */
export function option(name: string): string | undefined {
  const given = process.argv.find((argument) => argument.startsWith(`--${name}=`));
  return given?.slice(name.length + 3);
}

/** An option that says how many. Ends the program if that is no whole number of 1 or more. */
export function count(name: string, otherwise: number): number {
  const given = option(name);
  if (given === undefined) return otherwise;
  const number = Number(given);
  if (Number.isInteger(number) && number > 0) return number;
  console.error(`--${name}: a whole number of 1 or more is expected`);
  process.exit(2);
}

/** The runs that have the title which `--only=` names, or all. Ends the program if there are none. */
export function chosen<T extends { readonly title: string }>(runs: readonly T[]): readonly T[] {
  const only = option('only');
  if (only === undefined) return runs;
  const those = runs.filter(({ title }) => title === only);
  if (those.length > 0) return those;
  console.error(
    `--only: one of ${[...new Set(runs.map(({ title }) => `"${title}"`))].join(', ')} is expected`,
  );
  process.exit(2);
}
