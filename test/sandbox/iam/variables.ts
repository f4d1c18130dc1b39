/**
 * Policy variables: `${key}`, `${key, 'default'}`, and `${*}`, `${?}`, `${$}` for characters that mean something else.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_variables.html
 */
import type { RequestContext } from "./context.ts";
import { currentVersion, type PolicyDocument } from "./document.ts";
import { parsePattern, type Pattern, type Piece } from "./pattern.ts";

/**
 * Text of a policy with its variables filled in. A value is never a pattern, whatever characters it has. Undefined if a
 * key has no value (or several, which no variable can stand for) and no default: such text equals and is like nothing.
 */
export function expand(text: string, context: RequestContext, version: PolicyDocument["Version"]): Pattern | undefined {
  if (version !== currentVersion) return parsePattern(text);
  const pieces: Piece[] = [];
  let end = 0;
  for (const { index, 0: variable, 1: inner = "" } of text.matchAll(/\$\{([^{}]+)\}/g)) {
    pieces.push(...parsePattern(text.slice(end, index)));
    const value = resolve(inner, context);
    if (value === undefined) return undefined;
    pieces.push({ text: value });
    end = index + variable.length;
  }
  return [...pieces, ...parsePattern(text.slice(end))];
}

function resolve(inner: string, context: RequestContext): string | undefined {
  if (["*", "?", "$"].includes(inner)) return inner;
  const [, key = inner, fallback] = /^([^,]+), '(.*)'$/.exec(inner) ?? [];
  const value = context.get(key);
  return typeof value === "string" ? value : fallback;
}
