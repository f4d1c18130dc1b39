/** Projects whose files lead pip, uv and PDM elsewhere with the token, on a network where somebody listens. No code of theirs runs. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { requires } from "../../../requires.ts";
import { names } from "../../../sandbox/main.ts";
import { type HostileProject, type ProjectFiles, startHostileProject } from "./project.ts";

const tools = join(import.meta.dir, "../../../../.tools");
const host = names.packageHost;
const index = `https://${host}/pypi/${names.repository}/simple/`;
const indexWithUser = index.replace("https://", "https://aws@");
const wheel = "my_package-1.0.0-py3-none-any.whl";

let at: HostileProject;
beforeAll(async () => {
  at = await startHostileProject();
});
afterAll(() => at?.[Symbol.asyncDispose]());
beforeEach(() => at.reset());

const install = ["install", "--no-input", "--no-cache-dir", "--retries", "0", "--no-deps", "--target", "site"];
const utf16 = (text: string): Uint8Array => Buffer.from(`\ufeff${text}`, "utf16le");

/** What stands in requirements.txt (or in several files), and what the shim says of it where it can be known. */
const attacks: [title: string, files: string | Uint8Array | ProjectFiles, said: RegExp][] = [
  [
    "case A5/trusted-host",
    `--trusted-host ${host}\n--index-url ${indexWithUser}\nmy-package\n`,
    /requirements\.txt:1 has the certificate of my-domain\S+ not checked/,
  ],
  [
    "case A5/http",
    `--trusted-host ${host}\n--index-url ${indexWithUser.replace("https", "http")}\nmy-package\n`,
    /requirements\.txt:1/,
  ],
  [
    "http without trust",
    `--index-url ${indexWithUser.replace("https", "http")}\nmy-package\n`,
    /:1 names http:\S+: no/,
  ],
  [
    "case A5/other-repository",
    `--trusted-host ${host}\n--index-url https://aws@${host}/pypi/other-repo/simple/\nmy-package\n`,
    /requirements\.txt:1/,
  ],
  ["the option shortened", `--t ${host}\nmy-package\n`, /requirements\.txt:1 has/],
  [
    "with a port",
    `--trusted-host=${host}:443\n--index-url https://aws@${host}:443/pypi/my-repo/simple/\nmy-package\n`,
    /:1 has/,
  ],
  ["in capitals", `--trusted-host ${host.toUpperCase()}\nmy-package\n`, /:1 has/],
  [
    "on continued lines, in quotes",
    `--pre \\\n  "--trus"'ted-host' \\\n  ${host}\nmy-package\n`,
    /requirements\.txt:1 has/,
  ],
  ["behind a form feed", `my-package\f--trusted-host ${host}\n`, /requirements\.txt:2 has/],
  [
    "in an included file",
    { "requirements.txt": "-r a/b.txt\n", "a/b.txt": "-cc.txt\nmy-package", "a/c.txt": `--trusted-host ${host}` },
    /a\/c\.txt:1 has/,
  ],
  ["in UTF-16", utf16(`--trusted-host ${host}\nmy-package\n`), /requirements\.txt:1 has/],
  ["in UTF-7", `# coding: utf-7\n+AC0ALQ-trusted-host ${host}\nmy-package\n`, /encoding/],
  ["by a variable", `\${DASHES}trusted-host ${host}\nmy-package\n`, /requirements\.txt:1 has/],
  ["a direct URL over http", `my-package @ http://${host}/pypi/my-repo/simple/${wheel}\n`, /names http:/],
  ["links over http", `--find-links http://${host}/pypi/my-repo/\nmy-package\n`, /names http:/],
  ["http on the port of TLS", `-f http://aws@${host}:443/pypi/my-repo/\nmy-package\n`, /names http:/],
  ["a host with a full-width dot", `my-package @ http://${host.replace(".", "\u3002")}/${wheel}\n`, /\\u\{3002\}/],
  ["a file on the network", "-r http://requirements.example/r.txt\nmy-package\n", /requirements file on the network/],
];

// pip 26.1 asks as 23.1 does.
const pips = ["pip-23", "pip-26"].map((name) => [name, join(tools, name, "bin")] as const);
describe.each(pips)("with %s and hostile requirements", (_, bin) => {
  const there = requires(join(bin, "pip"));
  const started: [string, string[]][] = [
    ["the shim", ["pip", ...install]],
    ["python -m pip", [join(bin, "python"), "-m", "pip", ...install]],
  ];

  describe.each(started)("under %s", (how, command) => {
    test.skipIf(!there).each(attacks)(
      "no token leaves: %s",
      async (_title, content, said) => {
        const files =
          typeof content === "string" || content instanceof Uint8Array ? { "requirements.txt": content } : content;
        const { stderr, exitCode } = await at.run(bin, [...command, "-r", "requirements.txt"], files, {
          env: { DASHES: "--" },
        });
        expect(at.tokensHeard()).toEqual([]);
        expect(exitCode).not.toBe(0);
        if (how === "the shim") expect(stderr).toMatch(said);
      },
      60_000,
    );

    test.skipIf(!there)(
      "requirements with an index, a hash of a comment and an included file install",
      async () => {
        const files = {
          "requirements.txt": `# --trusted-host ${host}\n--index-url ${indexWithUser}\n--trusted-host pypi.example\n-r more.txt\n`,
          "more.txt": "my-package==1.0.0  # ours\n",
        };
        const { exitCode, stderr } = await at.run(bin, [...command, "-r", "requirements.txt"], files, { honest: true });
        expect({ exitCode, stderr: exitCode === 0 ? "" : stderr }).toEqual({ exitCode: 0, stderr: "" });
      },
      60_000,
    );

    test.skipIf(!there)(
      how === "the shim" ? "a person's own --trusted-host holds" : "whose --trusted-host it is cannot be known",
      async () => {
        await at.run(bin, [...command, "--trusted-host", host, "my-package"], {});
        expect(at.tokensHeard().length > 0).toBe(how === "the shim");
      },
      60_000,
    );

    test.skipIf(!there)(
      "the listener gets the token of a person who has chosen to trust it",
      async () => {
        await at.run(bin, [...command, "my-package"], {}, { env: { PIP_TRUSTED_HOST: host } });
        expect(at.tokensHeard()).not.toEqual([]);
      },
      60_000,
    );
  });

  test.skipIf(!there)(
    "a dependency by http gets no token once pip has one for the host",
    async () => {
      const pyproject = `[project]\nname = "x"\nversion = "1"\ndependencies = ["my-package @ http://${host}/${wheel}"]\n`;
      await at.run(bin, ["pip", "install", "--no-input", "--retries", "0", "--target", "site", "."], {
        "pyproject.toml": pyproject,
      });
      expect(at.tokensHeard()).toEqual([]);
    },
    60_000,
  );

  test.skipIf(!there)(
    "an index of others that links to our host over http gets no token",
    async () => {
      const page = `<!DOCTYPE html><html><body><a href="http://${host}/pypi/my-repo/simple/${wheel}">${wheel}</a></body></html>`;
      const files = { "links.html": page };
      const links = ["--no-index", "--find-links", "links.html"];
      await at.run(bin, ["pip", ...install, ...links, "my-package"], files);
      await at.run(bin, ["pip", ...install, "--find-links", "links.html", "my-package"], files, {
        env: { PIP_TRUSTED_HOST: host },
      });
      expect(at.tokensHeard().filter((heard) => heard.startsWith("http "))).toEqual([]);
    },
    60_000,
  );
});
