/**
 * Resolves in the next turn of the event loop, in which other requests go on: SQLite's statements block it, and awaiting
 * them alone gives nobody else a turn.
 */
export const nextTurn = (): Promise<void> => new Promise((done) => setImmediate(done));
