/** Prints what CHANGELOG.md says of a version, for the page of the release: bun build/release-notes.ts VERSION */
import { readFileSync } from "node:fs";
import { join } from "node:path";

/** The text under the version's heading, without the heading. Throws when there is none or nothing under it. */
export function releaseNotes(changelog: string, version: string): string {
  const sections = changelog.split(/^## /m).slice(1);
  const section = sections.find((text) => text.startsWith(`[${version}]`));
  const notes = section?.slice(section.indexOf("\n")).trim();
  if (!notes) throw new Error(`expected CHANGELOG.md to have a section "## [${version}]" with text, got none`);
  return notes;
}

if (import.meta.main) {
  const [version] = process.argv.slice(2);
  if (version === undefined) throw new Error("expected a version");
  console.log(releaseNotes(readFileSync(join(import.meta.dir, "../CHANGELOG.md"), "utf8"), version));
}
