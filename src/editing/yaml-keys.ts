/**
 * Locates the keys of block mappings in a YAML document by line, which a parser that returns values does not. It knows
 * plain and quoted keys on one line each; whoever edits by it compares the parsed document before and after, because a
 * line of a multi-line scalar can look like a key.
 * https://yaml.org/spec/1.2.2/#821-block-collection-styles
 */

export interface YamlKey {
  name: string;
  indent: number;
  /** Line range of key and value: from `from` up to, not including, `to` (from 0), without comments that follow. */
  from: number;
  to: number;
  /** The value's text on the key's own line, without a comment; empty if the value stands below. */
  value: string;
}

const keyLine = /^( *)(?:"((?:[^"\\]|\\.)*)"|'((?:[^']|'')*)'|([^\s"'#&*!|>%@`{}[\],?:-][^#"']*?)) *:(?:[ \t]+(.*))?$/;

/** The keys of the mapping in these lines, in order: those with the indentation of the first. */
export function yamlKeys(lines: readonly string[], from = 0, to = lines.length): YamlKey[] {
  const keys: YamlKey[] = [];
  for (let at = from; at < to; at++) {
    const line = lines[at]!.replace(/\r?\n$/, "");
    if (/^\s*(#|$)/.test(line)) continue;
    const indent = /^ */.exec(line)![0].length;
    const first = keys[0];
    if (first === undefined || indent === first.indent) {
      const [, , double, single, plain, value = ""] = keyLine.exec(line) ?? [];
      const name = double ?? single?.replaceAll("''", "'") ?? plain;
      if (name !== undefined) {
        keys.push({ name, indent, from: at, to: at + 1, value: value.replace(/(^|\s)#.*$/, "").trim() });
        continue;
      }
    } else if (indent < first.indent) break;
    if (keys.length > 0) keys.at(-1)!.to = at + 1;
  }
  return keys;
}

/** The keys of the mapping that is the value of a key; none if its value is no block mapping. */
export function keysBelow(lines: readonly string[], key: YamlKey): YamlKey[] {
  if (key.value !== "") return [];
  const below = yamlKeys(lines, key.from + 1, key.to);
  return below[0] === undefined || below[0].indent <= key.indent ? [] : below;
}
