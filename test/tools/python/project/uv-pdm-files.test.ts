import { expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { mentionsOfAskers } from "../../../../src/tools/python/project/clients.ts";
import type { Mention } from "../../../../src/tools/python/project/mentions.ts";
import { tempFolder } from "../../../temp-folder.ts";

const insecure = `allow-insecure-host = ["host.example"]\n`;
const script = `# /// script\n# [tool.uv]\n# ${insecure}# ///\n`;
const source = `[[tool.pdm.source]]\nname = "x"\nurl = "https://host.example/simple"\n`;

/** The kinds and subjects of what the command's files say, in a folder with these. */
function said(files: Record<string, string>, words: string[], env: Record<string, string> = {}): string[] {
  using folder = tempFolder();
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder.path, name)), { recursive: true });
    writeFileSync(join(folder.path, name), text);
  }
  const mentions = mentionsOfAskers([{ pid: 1, args: words, cwd: folder.path }], env, undefined);
  const shown = ({ kind, url, what }: Mention): string => `${kind} ${url ?? what}`;
  return [...new Set(mentions.filter(({ kind }) => kind !== "url").map(shown))];
}

const unverified = ["unverified https://host.example/"];

test.each<[string, Record<string, string>, string[], Record<string, string>, string[]]>([
  ["a script", { "s.py": script }, ["uv", "run", "s.py"], {}, unverified],
  ["a script behind =", { "s.py": script }, ["uv", "lock", "--script=s.py"], {}, unverified],
  ["a script joined to an option", { "s.py": script }, ["uv", "run", "-ss.py"], {}, unverified],
  ["a script of any name", { s: script }, ["uv", "run", "--script", "s"], {}, unverified],
  ["a script on stdin", {}, ["uv", "run", "-"], {}, ["unknown a script that uv has read"]],
  ["a script on the network", {}, ["uv", "run", "https://evil.example/s.py"], {}, ["unknown a script on the network"]],
  [
    "a script on the network, and a file called run",
    { run: "" },
    ["uv", "run", "--quiet", "https://evil.example/s"],
    {},
    ["unknown a script on the network"],
  ],
  ["an index of the person's", {}, ["uv", "run", "--index", "https://host.example/", "s"], {}, []],
  ["a script's own argument", { "s.py": "" }, ["uv", "run", "s.py", "https://host.example/"], {}, []],
  ["an index for another command", {}, ["uv", "pip", "install", "-i", "https://host.example/", "x"], {}, []],
  [
    "proxies",
    { "uv.toml": `https-proxy = "http://p"\nno-proxy = ["x"]` },
    ["uv", "sync"],
    {},
    ["setting https-proxy", "setting no-proxy"],
  ],
  [
    "a proxy in pyproject.toml",
    { "pyproject.toml": `[tool.uv]\nhttp-proxy = "http://p"` },
    ["uvx", "x"],
    {},
    ["setting http-proxy"],
  ],
  ["no configuration", { "uv.toml": insecure }, ["uv", "sync", "--no-config"], {}, []],
  [
    "variables",
    { ".env": "A=1\nexport ssl_cert_file=x\n" },
    ["uv", "run", "--env-file", ".env", "x"],
    {},
    ["setting ssl_cert_file"],
  ],
  [
    "variables of two files",
    { a: "A=1", b: " VOUCH_CONFIG : x" },
    ["uv", "run", "x"],
    { UV_ENV_FILE: "a b" },
    ["setting VOUCH_CONFIG"],
  ],
  [
    "variables that are not read",
    { a: "UV_INSECURE_HOST=x" },
    ["uv", "run", "--no-env-file", "x"],
    { UV_ENV_FILE: "a" },
    [],
  ],
  [
    "a file of variables that is not there",
    {},
    ["uv", "run", "--env-file=none", "x"],
    {},
    ["unknown what is no plain file, or too large, or cannot be read"],
  ],
])("uv is seen to read %s", (_, files, words, env, expected) => {
  expect(said(files, words, env)).toEqual(expected);
});

