/**
 * Whether texts of POMs can be put together to an id as the settings have it, by expressions that name other texts:
 * `vouch-${a}${b}`. The id is looked for as an automaton does, whose state is the number of characters found so far.
 */

const prefix = "vouch-";
const length = prefix.length + 16;

/** The texts of elements by the elements' names, in lower case. */
export type Texts = Map<string, Set<string>>;

/** The first text with an expression that can become, or hold, such an id. */
export function idInPieces(texts: Texts): string | undefined {
  const known = new Map<string, number>();
  /** The states, as bits, to which a text leads from one state. */
  const through = (text: string, from: number): number => {
    let states = 1 << from;
    for (const [part, name] of text.matchAll(/\$\{([^{}]*)\}|[^$]|\$/g)) {
      let next = 1;
      for (let state = 0; state <= length; state++) {
        if ((states & (1 << state)) === 0) continue;
        if (state === length) next |= 1 << length;
        else if (name !== undefined) next |= throughName(name.trim().toLowerCase(), state);
        else if (state < prefix.length ? part.toLowerCase() === prefix[state] : /[0-9a-f]/i.test(part)) {
          next |= 1 << (state + 1);
        }
      }
      states = next;
    }
    return states;
  };
  const throughName = (name: string, from: number): number => {
    const key = `${from} ${name}`;
    const found = known.get(key);
    if (found !== undefined) return found;
    // What leads back to itself has no value.
    known.set(key, 1);
    const values = texts.get(name) ?? texts.get(name.replace(/^.*\./, ""));
    let states = 1;
    for (const value of values ?? []) states |= through(value, from);
    // A value that is not in a POM may be anything.
    if (values === undefined && from >= prefix.length) states |= 1 << length;
    known.set(key, states);
    return states;
  };
  for (const values of texts.values()) {
    for (const text of values) {
      if (text.includes("${") && (through(text, 0) & (1 << length)) !== 0) return text;
    }
  }
  return undefined;
}
