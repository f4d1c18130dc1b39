import { describe, expect, test } from "bun:test";
import { parsePoetry } from "../../../src/tools/poetry/commands.ts";

const asks = (line: string): string | undefined => parsePoetry(line.split(" "), "/project").asks;

describe("poetry's command line", () => {
  test.each(
    "install|add x|remove x|update|lock|sync|search x|init|debug resolve|show --latest|show -l|show --outdated|-C d install|--directory=d lock|-n -vvv update|--project d install".split(
      "|",
    ),
  )("reads packages: %s", (line) => {
    expect(asks(line)).toBe("read");
  });

  test.each(
    "run pytest|shell|build|version|check|config --list|env info|self add x|show|cache clear .|source add a b|about|--version|-h|install --help|export|run install".split(
      "|",
    ),
  )("contacts no registry with a token: %s", (line) => {
    expect(asks(line)).toBeUndefined();
  });

  test.each([
    ["publish -r my-repo", "publish -r x"],
    ["publish --repository my-repo --build", "publish --repository x --build"],
    ["-C d publish --repository=my-repo", "-C d publish --repository=x"],
    ["publish -rmy-repo", "publish -rx"],
    ["publish -r other -r my-repo", "publish -r other -r x"],
  ])("publishes to a repository whose name can be replaced: %s", (line, replaced) => {
    const { asks: what, repository } = parsePoetry(line.split(" "), "/project");
    expect(what).toBe("publish");
    expect(repository?.value).toBe("my-repo");
    expect(repository?.replace("x").join(" ")).toBe(replaced);
  });

  test("publishes to the public registry without a name", () => {
    expect(parsePoetry(["publish", "--build"], "/project")).toEqual({ asks: "publish", folders: ["/project"], at: 1 });
  });

  test.each(["-C d", "-Cd", "--directory d", "--directory=d", "-P d", "--project=d"])(
    "has its project in the folder of an option: %s",
    (option) => {
      expect(parsePoetry([...option.split(" "), "lock"], "/project").folders).toEqual(["/project", "/project/d"]);
    },
  );
});
