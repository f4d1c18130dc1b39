import { beforeEach, describe, expect, onTestFinished, test } from "bun:test";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { folderConfig, projectConfigs } from "../../../../src/tools/cargo/project/configuration.ts";
import { tempFolderUntil } from "../../../temp-folder.ts";

let root: string;
beforeEach(() => {
  root = tempFolderUntil(onTestFinished);
});

function write(name: string, text: string | Uint8Array): string {
  const path = join(root, name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
  return path;
}

/** The files that are found below the test's own folder. */
function found(folders: string[], env: Record<string, string> = {}): string[] {
  return projectConfigs(folders, env)
    .flatMap(({ files }) => files.map(({ path }) => path))
    .filter((path) => path.startsWith(root))
    .map((path) => path.slice(root.length + 1));
}

describe("the Cargo configuration of a project", () => {
  beforeEach(() => {
    for (const folder of ["home", "home/work", "home/work/p"]) write(`${folder}/.cargo/config.toml`, "");
    mkdirSync(join(root, "home/work/p/sub"));
  });

  test("is the files of the folder and all its parents, nearest first, but not the home folder's", () => {
    expect(found([join(root, "home/work/p/sub")], { HOME: join(root, "home") })).toEqual([
      "home/work/p/.cargo/config.toml",
      "home/work/.cargo/config.toml",
    ]);
  });

  test("is not an absolute CARGO_HOME, also by another name of its folder", () => {
    symlinkSync(join(root, "home"), join(root, "link"));
    const own = { HOME: "/nowhere", CARGO_HOME: join(root, "link/.cargo/") };
    expect(found([join(root, "home/work")], own)).toEqual(["home/work/.cargo/config.toml"]);
  });

  test.each(["Cargo.toml", ".git"])("is a CARGO_HOME beside %s, which is not the user's own", (name) => {
    write(`home/work/p/${name}`, "");
    const env = { HOME: join(root, "home"), CARGO_HOME: join(root, "home/work/p/.cargo") };
    expect(found([join(root, "home/work/p")], env)).toContain("home/work/p/.cargo/config.toml");
  });

  test("is not found by a relative CARGO_HOME", () => {
    expect(found([join(root, "home/work/p")], { CARGO_HOME: ".cargo" })).toContain("home/work/p/.cargo/config.toml");
  });

  test("is a project's link to the user's folder, for relative paths in it mean the project's files", () => {
    mkdirSync(join(root, "q"));
    symlinkSync(join(root, "home/.cargo"), join(root, "q/.cargo"));
    expect(found([join(root, "q")], { HOME: join(root, "home") })).toEqual(["q/.cargo/config.toml"]);
  });

  test("is searched in parents by the path as it is written", () => {
    expect(found([join(root, "home/work/p/sub").concat("/../../../other")])).toEqual(
      expect.arrayContaining([
        "home/work/p/sub/../../../.cargo/config.toml",
        "home/work/p/sub/../../.cargo/config.toml",
        "home/work/p/.cargo/config.toml",
      ]),
    );
  });
});

describe("a Cargo configuration that Vouch cannot read as Cargo does is unclear", () => {
  test.each<[string, string | Uint8Array]>([
    ["no TOML", "[http"],
    ["not UTF-8", new Uint8Array([0x61, 0x3d, 0x22, 0xff, 0x22])],
    ["a key twice", "http.proxy = 'a'\nhttp.proxy = 'b'"],
    ["more than 1 MiB", `# ${"x".repeat(1 << 20)}`],
    ["an include that is no path", "include = [1]"],
  ])("since there is %s", (_, text) => {
    write("p/.cargo/config.toml", text);
    expect(folderConfig(join(root, "p"))!.files[0]!.unclear).toBeString();
  });

  test("since there is a folder in the file's place", () => {
    mkdirSync(join(root, "p/.cargo/config"), { recursive: true });
    expect(folderConfig(join(root, "p"))!.files[0]!.unclear).toBe("it is not a regular file");
  });
});

test("includes of a Cargo configuration are followed from the including file's folder, each once, absent ones named", () => {
  write("p/.cargo/config.toml", 'include = ["a.toml", { path = "../b.toml", optional = true }]');
  write("p/.cargo/a.toml", 'include = ["config.toml", "a.toml"]');
  const files = folderConfig(join(root, "p"))!.files.map(({ path, digest }) => [
    path.slice(root.length),
    typeof digest,
  ]);
  expect(files).toEqual([
    ["/p/.cargo/config.toml", "string"],
    ["/p/.cargo/a.toml", "string"],
    ["/p/.cargo/../b.toml", "undefined"],
  ]);
});
