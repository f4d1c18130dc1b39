/**
 * What the worms try: everything that code of the same user can do. Each attempt is a function of this name in
 * worms/, and every worm makes it; what it got, the test judges from outside.
 */

/** Each in a package of this package manager: an install script, a build script, a build backend. */
export const worms = ["npm", "cargo", "pip"] as const;
export type Worm = (typeof worms)[number];

/** How a token would come to the worm; `publish` and `keys` are judged at the registries and the Vouch server alone. */
const ways = {
  environment: "environments and arguments",
  files: "files",
  descriptors: "descriptors",
  memory: "memory",
  race: "the race for the pipe",
  asked: "asking by name",
  publish: "publishing",
  keys: "keys and sessions",
  later: "the next command",
} as const;
export type Way = keyof typeof ways;

export interface Attempt {
  name: string;
  way: Way;
  /** For the threat model's table. */
  tries: string;
}

const list = (way: Way, tries: Record<string, string>): Attempt[] =>
  Object.entries(tries).map(([name, text]) => ({ name, way, tries: text }));

export const attempts: readonly Attempt[] = [
  ...list("environment", {
    "own-environment": "its own environment, in every install script",
    "parent-environment": "its parent's `/proc/PID/environ`",
    "ancestors-environment": "the environment of every ancestor",
    "all-environments": "the environment of every process of the user",
    "agent-environment": "the agent's environment",
    arguments: "the arguments of every process of the user",
    "tool-settings": "what the package managers say of their settings (`npm config`, `pip config`)",
    "nested-scripts":
      "the scripts of an npm that it starts itself (`npm run`, `npm exec`, `npx`; pnpm, yarn, bun where installed)",
    "later-environments": "in the background, the environments of the next command",
  }),
  ...list("files", {
    "token-files": "the files in which package managers keep tokens",
    "home-files": "every file of the home folder",
    "logs-and-caches": "logs and caches of npm, Cargo and pip",
    "shell-histories": "shell histories",
    "runtime-folder": "the agent's folder",
    "temporary-files": "the folder for temporary files",
    "shared-memory": "`/dev/shm`",
    "project-files": "the project's files",
  }),
  ...list("descriptors", {
    "own-descriptors": "its own descriptors",
    "ancestors-descriptors": "pipes, memfds and files of every ancestor (`/proc/PID/fd`)",
    "all-descriptors": "those of every process of the user",
    "agent-descriptors": "those of the agent",
    "duplicated-descriptors": "`pidfd_getfd` on the package manager",
    "agent-duplicated": "`pidfd_getfd` on the agent",
    "agent-files": "the agent's other files in `/proc`: maps, stack, root",
  }),
  ...list("memory", {
    "package-manager-memory": "`/proc/PID/mem` of the package manager",
    "package-manager-readv": "`process_vm_readv` on the package manager",
    "package-manager-ptrace": "`ptrace` of the package manager",
    "agent-memory": "`/proc/PID/mem` of the agent",
    "agent-readv": "`process_vm_readv` on the agent",
    "agent-ptrace": "`ptrace` of the agent",
    "agent-core": "a core dump of the agent",
    "agent-namespace": "the agent's memory and environment, as root of a user namespace of its own",
    "agent-limits": "the agent's limit on core files raised (`prlimit`)",
  }),
  ...list("race", {
    "pipe-race": "in the background, the pipe of the next npm",
    "pipe-race-nested": "the pipe of an npm that it starts itself",
  }),
  ...list("asked", {
    "ask-token": "the agent's socket: a token for the default repository",
    "ask-tokens": "the socket: the tokens of every format",
    "ask-cargo": "the socket: Cargo's question for a read token",
    "ask-environment": "the socket: the variables of `vouch exec`",
    "ask-role": "the socket: credentials of the role",
    "ask-unknown-route": "the socket: routes that are not there",
    "ask-forged-head": "the socket: another protocol, doubled lengths, headers of somebody else",
    "ask-by-another-name": "the socket, as a process that calls itself `npm` or `cargo` (`prctl`)",
    "ask-behind-many": "the socket, behind two hundred connections that say nothing",
    "ask-to-flood": "1200 long questions that are refused, to push others out of `vouch log`",
    "credential-codeartifact": "`vouch credential codeartifact`",
    "credential-aws": "`vouch credential aws`",
    "cargo-provider": "Cargo's credential provider, for reading",
    keyring: "`keyring get`, in its dialects",
    "bazel-helper": "Bazel's credential helper",
    "nuget-plugin": "NuGet's plugin",
    exec: "`vouch exec -- env`",
    preload: "a library of its own in a helper (`LD_PRELOAD`)",
    "runtime-variables": "the runtime's variables (`BUN_OPTIONS`, `NODE_OPTIONS`, …) for a helper",
    "sibling-asks": "a sibling of its own as the package manager's helper (`CLONE_PARENT`)",
    "hooked-npm": "an npm that it starts itself, with a script of its own in it (`NODE_OPTIONS`)",
    "false-manager": "a program of its own behind the shim of an npm or pip that it starts itself",
  }),
  ...list("publish", {
    "ask-publish-token": "the socket: a token for publishing",
    "ask-publish-parent": "the same as the helper of its parent (`holder`)",
    "ask-publish-tokens": "the socket: all publish tokens of each format",
    "ask-publish-cargo": "the socket: Cargo's publish, yank and owners",
    "ask-publish-environment": "the socket: the variables for publishing",
    "ask-publish-role": "the socket: credentials of the publish role",
    "ask-publish-by-another-name": "the socket, as a process that calls itself `npm` or `cargo`",
    "ask-publish-at-once": "ten requests for a touch and thirty for what it would give, at once",
    "ask-publish-dead": "connections of processes that have ended, whose ids may be npm's later",
    "forged-touch": "a ceremony for publishing, ended with a forged assertion",
    "forged-purpose": "the ceremonies of a login and of a new key, ended as one for publishing",
    "credential-publish": "`vouch credential codeartifact --purpose publish`, without a terminal and on one of its own",
    "cargo-provider-publish": "Cargo's credential provider, for publishing",
    "cargo-provider-terminal": "the same on a terminal of its own",
    "exec-publish": "`vouch exec --publish -- env`, without a terminal and on one of its own",
    "npm-publish": "`npm publish` of a package of its own, without a terminal and on one of its own",
    "npm-dist-tag": "`npm dist-tag add` on a package that is there",
    "npm-owner": "`npm deprecate` and `npm unpublish` of a package that is there",
    "hooked-publish": "`npm publish` with a script of its own in npm (`NODE_OPTIONS`)",
    "false-publish": "`npm publish` with a program of its own behind the shim",
    "cargo-publish": "`cargo publish` of a crate of its own",
    "twine-upload": "`twine upload` of a project of its own, by the shim",
    "own-pinentry": "a `pinentry` of its own that says yes",
    "upload-with-read-token": "an upload with the token for reading",
    "upload-with-role-credentials":
      "an upload with a token that it asks AWS for itself, with the read role's credentials",
    "assume-publish-role":
      "`AssumeRole` of the publish role with the read role's credentials, with and without the tag",
    "own-settings":
      "settings, agent's folder and profile of its own (`VOUCH_CONFIG`, `VOUCH_RUNTIME_DIR`, `VOUCH_PROFILE`)",
    "settings-without-publish-role": "the publish role taken out of `config.json`",
    "settings-read-as-publish": "the publish role named as the one that reads, in `config.json`",
    "settings-publish-as-read": "the read role named as the one that publishes, in `config.json`",
    "setup-publish-as-read": "`vouch setup codeartifact --publish-role` with the read role",
    "setup-read-as-publish": "`vouch setup aws` with the publish role",
    trust: "`vouch trust` for a project of its own, then Cargo's question to publish",
    "sibling-publishes": "a sibling that asks as the package manager's helper, for publishing",
  }),
  ...list("keys", {
    "key-add": "`vouch keys add`",
    "key-add-forged": "the socket: a new key with forged answers",
    "key-rename": "`vouch keys rename`",
    "key-rename-forged": "the socket: another name for a key, with a forged answer",
    "key-remove": "`vouch keys remove`",
    "key-remove-forged": "the socket: the removal of a key, with a forged answer",
    enroll: "the socket: an enrolment with a guessed code",
    login: "`vouch login`",
    "login-forged": "the socket: a login with a forged assertion",
    "server-of-its-own": "another Vouch server in `config.json`, then `vouch login`",
    "end-record": "`vouch logout` and `vouch agent stop`, so that the record of its asks goes with the agent",
    "setup-elsewhere": "`vouch setup` towards a repository of its own",
    "type-into-terminal": "typing into the terminal (`TIOCSTI`)",
    "fake-prompt": "a prompt of its own for the PIN",
  }),
  ...list("later", {
    "ask-later": "in the background, the token to publish with, again and again",
    "home-programs": "programs of its own in `~/.local/bin`, `~/.cargo/bin`, `~/bin`",
    "shell-rc": "lines in `.bashrc` and `.profile`, `NODE_OPTIONS` among them",
    "npmrc-later": "lines in `.npmrc`: `node-options`, `script-shell`, another registry for the token",
    "cargo-config-later": "lines in `.cargo/config.toml`: a compiler of its own",
    "cargo-provider-later": "lines in `.cargo/config.toml`: another program by the name of the credential provider",
    "pip-config-later": "lines in `pip.conf`: an index of its own",
    "python-site": "`usercustomize.py`, which every Python of the user loads",
    "git-hooks": "git hooks",
    services: "units of systemd and programs for the desktop's next start",
    "second-agent": "a second agent, and one in a folder of its own",
    "runtime-link": "a link in the place of the agent's folder",
    "replace-socket": "a socket of its own in the agent's place",
    "fake-path": "a program of its own for `npm` and `cargo`, first on PATH behind the shims",
    "own-shims": "programs of its own in the shims folder",
  }),
];

export const wayOf = (name: string): Way | undefined => attempts.find((attempt) => attempt.name === name)?.way;

/** The way in the words of the table. */
export const inWords = (way: Way): string => ways[way];
