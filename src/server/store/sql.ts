/** What both databases offer to the tables: one way to run a statement. */

/**
 * Runs one statement, given as a tagged template, and resolves with its rows. A join by one value has it in a CAST: SQLite
 * plans a join again each time that a bare parameter of its WHERE is bound.
 */
export type Sql = (strings: TemplateStringsArray, ...values: unknown[]) => Promise<SqlRows>;

/** Rows as the database returns them: untyped columns by name (any). PostgreSQL gives a BIGINT as text. */
export type SqlRows = ReturnType<typeof JSON.parse>;
