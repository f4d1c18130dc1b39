import { expect, test } from "bun:test";
import { releaseNotes } from "../../build/release-notes.ts";

const changelog =
  "# Changelog\n\n## [Unreleased]\n\n## [1.2.0] - 2026-01-02\n\n### Added\n\n- This.\n\n## [1.1.0]\n\n- That.\n";

test("the notes of a release are what stands under the version's heading", () => {
  expect(releaseNotes(changelog, "1.2.0")).toBe("### Added\n\n- This.");
  expect(releaseNotes(changelog, "1.1.0")).toBe("- That.");
});

test.each(["1.3.0", "Unreleased", "1.2"])("a version without notes (%p) is an error, not an empty page", (version) => {
  expect(() => releaseNotes(changelog, version)).toThrow(`"## [${version}]"`);
});
