/** The variables of a process, its own or those that it gives to another one. */
export type Environment = Record<string, string | undefined>;
