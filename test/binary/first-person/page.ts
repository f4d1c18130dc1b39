/** docs/getting-started.md, typed as it stands: names of the world outside are replaced by those of a test. */
import { blocksOf } from "../../docs/blocks.ts";

const page = "docs/getting-started.md";

/** What a test has in place of the page's names. */
export type Replacements = Readonly<Record<string, string>>;

/** The commands under a heading, in their order, without those that are for elsewhere. Throws if a name is in none. */
export function typedUnder(heading: string, replacements: Replacements = {}): string {
  const blocks = blocksOf(page).filter(
    (block) => block.heading === heading && block.language === "sh" && !block.elsewhere,
  );
  if (blocks.length === 0) throw new Error(`${page} has nothing to type under "${heading}"`);
  let text = blocks.map((block) => block.text).join("");
  for (const [name, replacement] of Object.entries(replacements)) {
    if (!text.includes(name)) throw new Error(`${page} has no ${name} under "${heading}"`);
    text = text.replaceAll(name, replacement);
  }
  return text;
}
