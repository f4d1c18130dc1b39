/**
 * Type-carrying checks of untrusted values: a shape is written once, and its type follows. Hand-written, because
 * helpers load this file and a schema library costs more than a whole helper.
 */
export type Check<T> = (value: unknown) => value is T;

/** The type of values that pass a check. */
export type Checked<C> = C extends Check<infer T> ? T : never;

type Shape = Record<string, Check<unknown>>;
type OptionalName<S extends Shape> = { [Name in keyof S]: undefined extends Checked<S[Name]> ? Name : never }[keyof S];
/** An object with these fields; a field whose check accepts undefined may be absent. */
type Fields<S extends Shape> = Flat<
  { [Name in Exclude<keyof S, OptionalName<S>>]: Checked<S[Name]> } & {
    [Name in OptionalName<S>]?: Exclude<Checked<S[Name]>, undefined>;
  }
>;
type Flat<T> = { [Name in keyof T]: T[Name] };

/** The last second of the year 9999, the largest time that dates and package managers can represent. */
const lastSecond = 253_402_300_799;

export const text = (value: unknown): value is string => typeof value === "string";
export const flag = (value: unknown): value is boolean => typeof value === "boolean";
export const count = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
/** Seconds since 1970. */
export const time = (value: unknown): value is number => count(value) && value <= lastSecond;
/** A value for header fields, variables and prompts: printable ASCII without blanks. */
export const word = (value: unknown): value is string => text(value) && /^[!-~]{1,65536}$/.test(value);

export function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** One of these values. */
export function oneOf<const T extends string | boolean>(...values: T[]): Check<T> {
  return (value): value is T => values.includes(value as T);
}

export function optional<T>(check: Check<T>): Check<T | undefined> {
  return (value): value is T | undefined => value === undefined || check(value);
}

export function nullable<T>(check: Check<T>): Check<T | null> {
  return (value): value is T | null => value === null || check(value);
}

export function list<T>(check: Check<T>): Check<T[]> {
  return (value): value is T[] => Array.isArray(value) && value.every(check);
}

/** An object with any names. */
export function record<T>(check: Check<T>): Check<Record<string, T>> {
  return (value): value is Record<string, T> => isObject(value) && Object.values(value).every(check);
}

/** An object with at least these fields, its own; others are ignored. */
export function fields<S extends Shape>(shape: S): Check<Fields<S>> {
  const checks = Object.entries(shape);
  return (value): value is Fields<S> => isObject(value) && checks.every(([name, check]) => check(own(value, name)));
}

/** An object with some of these fields. */
export function anyOf<Name extends string, T>(names: readonly Name[], check: Check<T>): Check<{ [N in Name]?: T }> {
  return (value): value is { [N in Name]?: T } =>
    isObject(value) && names.every((name) => optional(check)(own(value, name)));
}

function own(value: object, name: string): unknown {
  return Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined;
}

/** A variable's value: no NUL, which would end it, and no line end. */
const variable = (value: unknown): value is string => text(value) && !/[\0\r\n]/.test(value);

/** The name of a repository's own variable for its token. */
export const tokenVariable = (value: unknown): value is string =>
  text(value) && /^VOUCH_TOKEN_[0-9A-F]{16}$/.test(value);

/** An environment of token variables. */
export const variables = (value: unknown): value is Record<string, string> =>
  record(variable)(value) && areTokenVariables(value);

/**
 * Whether all names are variables that pass tokens to package managers: a reply must not set `LD_PRELOAD`, `PATH` or
 * `NODE_OPTIONS`. Same rule as in first-stage/exec.c.
 */
export function areTokenVariables(values: object): boolean {
  return Object.keys(values).every((name) =>
    /^(?:npm_config_\/\/[!-<>-~]+\/:_authToken|PIP_INDEX_URL|CODEARTIFACT_AUTH_TOKEN|TWINE_(?:USERNAME|PASSWORD|REPOSITORY_URL)|VOUCH_TOKEN_[0-9A-F]{16})$/.test(
      name,
    ),
  );
}
