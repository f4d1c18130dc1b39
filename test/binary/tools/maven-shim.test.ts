/** What `mvn` in the shims folder gives to the program behind it, which here only says what it was given. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { ended, type Laptop, startLaptop } from "../../laptop.ts";
import { names } from "../../sandbox/main.ts";

const repository = `https://${names.packageHost}/maven/${names.repository}/`;
const setUp = ["vouch", "setup", "codeartifact", "--domain", names.domain, "--repository", names.repository];

let laptop: Laptop;
let bin: string;
let count = 0;

beforeAll(async () => {
  laptop = await startLaptop();
  await laptop.getReady();
  await ended(laptop.run([...setUp, "--tool", "maven"]));
  bin = join(laptop.folder, "maven");
  mkdirSync(bin);
  const script = `#!/bin/sh
env | sed -n 's/^VOUCH_TOKEN_[0-9A-F]*=.*vouch-sandbox-token.*/token/p'
case "$*" in *deploy*) env | sed -n 's/^VOUCH_DEPLOY_[0-9A-F]*=/id /p' ;; esac
for word in "$@"; do printf '<%s>\\n' "$word"; done
`;
  writeFileSync(join(bin, "mvn"), script);
  chmodSync(join(bin, "mvn"), 0o755);
});
afterAll(async () => laptop?.stop());

/** Runs the shim in a project with these files: what Maven is given, and what Vouch says. */
async function run(args: string[], files: Record<string, string> = {}, before: string[] = [], env = {}) {
  const folder = join(laptop.home, `project-${count++}`);
  for (const [name, text] of Object.entries({ "pom.xml": "<project/>", ...files })) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  const PATH = [laptop.shims, bin, laptop.env["PATH"]].join(":");
  const finished = await laptop.run([...before, "mvn", ...args], { cwd: folder, env: { PATH, ...env } });
  const given = finished.stdout.split("\n").filter((line) => line !== "");
  return { given, said: finished.stderr.replaceAll(folder, "FOLDER") };
}

test("Maven gets the token in the variable that settings.xml names", async () => {
  expect(await run(["-B", "package"])).toEqual({ given: ["token", "<-B>", "<package>"], said: "" });
});

test("a deployment gets id and address together, before the user's words", async () => {
  const { given, said } = await run(["deploy"]);
  const id = /=(vouch-[0-9a-f]{16})::/.exec(given.join("\n"))?.[1];
  expect(given).toEqual([
    "token",
    `id ${id}`,
    ...["alt", "altRelease", "altSnapshot"].map(
      (kind) => `<-D${kind}DeploymentRepository=${id}::default::${repository}>`,
    ),
    "<deploy>",
  ]);
  expect(said).toBe(`vouch: The POM names no repository to deploy to: it is ${repository}\n`);
  // The next run has another one, and settings.xml has neither.
  const again = await run(["deploy"]);
  expect(again.given).not.toContain(`id ${id}`);
  expect(readFileSync(join(laptop.home, ".m2/settings.xml"), "utf8")).not.toContain(id!);
});

test.each([
  [["deploy", "-DaltDeploymentRepository=x::default::https://own.example/"], {}, {}],
  [
    ["deploy"],
    {
      "pom.xml":
        "<project><distributionManagement><repository><url>https://own.example/</url></repository></distributionManagement></project>",
    },
    {},
  ],
  [["deploy"], {}, { MAVEN_ARGS: "-B -DaltReleaseDeploymentRepository=x::https://own.example/" }],
])("a deployment elsewhere stays there: %p with %p and %p", async (args, files, env) => {
  const { given, said } = await run(args, files, [], env);
  const id = expect.stringMatching(/^id vouch-[0-9a-f]{16}$/) as string;
  expect(given).toEqual(["token", id, ...args.map((word) => `<${word}>`)]);
  expect(said).toBe("");
});

test.each([[["-v"]], [["--help"]], [["-o", "package"]]])("there is no token with %p", async (args) => {
  expect(await run(args)).toEqual({ given: args.map((word) => `<${word}>`), said: "" });
});

test("there is no token with -X, whose log would hold it, unless `vouch exec` gives it", async () => {
  const { given, said } = await run(["-X", "package"]);
  expect(given).toEqual(["<-X>", "<package>"]);
  expect(said).toStartWith("vouch: No token for Maven with -X: its log would hold every variable, the token too.");
  expect((await run(["-X", "package"], {}, ["vouch", "exec", "--"])).given).toEqual(["token", "<-X>", "<package>"]);
});

test.each([[[] as string[]], [["vouch", "exec", "--"]]])(
  "there is no token in a project that decides whom Maven trusts, after %p",
  async (before) => {
    const { given, said } = await run(["package"], { ".mvn/jvm.config": "-Djavax.net.ssl.trustStore=x" }, before);
    expect(given).toEqual(["<package>"]);
    expect(said).toBe(
      "vouch: No token for Maven here: FOLDER/.mvn/jvm.config has -Djavax.net.ssl.trustStore=x. It may say whom Maven talks to or trusts. Give it on the command line or in MAVEN_OPTS if it is yours.\n",
    );
  },
);

test("without a session Maven starts without a token, and Vouch says what is missing", async () => {
  const { given, said } = await run(["package"], {}, [], { VOUCH_RUNTIME_DIR: join(laptop.folder, "nobody") });
  expect(given).toEqual(["<package>"]);
  expect(said).toContain("Run `vouch login`.");
});
