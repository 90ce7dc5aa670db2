/** Waits for work, but not for ever. */

/**
 * What work comes to; once it takes longer than `ms`, what `late` returns or throws: the work goes on unheard then.
 * Rejects as the work does.
 */
export async function within<T>(work: Promise<T>, ms: number, late: () => T): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  try {
    const isDone = work.then(() => true);
    return (await Promise.race([isDone, over])) === true ? await work : late();
  } finally {
    clearTimeout(timer);
  }
}
