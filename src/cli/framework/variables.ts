/** The environment variables that Vouch reads, but those of the server, whose settings have a table of their own. */

import { packageManagerVariables } from "./package-manager-variables.ts";
import type { VariableGroup } from "./variable.ts";

const everyone = "all commands";
const commandLine = "command line";
const asking = "command line, publishing";
const agent = "agent";
const job = "CI job";
const jobAndServer = "CI job, server";
const setup = "setup, doctor";

export const variableGroups: VariableGroup[] = [
  {
    title: "Vouch's own places",
    variables: [
      {
        names: ["VOUCH_CONFIG"],
        readBy: "command line, agent",
        meaning: "The settings file, as an absolute path. Without it: `config.json` in `vouch` in `$XDG_CONFIG_HOME`.",
      },
      {
        names: ["VOUCH_RUNTIME_DIR"],
        readBy: everyone,
        meaning:
          "The folder of the agent's socket, or of a guest's, which may be another user's. Without it: `vouch` in `$XDG_RUNTIME_DIR` if it has mode 700 and belongs to you, else in `/run/user/UID` on the same condition, else `~/.local/state/vouch/run`.",
      },
      {
        names: ["VOUCH_PROFILE"],
        readBy: "credential",
        meaning: "As `--profile` of `vouch credential`; it chooses no other one in a folder that a profile has.",
      },
      {
        names: ["XDG_CONFIG_HOME"],
        readBy: "command line, agent",
        meaning: "Where the folder `vouch` with the settings is. Without it: `~/.config`.",
      },
      { names: ["XDG_RUNTIME_DIR"], readBy: everyone, meaning: "Where the folder `vouch` with the socket is." },
      {
        names: ["XDG_DATA_HOME"],
        readBy: setup,
        meaning: "Where `vouch/shims` with the links is. Without it: `~/.local/share`.",
      },
      {
        names: ["XDG_STATE_HOME"],
        readBy: everyone,
        meaning: "Where `vouch` with the agent's log and the server's database is. Without it: `~/.local/state`.",
      },
      { names: ["HOME"], readBy: everyone, meaning: "The home folder. Without it: that of the user database." },
      {
        names: ["PATH"],
        readBy: everyone,
        meaning: "Where programs are looked for; relative and empty entries are ignored.",
      },
      {
        names: ["SHELL", "ZDOTDIR"],
        readBy: setup,
        meaning: "Your shell, and zsh's folder: which start file puts the shims folder on PATH.",
      },
    ],
  },
  {
    title: "Asking you",
    variables: [
      {
        names: ["DISPLAY", "WAYLAND_DISPLAY", "GPG_TTY"],
        readBy: asking,
        meaning:
          "The display, or the terminal, where pinentry asks for PIN and confirmation when there is no terminal. `GPG_TTY` counts only if that device is yours. On a display `vouch login --browser` opens the page.",
      },
      {
        names: ["GNUPGHOME"],
        readBy: asking,
        meaning: "Where `gpg-agent.conf` is, which may name a `pinentry-program`. Without it: `~/.gnupg`.",
      },
      {
        names: ["LC_ALL", "LC_CTYPE", "LC_MESSAGES", "LANG"],
        readBy: commandLine,
        meaning: "Handed on to pinentry.",
      },
      {
        names: ["SSH_CONNECTION"],
        readBy: asking,
        meaning: "On a Mac: nobody who is logged in by ssh sees a window. `vouch login --browser` opens none by ssh.",
      },
      {
        names: ["CI", "TF_BUILD", "JENKINS_URL", "TEAMCITY_VERSION", "CODEBUILD_BUILD_ID"],
        readBy: asking,
        meaning: "Any value but the empty one, 0 and `false`: a machine runs the command, and nobody is asked.",
      },
      {
        names: ["npm_lifecycle_event", "CARGO_MANIFEST_DIR"],
        readBy: "shims, exec",
        meaning: "Set by npm and Cargo for the scripts that they run: in these no shim asks for a PIN.",
      },
    ],
  },
  {
    title: "Output",
    variables: [
      {
        names: ["VOUCH_DEBUG"],
        readBy: everyone,
        meaning:
          "1, true or yes shows the cause of an error and traces requests, the agent, the security key and programs on stderr, each with its length and time, never with a secret. An agent that is started with it traces to its log.",
      },
      {
        names: ["DBUS_SESSION_BUS_ADDRESS"],
        readBy: "command line, agent",
        meaning:
          "The bus of the desktop that notifications are shown on, and that tells of its screen lock. Without it: `bus` in `$XDG_RUNTIME_DIR`.",
      },
      {
        names: ["DBUS_SYSTEM_BUS_ADDRESS"],
        readBy: "setup, doctor, agent",
        meaning:
          "The bus of logind, which tells of screen lock and sleep. Without it: the socket `/run/dbus/system_bus_socket`.",
      },
      {
        names: ["COLUMNS"],
        readBy: commandLine,
        meaning: "On a terminal: how many columns help, messages and tables have. Without it: those of the terminal.",
      },
      {
        names: ["NO_COLOR"],
        readBy: commandLine,
        meaning: "Any value but the empty one: no colour, unless `FORCE_COLOR` is set.",
      },
      {
        names: ["FORCE_COLOR"],
        readBy: commandLine,
        meaning:
          "0 or `false`: no colour; any other value but the empty one: colour, without a terminal too. It overrides `NO_COLOR` and `TERM`.",
      },
      { names: ["TERM"], readBy: commandLine, meaning: "`dumb`: no colour, unless `FORCE_COLOR` is set." },
    ],
  },
  {
    title: "Network",
    variables: [
      {
        names: ["HTTPS_PROXY", "NO_PROXY"],
        readBy: "agent, doctor, CI job, server",
        meaning: "The proxy, as the agent finds it when it is started; also in lower case.",
      },
      {
        names: ["AWS_CA_BUNDLE"],
        readBy: "agent, doctor, CI job, server",
        meaning: "Private certificate authorities for AWS: a PEM file.",
      },
      {
        names: ["SSL_CERT_FILE"],
        readBy: "agent, CI job, server",
        meaning:
          "Private certificate authorities for the Vouch server, for AWS and, at the server, for the URL of FIDO metadata: a PEM file.",
      },
      {
        names: [
          "HTTP_PROXY",
          "ALL_PROXY",
          "SSL_CERT_DIR",
          "NODE_EXTRA_CA_CERTS",
          "NODE_TLS_REJECT_UNAUTHORIZED",
          "NODE_USE_SYSTEM_CA",
        ],
        readBy: "status, doctor",
        meaning: "Shown only: other programs obey them, Vouch does not.",
      },
    ],
  },
  {
    title: "AWS",
    variables: [
      {
        names: ["AWS_REGION", "AWS_DEFAULT_REGION"],
        readBy: "setup, agent, CI job, server",
        meaning: "The region where none is named; of a server, that of STS.",
      },
      {
        names: [
          "AWS_ENDPOINT_URL",
          "AWS_ENDPOINT_URL_STS",
          "AWS_ENDPOINT_URL_CODEARTIFACT",
          "AWS_ENDPOINT_URL_KMS",
          "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
        ],
        readBy: "agent, CI job, server",
        meaning: "Other endpoints of AWS, as in all AWS tools.",
      },
      {
        names: ["AWS_USE_FIPS_ENDPOINT", "AWS_USE_DUALSTACK_ENDPOINT"],
        readBy: "agent, CI job, server",
        meaning: "FIPS and dual-stack endpoints, as in all AWS tools.",
      },
      {
        names: ["AWS_CONFIG_FILE", "AWS_PROFILE"],
        readBy: "setup, CI job, server",
        meaning: "AWS's configuration file and its profile.",
      },
      {
        names: ["AWS_SHARED_CREDENTIALS_FILE"],
        readBy: "doctor, server",
        meaning:
          "AWS's credentials file: `vouch doctor --leaks` searches it, a server looks whether it has a default profile.",
      },
      {
        names: ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_CREDENTIAL_EXPIRATION"],
        readBy: jobAndServer,
        meaning: "The credentials of `--identity aws-environment`, and of a server that uses AWS KMS.",
      },
      {
        names: [
          "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
          "AWS_CONTAINER_CREDENTIALS_FULL_URI",
          "AWS_CONTAINER_AUTHORIZATION_TOKEN",
          "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
        ],
        readBy: jobAndServer,
        meaning: "Where a container asks for its credentials.",
      },
      {
        names: [
          "AWS_EC2_METADATA_DISABLED",
          "AWS_EC2_METADATA_SERVICE_ENDPOINT",
          "AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE",
        ],
        readBy: jobAndServer,
        meaning: "Where an instance asks for its credentials, and whether.",
      },
      {
        names: ["AWS_WEB_IDENTITY_TOKEN_FILE", "AWS_ROLE_ARN", "AWS_ROLE_SESSION_NAME"],
        readBy: jobAndServer,
        meaning: "The ID token of `--identity web-identity-file` and of a server, the role and the session's name.",
      },
    ],
  },
  {
    title: "A job in CI",
    variables: [
      { names: ["VOUCH_IDENTITY"], readBy: job, meaning: "As `--identity`: who the job is." },
      { names: ["VOUCH_AUDIENCE"], readBy: job, meaning: "As `--audience`." },
      { names: ["VOUCH_ID_TOKEN_VARIABLE"], readBy: job, meaning: "As `--id-token-variable`." },
      { names: ["VOUCH_ID_TOKEN"], readBy: job, meaning: "The ID token of GitLab, where no other variable is named." },
      { names: ["VOUCH_AWS_PROFILE"], readBy: job, meaning: "As `--profile`." },
      { names: ["VOUCH_ROLE", "VOUCH_REGION"], readBy: job, meaning: "As `--role` and `--region`." },
      {
        names: ["VOUCH_DOMAIN", "VOUCH_DOMAIN_OWNER", "VOUCH_REPOSITORY"],
        readBy: job,
        meaning: "As `--domain`, `--domain-owner` and `--repository`.",
      },
      {
        names: ["ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_TOKEN"],
        readBy: job,
        meaning: "Set by GitHub Actions: where a job gets its ID token.",
      },
      {
        names: ["CIRCLE_OIDC_TOKEN_V2", "CIRCLE_OIDC_TOKEN", "BITBUCKET_STEP_OIDC_TOKEN"],
        readBy: job,
        meaning: "Set by CircleCI and Bitbucket: the job's ID token.",
      },
    ],
  },
  packageManagerVariables,
  {
    title: "Set by Vouch for processes that it starts, and by its hook in a shell",
    variables: [
      {
        names: ["VOUCH_AGENT_ASKED"],
        readBy: agent,
        meaning: "Which processes have asked, for their number in `vouch status` of the agent that restarts.",
      },
      {
        names: ["VOUCH_AGENT_ENDED"],
        readBy: agent,
        meaning: "Why the session ended, for the agent that restarts.",
      },
      {
        names: ["VOUCH_AGENT_GIVEN_OUT"],
        readBy: agent,
        meaning: "Fingerprints of the tokens that were given out, for the agent that restarts.",
      },
      {
        names: ["VOUCH_ASKED_FOR_PROFILE"],
        readBy: job,
        meaning: "A profile's `credential_process` that would ask itself again.",
      },
      {
        names: ["VOUCH_JOB_TOKENS"],
        readBy: job,
        meaning: "The tokens of `vouch exec --identity`, for the helpers below it.",
      },
      { names: ["VOUCH_PIP"], readBy: "pip shim, keyring", meaning: "The pip shim has looked at the project already." },
      {
        names: ["VOUCH_TWINE"],
        readBy: "plugin of the twine shim",
        meaning: "The pipe with the password of one upload, for the module `keyring` that twine loads.",
      },
      {
        names: ["VOUCH_GEM"],
        readBy: "plugin of the gem shim",
        meaning: "The repository of one push and the pipe with its key, for the plugin that gem loads.",
      },
      {
        names: ["VOUCH_HOOK"],
        readBy: "doctor",
        meaning:
          "Set by the lines of `vouch hook`: the process id of the shell that keeps the shims folder first on PATH.",
      },
      {
        names: ["VOUCH_SHIM_TRAIL"],
        readBy: "shims, exec",
        meaning: "The programs that were passed on to, so that two shims do not start each other for ever.",
      },
    ],
  },
];
