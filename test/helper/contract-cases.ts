/** The table that both sides of a helper are run through: what is asked, by whom, where, and what is answered. */
import { type Answer, answersTo, answerWith, environments, type Kind, refusal, replyOf } from "./contract-answers.ts";

export interface Case {
  name: string;
  program: "vouch" | "keyring" | "npm" | "npx" | "pnpm" | "pip" | "yarn" | "bun" | "deno" | "other";
  args: readonly string[];
  /** Written in these parts, each after the answer to the one before; then stdin ends. */
  stdin?: readonly string[];
  /** The agent's answer to all but `match`; undefined: never one. */
  answer: Answer | undefined;
  /** The agent's answer to `match`. */
  match?: Answer;
  env?: Readonly<Record<string, string | undefined>>;
  /** Changes the agent's folder, once it listens there; gives variables that say where it is, if they are other ones. */
  place?: (folder: string, socket: string) => Record<string, string | undefined> | void;
  /** The words of the process that starts the helper; without them it is the test. */
  parent?: readonly [name: string, subcommand: string, ...string[]];
  /** Files of the current folder. */
  files?: Readonly<Record<string, string>>;
  /** Another user listens in the agent's place. */
  foreign?: true;
  /** The agent is another user's, and so is its folder, which has been mounted there with this mode. */
  mounted?: number;
  /** The first stage answers by itself; "maybe" where that is up to how the system cuts stdin. Else it must leave it. */
  taken?: boolean | "maybe";
}

const url = "https://dd-123456789012.d.codeartifact.us-east-1.amazonaws.com/pypi/rr/simple/";
export const cargoIndex = "https://dd-123456789012.d.codeartifact.us-east-1.amazonaws.com/cargo/rr/";
const get = (index = `sparse+${cargoIndex}`, more: object = {}) =>
  `${JSON.stringify({ v: 1, registry: { "index-url": index, name: "mine" }, kind: "get", operation: "read", args: [], ...more })}\n`;

const jsonDialect = ["--mode=creds", "--output=json", "get", url, "aws"];
/** Random names and process ids are the only bytes that may differ. */
const known = "s/VOUCH_[0-9a-f]{32}_/VOUCH_RANDOM_/; s/^(VOUCH_SHIM_TRAIL)=[0-9]+:/\\1=PID:/";
const shown = `env | sed -E '${known}' | sort; printf "<%s>" "$@"; exit 3`;

const good = (kind: Kind): Answer => [answerWith(replyOf[kind]('"t0ken"', "1900000000"))];

const keyring = (args: readonly string[]): Case => ({ name: "", program: "keyring", args, answer: good("token") });
const cargo = (...stdin: string[]): Case => ({
  name: "",
  program: "vouch",
  args: ["--cargo-plugin"],
  stdin,
  answer: good("cargo"),
});
const exec = (...args: string[]): Case => ({
  name: "",
  program: "vouch",
  args: ["exec", ...args],
  answer: good("environment"),
});

const prompt = (...more: string[]): Case => ({
  name: "",
  program: "vouch",
  args: ["status", "--prompt", ...more],
  answer: good("timeLeft"),
});

/** A row like another one. */
export const like = (base: Case, name: string, changes: Partial<Case>): Case => ({ ...base, ...changes, name });

/** A plain question of each helper that has a first stage. */
export const askers: { name: string; kind: Kind; ask: Case }[] = [
  { name: "keyring get", kind: "token", ask: keyring(["get", url, "aws"]) },
  { name: "keyring of pip", kind: "token", ask: keyring(jsonDialect) },
  { name: "Cargo's provider", kind: "cargo", ask: cargo(get()) },
  { name: "the prompt", kind: "timeLeft", ask: prompt() },
  { name: "exec", kind: "environment", ask: exec("--", "sh", "-c", shown, "sh", "one", "two three") },
];

/** Every answer, to every asker. */
export const answers: Case[] = [
  ...askers.flatMap(({ name, kind, ask }) =>
    answersTo(kind).map((row) => like(ask, `${name}: an answer ${row.name}`, row)),
  ),
  ...environments.map(({ name, body, taken = false }) =>
    like(exec("--", "sh", "-c", shown), `exec: ${name}`, { answer: [answerWith(body)], taken }),
  ),
];

