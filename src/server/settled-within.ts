/** Waits with a limit. */

/**
 * Resolves when `work` does, or after `ms` milliseconds: then with false, and whatever `work` becomes later is its own
 * affair. Throws as `work`.
 */
export async function settledWithin(work: Promise<unknown>, ms: number): Promise<boolean> {
  const late = Promise.withResolvers<false>();
  const timer = setTimeout(() => late.resolve(false), ms);
  try {
    return await Promise.race([work.then(() => true), late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
