/**
 * What the worms try: everything that code of the same user can do. Each attempt is a function of this name in the
 * languages that the packages run (worms/); what it got, the test judges from outside.
 */

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
  }),
  ...list("memory", {
    "package-manager-memory": "`/proc/PID/mem` of the package manager",
    "package-manager-readv": "`process_vm_readv` on the package manager",
    "package-manager-ptrace": "`ptrace` of the package manager",
    "agent-memory": "`/proc/PID/mem` of the agent",
    "agent-readv": "`process_vm_readv` on the agent",
    "agent-ptrace": "`ptrace` of the agent",
    "agent-core": "a core dump of the agent",
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
    "credential-codeartifact": "`vouch credential codeartifact`",
    "credential-aws": "`vouch credential aws`",
    "cargo-provider": "Cargo's credential provider, for reading",
    keyring: "`keyring get`, in its dialects",
    "bazel-helper": "Bazel's credential helper",
    "nuget-plugin": "NuGet's plugin",
    exec: "`vouch exec -- env`",
    preload: "a library of its own in a helper (`LD_PRELOAD`)",
    "sibling-asks": "a sibling of its own as the package manager's helper (`CLONE_PARENT`)",
  }),
  ...list("publish", {
    "ask-publish-token": "the socket: a token for publishing",
    "ask-publish-parent": "the same as the helper of its parent (`holder`)",
    "ask-publish-tokens": "the socket: all publish tokens of each format",
    "ask-publish-cargo": "the socket: Cargo's publish, yank and owners",
    "ask-publish-environment": "the socket: the variables for publishing",
    "ask-publish-role": "the socket: credentials of the publish role",
    "forged-touch": "a ceremony for publishing, ended with a forged assertion",
    "credential-publish": "`vouch credential codeartifact --purpose publish`",
    "cargo-provider-publish": "Cargo's credential provider, for publishing",
    "exec-publish": "`vouch exec --publish -- env`",
    "npm-publish": "`npm publish` of a package of its own",
    "npm-dist-tag": "`npm dist-tag add` on a package that is there",
    "cargo-publish": "`cargo publish` of a crate of its own",
    "twine-upload": "`twine upload` of a project of its own, by the shim",
    "upload-with-read-token": "an upload with the token for reading",
    "sibling-publishes": "a sibling that asks as the package manager's helper, for publishing",
  }),
  ...list("keys", {
    "key-add": "`vouch keys add`",
    "key-add-forged": "the socket: a new key with forged answers",
    "key-remove-forged": "the socket: the removal of a key, with a forged answer",
    enroll: "the socket: an enrolment with a guessed code",
    login: "`vouch login`",
    "login-forged": "the socket: a login with a forged assertion",
    "setup-elsewhere": "`vouch setup` towards a repository of its own",
    "type-into-terminal": "typing into the terminal (`TIOCSTI`)",
    "fake-prompt": "a prompt of its own for the PIN",
  }),
  ...list("later", {
    "fake-path": "a program of its own for `npm`, `cargo` and `vouch`, first on PATH",
    "shell-rc": "lines in `.bashrc` and `.profile`",
    "npmrc-later": "lines in `.npmrc`: another registry for the token, a script in every node",
    "cargo-config-later": "lines in `.cargo/config.toml`: a provider and a proxy of its own",
    "pip-config-later": "lines in `pip.conf`: an index of its own",
    "git-hooks": "git hooks",
    "replace-socket": "a socket of its own in the agent's place",
    "second-agent": "a second agent",
    "runtime-link": "a link in the place of the agent's folder",
  }),
];

export const wayOf = (name: string): Way | undefined => attempts.find((attempt) => attempt.name === name)?.way;

/** The way in the words of the table. */
export const inWords = (way: Way): string => ways[way];