/** Requests that are plain, and others. */
export const requests: Case[] = [
  // A shim of a later version, whose name the first stage does not know.
  { ...exec("--", "true"), program: "other", name: "exec: under another name" },
  { ...cargo(get()), program: "other", name: "Cargo: under another name" },
  { ...prompt(), program: "other", name: "the prompt: under another name" },
  { ...prompt("--json"), name: "the prompt: with another flag" },
  { ...prompt("--for", "acme"), name: "the prompt: at a profile's server" },
  { ...keyring(["get", url]), name: "keyring: no user name", taken: true },
  { ...keyring(["get", url, ""]), name: "keyring: an empty user name", taken: true },
  { ...keyring(["get", url, "someone"]), name: "keyring: another user name" },
  { ...keyring(["get", url, "aws", "more"]), name: "keyring: a word too many" },
  { ...keyring(["get", url, "--mode", "creds"]), name: "keyring: uv's dialect", taken: true },
  { ...keyring(["--mode=creds", "get", url, ""]), name: "keyring: PDM's dialect", taken: true },
  {
    ...keyring(["--mode=creds", "--output=json", "get", url]),
    name: "keyring: pip's dialect without a user name",
    taken: true,
  },
  { ...keyring(["get", "x.example"]), name: "keyring: a bare host", taken: true },
  { ...keyring(["get", "x.example"]), name: "keyring: a bare host of nobody's", answer: [refusal("not_configured")] },
  { ...keyring(["get", "--help"]), name: "keyring: an option in the service's place" },
  { ...keyring(["get", 'https://x.example/"\\']), name: "keyring: a service with quotes", taken: true },
  { ...keyring(["get", "https://m\u00fcller.example/simple/"]), name: "keyring: a service that is not ASCII" },
  { ...keyring(["set", url, "aws"]), name: "keyring: set" },
  {
    ...keyring(["del", "https://other.example/", "aws"]),
    name: "keyring: del of nobody's",
    match: [answerWith('{"configured":[false],"onConfiguredHost":[false]}')],
  },
  { ...keyring([]), name: "keyring: nothing" },
  { ...keyring(["get"]), name: "keyring: no service" },

  { ...cargo(), name: "Cargo: no request", taken: true },
  { ...cargo(get(), get()), name: "Cargo: two requests, one after the other", taken: true },
  { ...cargo(get() + get()), name: "Cargo: two requests at once" },
  { ...cargo(get().trimEnd()), name: "Cargo: a request without a line end" },
  { ...cargo(get().slice(0, 20), get().slice(20)), name: "Cargo: a request in two parts", taken: "maybe" },
  { ...cargo("\n"), name: "Cargo: an empty line", answer: [refusal("protocol_error", "400 ")] },
  { ...cargo(`\r\n${get()}`), name: "Cargo: a blank line, then a request" },
  { ...cargo("no JSON\n"), name: "Cargo: no JSON", answer: [refusal("protocol_error", "400 ")] },
  { ...cargo("{}\n"), name: "Cargo: no request of Cargo's", answer: [refusal("protocol_error", "400 ")] },
  { ...cargo(get().replace('"v":1', '"v":2')), name: "Cargo: version 2", answer: [refusal("protocol_error", "400 ")] },
  { ...cargo(get(undefined, { kind: "login" })), name: "Cargo: login", answer: [refusal("protocol_error", "400 ")] },
  { ...cargo(get(undefined, { kind: "logout" })), name: "Cargo: logout", answer: [refusal("protocol_error", "400 ")] },
  {
    ...cargo(get(undefined, { kind: "dance" })),
    name: "Cargo: an operation of the future",
    answer: [refusal("protocol_error", "400 ")],
  },
  { ...cargo(get(undefined, { operation: "publish", vers: "1.0.0" })), name: "Cargo: publish", taken: true },
  {
    ...cargo(get(undefined, { operation: "publish", vers: "1.0.0" })),
    name: "Cargo: publish, with a token that is not to be kept",
    answer: [answerWith('{"Ok":{"kind":"get","token":"t0ken","cache":"never","operation_independent":false}}')],
  },
  {
    ...cargo(get()),
    name: "Cargo: a token for reading only",
    answer: [answerWith(replyOf.cargo('"t0ken"', "1900000000").replace("true", "false"))],
  },
  {
    ...cargo(get()),
    name: "Cargo: a token to be kept without an end",
    answer: [answerWith('{"Ok":{"kind":"get","token":"t0ken","cache":"expires","operation_independent":true}}')],
  },
  {
    ...exec("--", "true"),
    name: "exec: where publishing needs other tokens",
    answer: [answerWith(replyOf.environment('"t0ken"', "1900000000").replace(/}$/, ',"hasPublishRole":true}'))],
  },
  { ...cargo(get("https://m\u00fcller.example/")), name: "Cargo: an index that is not ASCII" },
  {
    ...cargo(get("sparse+https://other.example/")),
    name: "Cargo: an index of nobody's",
    answer: [refusal("not_configured", "404 ")],
  },
  { ...cargo(get(undefined, { headers: ["x".repeat(40_000)] })), name: "Cargo: a request too long for one buffer" },
  { ...cargo(`${"x".repeat((1 << 20) + 2)}\n`), name: "Cargo: a request that is too long" },

  { ...exec("--", "true"), name: "exec: a command that says nothing", taken: true },
  { ...exec("--", "/bin/sh", "-c", "exit 9"), name: "exec: a command by its path", taken: true },
  { ...exec("sh", "-c", "exit 9"), name: "exec: no separator" },
  { ...exec("--", "no-such-command"), name: "exec: no such command" },
  { ...exec("--", "/no/such/command"), name: "exec: no such path" },
  { ...exec("--", "/etc/passwd"), name: "exec: a file that is no program" },
  { ...exec("--", ""), name: "exec: an empty command" },
  { ...exec("--"), name: "exec: no command" },
  { ...exec(), name: "exec: nothing" },
  { ...exec("--help"), name: "exec: help" },
  { ...exec("--dance", "--", "true"), name: "exec: an option that there is not" },
  { ...exec("--role", "x", "--", "true"), name: "exec: a job's option without an identity" },
  {
    ...exec("--", "sh", "-c", 'printf %s "$1"', "sh", "\u00fc \u{1f511} \ufffd"),
    name: "exec: words that are not ASCII",
    taken: true,
  },
  {
    ...exec("--", "sh", "-c", 'printf "<%s>" "$@"', "sh", "", "-", "--", "*"),
    name: "exec: words of every kind",
    taken: true,
  },
];

