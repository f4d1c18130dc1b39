/** Every page in Markdown: links lead somewhere, files and scripts that it names exist. */
import { describe, expect, test } from "bun:test";
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { Glob, YAML } from "bun";
import packageJson from "../../package.json" with { type: "json" };

const root = join(import.meta.dir, "../..");
const read = (file: string) => readFileSync(join(root, file), "utf8");
const pages = ["*.md", "docs/**/*.md", ".github/*.md"].flatMap((pattern) =>
  Array.from(new Glob(pattern).scanSync({ cwd: root, dot: true })),
);

/** The anchors of a page's headings, as GitHub makes them. */
function anchorsOf(text: string): string[] {
  return [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
    heading!
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );
}

describe.each(pages.toSorted())("the page %s", (page) => {
  const text = read(page);
  const prose = text.replaceAll(/^```[^]*?^```$/gm, "");

  test("has no link that leads nowhere", () => {
    const broken = [...prose.matchAll(/\]\((?!https?:|mailto:)([^)#\s]*)(?:#([^)]*))?\)/g)].filter(
      ([, path, anchor]) => {
        const target = path === "" ? page : join(dirname(page), path!);
        if (!existsSync(join(root, target))) return true;
        return anchor !== undefined && !anchorsOf(read(target)).includes(anchor);
      },
    );
    expect(broken.map(([link]) => link)).toEqual([]);
  });

  test("names no file of the source and no script that does not exist", () => {
    // NAME and … stand for what a reader puts there.
    const paths = [...prose.matchAll(/`((?:src|test|build|packaging)\/[^`\s*…]*)`/g)].map(([, path]) => path!);
    expect(paths.filter((path) => !path.includes("NAME") && !existsSync(join(root, path)))).toEqual([]);
    const scripts = [...text.matchAll(/(?:`|^)npm run (?:--silent )?([a-z][a-z:]*)/gm)].map(([, script]) => script!);
    expect(scripts.filter((script) => !Object.hasOwn(packageJson.scripts, script))).toEqual([]);
  });
});

test("the placeholders of the repository and of the address for vulnerabilities are replaced together", () => {
  const repository = packageJson.repository.url.includes("github.com/example-org/");
  expect(read("SECURITY.md").includes("security@example.org")).toBe(repository);
  expect(read("SECURITY.md").includes("A placeholder")).toBe(repository);
});

describe.each([...new Glob(".github/ISSUE_TEMPLATE/*.yml").scanSync({ cwd: root, dot: true })].toSorted())(
  "the issue form %s",
  (file) => {
    const form = YAML.parse(read(file)) as {
      contact_links?: { url: string }[];
      body?: { type: string; id?: string }[];
    };

    test("leads to pages of this repository that exist", () => {
      const repository = packageJson.repository.url.replace(/^git\+(.*)\.git$/, "$1/blob/main/");
      for (const { url } of form.contact_links ?? []) {
        expect(url).toStartWith(repository);
        expect(existsSync(join(root, url.slice(repository.length)))).toBe(true);
      }
    });

    test("gives each field a name of its own, as GitHub wants it", () => {
      const fields = (form.body ?? []).filter(({ type }) => type !== "markdown");
      expect(new Set(fields.map(({ id }) => id)).size).toBe(fields.length);
      for (const { id } of fields) expect(id).toMatch(/^[\w-]+$/);
    });
  },
);