const evil = "https://evil.example/simple";
const pdmFiles = (more: Record<string, string>, env: Record<string, string> = {}): string[] =>
  said(more, ["pdm", "lock"], env).filter((each) => each.startsWith("elsewhere"));

test.each<[string, Record<string, string>, string[]]>([
  ["a source", { "pyproject.toml": `[[tool.pdm.source]]\nname = "x"\nurl = "${evil}"` }, [evil]],
  ["a source of pdm.toml", { "pdm.toml": `pypi.x.url = "${evil}"` }, [evil]],
  ["the index of pdm.toml, quoted", { "pdm.toml": `"pypi.url" = "${evil}"` }, [evil]],
  ["a requirement", { "pyproject.toml": `[project]\ndependencies = ["x @ ${evil}/x.whl"]` }, [`${evil}/x.whl`]],
  [
    "an optional one",
    { "pyproject.toml": `[project.optional-dependencies]\na = ["x @ git+${evil}/x"]` },
    [`git+${evil}/x`],
  ],
  ["one of a group", { "pyproject.toml": `[dependency-groups]\na = ["x @ ${evil}/x.whl"]` }, [`${evil}/x.whl`]],
  ["an override", { "pyproject.toml": `[tool.pdm.resolution.overrides]\nx = "${evil}/x.whl"` }, [`${evil}/x.whl`]],
  [
    "a local archive",
    { "pyproject.toml": `[project]\ndependencies = ["x @ file:///\${PROJECT_ROOT}/x.whl"]` },
    ["file:///${PROJECT_ROOT}/x.whl"],
  ],
  [
    "a local archive by a relative path",
    { "pyproject.toml": `[dependency-groups]\na = ["x @ file:./x.whl", "./y.whl", "z @ {root:uri}/z.whl"]` },
    ["file:./x.whl", "file:./y.whl", "file:///${PROJECT_ROOT}/z.whl"],
  ],
  ["a plugin's archive", { "pyproject.toml": `[tool.pdm]\nplugins = ["x @ file:./x.whl"]` }, ["file:./x.whl"]],
  [
    "the project's own folder as a source",
    { "pyproject.toml": `[[tool.pdm.source]]\ntype = "find_links"\nname = "l"\nurl = "file:///\${PROJECT_ROOT}"` },
    ["file:///${PROJECT_ROOT}"],
  ],
  [
    "a folder with another project as a source of pdm.toml",
    { "pdm.toml": `[pypi.l]\ntype = "find_links"\nurl = "./wheels"`, "wheels/pyproject.toml": "" },
    ["file:./wheels"],
  ],
  [
    "a local project's requirement",
    {
      "pyproject.toml": `[project]\ndependencies = ["a @ file:///\${PROJECT_ROOT}/a"]`,
      "a/pyproject.toml": `[project]\ndependencies = ["b @ ${evil}/b.whl", "c @ file:///\${PROJECT_ROOT}/../a"]`,
    },
    [`${evil}/b.whl`],
  ],
])("a place where PDM gets packages that may lead elsewhere is seen: %s", (_, files, urls) => {
  expect(pdmFiles(files)).toEqual(urls.map((url) => `elsewhere ${url}`));
});

test.each<[string, Record<string, string>]>([
  ["the public index", { "pyproject.toml": `[[tool.pdm.source]]\nname = "x"\nurl = "https://pypi.org/simple"` }],
  [
    "a local project",
    {
      "pyproject.toml": `[tool.pdm.dev-dependencies]\na = ["-e ./a", "b @ file:./b[x]"]\n[project]\ndependencies = ["c[d]>=1; sys_platform == 'a/b'"]`,
      "a/pyproject.toml": "",
      "b/setup.py": "",
    },
  ],
  ["a homepage", { "pyproject.toml": `[project.urls]\nhome = "${evil}"` }],
  ["an index of the person's own file", { "pyproject.toml": `[[tool.pdm.source]]\nname = "x"\nurl = "${evil}/"` }],
])("no such place is %s", (_, files) => {
  using folder = tempFolder();
  const own = join(folder.path, "config.toml");
  writeFileSync(own, `[pypi]\nurl = "https://pypi.org/simple"\n[pypi.mine]\nurl = "${evil}"\n`);
  expect(pdmFiles(files, { PDM_CONFIG_FILE: own })).toEqual([]);
});