const environmentsOf: { name: string; env: NonNullable<Case["env"]>; leaves?: true }[] = [
  { name: "PIP_INDEX_URL", env: { PIP_INDEX_URL: "https://own.example/" }, leaves: true },
  { name: "an empty PIP_INDEX_URL", env: { PIP_INDEX_URL: "" } },
  { name: "PIP_CONFIG_FILE", env: { PIP_CONFIG_FILE: "/no/such/file" }, leaves: true },
  { name: "TWINE_USERNAME", env: { TWINE_USERNAME: "me" } },
  { name: "TWINE_REPOSITORY", env: { TWINE_REPOSITORY: "mine" } },
  { name: "an empty TWINE_PASSWORD", env: { TWINE_PASSWORD: "" } },
  { name: "a trail of another process", env: { VOUCH_SHIM_TRAIL: "1:/bin/sh" } },
  { name: "a value that is not ASCII", env: { GREETING: "Gr\u00fc\u00df dich" } },
  { name: "a value that has lost bytes", env: { LOST: "a\ufffdb" } },
  { name: "no PATH", env: { PATH: undefined } },
];
const twine = [answerWith(environments[2]!.body)];

type Parent = Pick<Case, "files" | "taken" | "parent">;
const parentsOfKeyring: Parent[] = [
  { taken: true },
  { parent: ["poetry", "install"], taken: true },
  { parent: ["pip", "install"] },
  { parent: ["pip3.12", "download"] },
  { parent: ["uv", "sync"] },
  { parent: ["pdm", "lock"] },
];
const parentsOfCargo: Parent[] = [
  { parent: ["cargo", "build"], taken: true },
  { parent: ["cargo", "update", "--quiet"], taken: true },
  { parent: ["cargo", "install"] },
  { parent: ["cargo", "b2"] },
  { parent: ["cargo-add", "add"] },
  { parent: ["cargo", "add", "serde", "--features=derive", "-q"], taken: true },
  { parent: ["make", "all"], taken: true },
  // Words that may name a folder whose configuration Cargo reads: whatever is there.
  ...[
    ["run", "--", "other"],
    ["add", "--path", "other"],
    ["add", "--path=other"],
    ["build", "--target-dir", "other"],
    ["build", "-Cother"],
    ["vendor", "other"],
    ["fetch", "--config", "other/config.toml"],
    ["fetch", "--config=net.retry=2"],
  ].map(([subcommand, ...words]): Parent => ({
    parent: ["cargo", subcommand!, ...words],
    files: { "other/config.toml": "", "other/.cargo/config.toml": '[http]\nproxy = "http://evil.example:1"\n' },
  })),
  { parent: ["cargo", "build"], files: { ".cargo/config.toml": "[build]\njobs = 1\n" } },
  { parent: ["cargo", "build"], files: { ".cargo/config.toml": '[http]\nproxy = "http://evil.example:1"\n' } },
  { parent: ["make", "all"], files: { ".cargo/config": "" } },
];

