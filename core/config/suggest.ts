/** "Did you mean …?" for misspelt directives and plugin names. */

/**
 * The candidate nearest to `word`, if it is near enough to be what was meant: at most a third of its
 * letters differ, or one of the two is the other's beginning. Case, `-` and `_` make no difference.
 */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  const wanted = simplify(word);
  let best: string | undefined;
  let bestDistance = Math.max(1, Math.floor(wanted.length / 3)) + 1;
  for (const candidate of candidates) {
    const distance = editDistance(wanted, simplify(candidate), bestDistance);
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best ?? abbreviated(wanted, candidates);
}

/** `preempt` for `preemption`, or the other way round, if only one can be meant. */
function abbreviated(wanted: string, candidates: Iterable<string>): string | undefined {
  const found = [...candidates].filter((candidate) => {
    const name = simplify(candidate);
    return Math.min(name.length, wanted.length) >= 3 && (name.startsWith(wanted) || wanted.startsWith(name));
  });
  // `preempt` is the beginning of a word, and of several words: who writes one word means one.
  const single = found.filter((candidate) => !/[-_]/.test(candidate));
  const meant = found.length > 1 ? single : found;
  return meant.length === 1 ? meant[0] : undefined;
}

function simplify(word: string): string {
  return word.toLowerCase().replace(/[-_]/g, '');
}

/**
 * Insertions, deletions, substitutions and swaps of neighbours from `a` to `b` (optimal string alignment),
 * or `limit` if there are that many or more.
 */
export function editDistance(a: string, b: string, limit = Number.POSITIVE_INFINITY): number {
  if (Math.abs(a.length - b.length) >= limit) return limit;
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const same = a[row - 1] === b[column - 1];
      let cost = Math.min(last[column]! + 1, current[column - 1]! + 1, last[column - 1]! + (same ? 0 : 1));
      if (row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]) {
        cost = Math.min(cost, beforeLast[column - 2]! + 1);
      }
      current.push(cost);
    }
    beforeLast = last;
    last = current;
  }
  return Math.min(limit, last[b.length]!);
}
