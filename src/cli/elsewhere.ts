/** The help of the commands that main.ts hands to the helpers before the command line is loaded. */
import { usage } from "./arguments.ts";
import { defineCommand } from "./command.ts";

export const exec = defineCommand({
  meta: {
    name: "exec",
    description:
      "Run a command with the tokens of your repositories in its environment, for tools that have no way to ask for one.",
  },
  run: () => {
    throw usage("vouch exec needs a command to run.", "vouch exec", "vouch exec -- COMMAND");
  },
  teaching: {
    usage: "-- COMMAND [ARGUMENT …]",
    details: [
      "The command finds CODEARTIFACT_AUTH_TOKEN (for the repository that was set up first), PIP_INDEX_URL, and npm's `npm_config_//HOST/PATH/:_authToken` for every configured repository. Its exit code is passed through. What the command starts inherits these variables, the scripts of packages included.",
      "Start npm itself rather than a shell that starts it: some shells (dash) drop variables with npm's kind of name.",
      "cargo, pip and npm do not need this after `vouch setup codeartifact`: they ask by themselves.",
    ],
    examples: [
      ["vouch exec -- mvn deploy", "Maven reads ${env.CODEARTIFACT_AUTH_TOKEN} in its settings.xml."],
      ["vouch exec -- gradle build", "Gradle reads the same variable."],
      ["vouch exec -- python3.7 -m pip install my-package", "An old pip finds its index in PIP_INDEX_URL."],
    ],
  },
});

const codeartifact = defineCommand({
  meta: { name: "codeartifact", description: "Print a CodeArtifact authorization token on stdout." },
  args: {
    endpoint: {
      type: "string",
      valueHint: "URL",
      description: "The configured endpoint the token is for. Without it: the repository that was set up first.",
    },
    json: { type: "boolean", description: "Print `token` and `expiration` (seconds since 1970) as JSON." },
  },
  teaching: {
    details: [
      "The token comes from the agent's memory. Pipe it to where it is used; do not put it into a file or a command line.",
    ],
    examples: [
      [
        "CODEARTIFACT_AUTH_TOKEN=$(vouch credential codeartifact) docker build --secret id=CODEARTIFACT_AUTH_TOKEN .",
        "Give it to a build as a secret, which stays out of the image.",
      ],
      ["vouch credential codeartifact --json", "See also when it ends."],
    ],
  },
});

export const credential = defineCommand({
  meta: { name: "credential", description: "Print a token on stdout, for a script that takes it from there." },
  subCommands: { codeartifact },
});