const unknown = ["unknown another trust than yours"];
test.each<[string, Record<string, string>, string[], Record<string, string>, string[]]>([
  [
    "a source",
    { "pyproject.toml": `${source}verify_ssl = false` },
    ["pdm", "lock"],
    {},
    ["unverified https://host.example/simple"],
  ],
  ["a source that is checked", { "pyproject.toml": `${source}verify_ssl = true` }, ["pdm", "lock"], {}, []],
  ["a quoted key", { "pdm.toml": `"pypi.verify_ssl" = false` }, ["pdm", "lock"], {}, unknown],
  ["a number", { "pdm.toml": "pypi.verify_ssl = 0" }, ["pdm", "lock"], {}, unknown],
  ["a word", { ".pdm.toml": `pypi.verify_ssl = "false"` }, ["pdm", "lock"], {}, unknown],
  ["certificates by a quoted key", { "pdm.toml": `"pypi.ca_certs" = "x"` }, ["pdm", "lock"], {}, unknown],
  [
    "a client's key",
    { "pyproject.toml": `${source}client_key = "x"` },
    ["pdm", "lock"],
    {},
    ["unverified https://host.example/simple"],
  ],
  ["a project after -p", { "a/pdm.toml": "pypi.verify_ssl = 0" }, ["pdm", "lock", "-p", "a"], {}, unknown],
  ["a project joined to options", { "a/pdm.toml": "pypi.verify_ssl = 0" }, ["pdm", "lock", "-vpa"], {}, unknown],
  ["a project by a short name", { "a/pdm.toml": "pypi.verify_ssl = 0" }, ["pdm", "lock", "--proj=a"], {}, unknown],
  ["a project by a variable", { "a/pdm.toml": "pypi.verify_ssl = 0" }, ["pdm", "lock"], { PDM_PROJECT: "a" }, unknown],
  ["a module", { "pdm.toml": "pypi.verify_ssl = 0" }, ["python", "-X", "dev", "-m", "pdm", "lock"], {}, unknown],
  ["a module joined", { "pdm.toml": "pypi.verify_ssl = 0" }, ["python", "-Impdm", "lock"], {}, unknown],
  [
    "options of its commands",
    { "pyproject.toml": `[tool.pdm.options]\npublish = ["--no-verify-ssl"]\nlock = ["--no-isolation", "-L", "x"]` },
    ["pdm", "publish"],
    {},
    ["setting --no-verify-ssl (tool.pdm.options)", "setting -L (tool.pdm.options)"],
  ],
])("PDM is seen to read %s", (_, files, words, env, expected) => {
  const others = said(files, words, env).filter((each) => !each.startsWith("elsewhere"));
  expect(others).toEqual(expected);
});

test.each<[string, Record<string, string>, string[]]>([
  ["pdm.lock", {}, ["pdm", "sync"]],
  ["pylock.toml", {}, ["pdm", "sync"]],
  ["pylock.dev.toml", {}, ["pdm", "sync"]],
  ["other.toml", {}, ["pdm", "sync", "-Lother.toml"]],
  ["other.toml", { PDM_LOCKFILE: "other.toml" }, ["pdm", "sync"]],
])("of %s the URLs count, of which one may be another repository on the host: %j %j", (name, env, words) => {
  using folder = tempFolder();
  const urls = ["https://host.example/a.whl", "http://host.example/b.whl"];
  writeFileSync(join(folder.path, name), `files = [${urls.map((url) => `{ url = "${url}" }`).join(", ")}]\n`);
  const mentions = mentionsOfAskers([{ pid: 1, args: words, cwd: folder.path }], env, undefined);
  expect([...new Set(mentions.map(({ url }) => url))]).toEqual(urls);
});
