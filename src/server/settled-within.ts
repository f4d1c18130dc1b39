/** Waits with a limit. */

/** Resolves when `work` does or after `ms` milliseconds; whatever `work` becomes later is its own affair. Throws as `work`. */
export async function settledWithin(work: Promise<unknown>, ms: number): Promise<void> {
  const late = Promise.withResolvers<void>();
  const timer = setTimeout(late.resolve, ms);
  try {
    await Promise.race([work, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