const script = "#!/bin/sh\necho planted\n";
const ofCurrentFolder = [".:/usr/bin:/bin", ":/usr/bin:/bin", "bin:/usr/bin:/bin:", ""].flatMap((path) =>
  ["sh", "tool"].map((command) =>
    like(exec("--", command, "-c", "exit 3"), `exec: ${command} with PATH=${path}`, {
      env: { PATH: path },
      files: { sh: script, tool: script },
    }),
  ),
);
const ofPackageManagers = "npm npx pnpm pnpx pn pnx yarn yarnpkg corepack bun bunx deno pdm pipenv pip3 uvx python3.12"
  .split(" ")
  .map((name) => like(exec("--", `./${name}`, "--version"), `exec: ${name}`, { files: { [name]: script } }));

/** The names of shims: their words are of another program, whatever they read like. */
const ofShims = (["npm", "npx", "pnpm", "pip", "yarn", "bun", "deno"] as const).flatMap((program) =>
  [["exec", "--", "/bin/sh", "-c", "exit 9"], ["credential", "codeartifact"], ["--help"]].map((args) =>
    like({ ...exec(), program, args }, `${program} ${args.join(" ")}`, { env: { PATH: "/no/such/folder" } }),
  ),
);

/** Environments that decide what a helper does. */
export const surroundings: Case[] = [
  ...askers.map(({ name, kind, ask }) =>
    like(ask, `${name}: Cargo takes stdout for a token`, {
      env: { CARGO_REGISTRY_INDEX_URL: cargoIndex },
      taken: kind === "cargo" || kind === "timeLeft",
    }),
  ),
  ...askers.map(({ name, ask }) =>
    like(ask, `${name}: a job with an identity that there is not`, { env: { VOUCH_IDENTITY: "nobody" } }),
  ),
  ...environmentsOf.map(({ name, env, leaves = false }) =>
    like(exec("--", "/bin/sh", "-c", shown), `exec: ${name}`, { env, answer: twine, taken: !leaves }),
  ),
  ...ofCurrentFolder,
  ...ofPackageManagers,
  ...ofShims,
  ...parentsOfKeyring.map((row) => {
    const name = `keyring: asked by ${row.parent?.join(" ") ?? "anybody"}, nobody has looked at the project`;
    return like(keyring(["get", url, "aws"]), name, { ...row, env: { VOUCH_PIP: undefined } });
  }),
  ...parentsOfCargo.map((row) =>
    like(cargo(get()), `Cargo: asked by ${row.parent!.join(" ")} with ${JSON.stringify(row.files ?? {})}`, row),
  ),
  { ...keyring(jsonDialect), name: "keyring of pip: nobody has looked at the project", env: { VOUCH_PIP: undefined } },
];
