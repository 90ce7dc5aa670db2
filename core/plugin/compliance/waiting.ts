/** How compliance tests wait: for what has to end by itself, and for what has to become so, on a busy machine. */
import assert from 'node:assert/strict';

/** Between two looks, in ms. */
export const PAUSE = 20;

/** Waits for an end. @param ms until it fails @param name what is waited for, as the failure calls it */
export async function soon(what: Promise<unknown>, ms: number, name: string): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new assert.AssertionError({ message: `${name} has not ended within ${ms} ms` })),
      ms,
    );
  });
  try {
    await Promise.race([what, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Looks until something holds. @param patience in ms @param what is waited for, as the failure calls it */
export async function waitFor(
  patience: number,
  holds: () => boolean | Promise<boolean>,
  what: string,
): Promise<void> {
  const end = performance.now() + patience;
  while (!(await holds())) {
    assert.ok(performance.now() < end, `waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, PAUSE));
  }
}
