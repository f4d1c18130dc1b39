import { expect, test } from "bun:test";
import type { Environment } from "../../../../src/base/environment.ts";
import { mentionsOfInherited } from "../../../../src/tools/python/guard/inherited-variables.ts";

/** What is seen of a chain of programs: this process's environment, then command line and environment of each ancestor. */
function seen(own: Environment, ...ancestors: [command: string, env: Environment | undefined][]): string[] {
  const askers = ancestors.map(([command], pid) => ({ pid, args: command.split(" "), cwd: "/" }));
  const mentions = mentionsOfInherited(askers, own, (pid) => ancestors[pid]![1]);
  return mentions.map(({ kind, what, url }) => `${kind} ${what ?? url}`);
}

const ca = { SSL_CERT_FILE: "/project/evil.pem" };

test.each<[string, string[]]>([
  ["hatch by its name", seen(ca, ["hatch env create", {}])],
  ["hatch as a module", seen(ca, ["python3 -m hatch env create", {}])],
  ["hatch as a script", seen(ca, ["/usr/bin/python3 /usr/bin/hatch env create", {}])],
  ["hatch as a module, after options", seen(ca, ["/opt/bin/python3.12 -I -X utf8 -m hatch env create", {}])],
  ["hatch above uv", seen(ca, ["/x/uv pip install y", ca], ["hatch env create", {}])],
  ["uv, which reads a file of variables itself", seen(ca, ["uv run x", {}], ["bash", {}])],
])("a variable about trust that a project's file set is seen below %s", (_, mentions) => {
  expect(mentions).toEqual(["setting SSL_CERT_FILE"]);
});

test("a value that such a program has changed is seen, in any case of letters", () => {
  const own = { https_proxy: "http://evil", HTTPS_PROXY: "http://mine", PIP_CERT: "b" };
  expect(seen(own, ["tox", { HTTPS_PROXY: "http://mine", PIP_CERT: "a" }])).toEqual([
    "setting https_proxy",
    "setting PIP_CERT",
  ]);
});

test("hosts whose certificates are not checked are judged one by one", () => {
  expect(seen({ PIP_TRUSTED_HOST: "a.example b.example:8080" }, ["hatch", {}])).toEqual([
    "unverified https://a.example/",
    "unverified https://b.example:8080/",
  ]);
});

test("the URLs of indexes and links are judged one by one", () => {
  const own = {
    PIP_FIND_LINKS: "https://a.example/x ./wheels",
    UV_INDEX: "n=https://aws@b.example/",
    A: "https://c.example",
  };
  expect(seen(own, ["hatch env create", {}])).toEqual(["url https://a.example/x", "url https://b.example/"]);
});

test.each<[string, string[]]>([
  ["the person's own", seen(ca, ["uv sync", ca], ["bash", ca])],
  ["a shell's", seen(ca, ["uv sync", ca], ["bash -c uv\u00a0sync", {}])],
  ["set by a program with such a word among its arguments", seen(ca, ["make hatch", {}], ["bun x.ts --only uv", {}])],
  ["set by a script with such a word among its arguments", seen(ca, ["python3 -I build.py tox", {}])],
  ["taken away", seen({}, ["hatch", ca])],
  ["of no consequence", seen({ PIP_DISABLE_PIP_VERSION_CHECK: "1", VIRTUAL_ENV: "/x" }, ["hatch", {}])],
  ["not to be seen", seen(ca, ["hatch", undefined])],
])("a variable is let be that is %s", (_, mentions) => {
  expect(mentions).toEqual([]);
});
