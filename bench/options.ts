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
