/** The package managers' environment variables that Vouch reads, and those that it sets for them. */
import type { VariableGroup } from "./variable.ts";

const pythonHelpers = "pip shim, keyring";

export const packageManagerVariables: VariableGroup = {
  title: "Package managers",
  variables: [
    {
      names: ["CARGO_HOME"],
      readBy: "setup, doctor, Cargo's helper",
      meaning: "Cargo's folder. Without it: `~/.cargo`.",
    },
    {
      names: ["CARGO_REGISTRY_INDEX_URL"],
      readBy: "all helpers",
      meaning: "Set by Cargo: whom it will send the output to. Helpers other than Cargo's then refuse.",
    },
    {
      names: ["CARGO_REGISTRY_GLOBAL_CREDENTIAL_PROVIDERS"],
      readBy: "exec",
      meaning: "Cargo's list of providers, which a job is added to.",
    },
    {
      names: ["PIP_CONFIG_FILE", "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "PIP_KEYRING_PROVIDER"],
      readBy: "setup, doctor, pip shim",
      meaning: "pip's own settings: looked at, and given a user name where one is missing.",
    },
    {
      names: ["POETRY_CONFIG_DIR"],
      readBy: "setup, doctor, poetry shim",
      meaning: "poetry's own: the folder of its `config.toml` and `auth.toml`.",
    },
    {
      names: ["PIP_GROUP", "PIP_PYTHON", "UV_PROJECT", "UV_NO_CONFIG", "VIRTUAL_ENV"],
      readBy: pythonHelpers,
      meaning: "Which files and folders pip and uv read: those are looked at before a token is given.",
    },
    {
      names: ["TWINE_USERNAME", "TWINE_PASSWORD", "TWINE_REPOSITORY", "TWINE_REPOSITORY_URL"],
      readBy: "exec, twine shim",
      meaning:
        "One of them set: `vouch exec` leaves all of twine's alone. The shim takes name and URL from them, and adds nothing to a password.",
    },
    {
      names: ["TWINE_CERT"],
      readBy: "twine shim",
      meaning: "Set: the shim passes over the authority in `~/.pypirc`.",
    },
    {
      names: ["PYTHONPATH", "RUBYLIB"],
      readBy: "twine shim, gem shim",
      meaning: "Folders of modules, before which the shim of an upload puts one of its own.",
    },
    {
      names: ["HATCH_INDEX_REPO", "HATCH_INDEX_USER", "HATCH_INDEX_AUTH", "HATCH_PUBLISHER", "HATCH_CONFIG"],
      readBy: "hatch shim",
      meaning: "hatch's own: where it publishes to. With a password there, the shim adds nothing.",
    },
    {
      names: ["PDM_PUBLISH_REPO", "PDM_PUBLISH_USERNAME", "PDM_PUBLISH_PASSWORD"],
      readBy: "pdm shim",
      meaning: "PDM's own: where it publishes to. With a password there, the shim adds nothing.",
    },
    {
      names: ["VOUCH_NPM_GLOBALCONFIG"],
      readBy: "npm shim, pnpm shim",
      meaning: "Your own `npm_config_globalconfig`, while the shim's pipe stands in its place.",
    },
    {
      names: ["DESTDIR"],
      readBy: "npm shim, pnpm shim",
      meaning: "npm's own: stands before the folder of its global configuration file.",
    },
    {
      names: ["COREPACK_ENABLE_PROJECT_SPEC"],
      readBy: "pnpm shim",
      meaning: "Set for corepack, which then takes no version from a project.",
    },
    {
      names: ["GEMRC"],
      readBy: "setup, doctor, gem shim",
      meaning: "RubyGems' configuration files, one of which the shim adds.",
    },
    {
      names: ["GEM_HOST_API_KEY", "RUBYGEMS_HOST"],
      readBy: "gem shim",
      meaning: "Your own key for a push, which is left alone, and a host that a gem can override.",
    },
    {
      names: ["BUNDLE_GEMFILE", "BUNDLE_APP_CONFIG", "BUNDLE_CONFIG", "BUNDLE_USER_CONFIG", "BUNDLE_USER_HOME"],
      readBy: "bundle shim, doctor",
      meaning: "Where Bundler's files are: those of a project are looked at before a token is given.",
    },
    {
      names: ["UV_CONFIG_FILE", "UV_CREDENTIALS_DIR", "UV_KEYRING_PROVIDER"],
      readBy: "setup, doctor",
      meaning: "Where uv's own file and its stored credentials are, and whom it asks for a token.",
    },
    {
      names: ["UV_ENV_FILE", "UV_NO_ENV_FILE", "PDM_PROJECT", "PDM_LOCKFILE"],
      readBy: "keyring",
      meaning: "Which of a project's files uv and PDM read, and so which are looked at.",
    },
    { names: ["PDM_CONFIG_FILE"], readBy: "setup, doctor", meaning: "PDM's own configuration file." },
    {
      names: ["YARN_PLUGINS", "VOUCH_YARN_PLUGINS"],
      readBy: "yarn shim",
      meaning: "Your own plugins of yarn: Vouch's comes after them, and scripts find yours alone.",
    },
    {
      names: ["YARN_IGNORE_PATH", "COREPACK_HOME", "XDG_CACHE_HOME"],
      readBy: "yarn shim",
      meaning: "Which yarn it becomes.",
    },
    {
      names: ["BUN_ENV", "NODE_ENV"],
      readBy: "bun shim",
      meaning:
        "Which files of variables bun reads in a project (`.env.test`): those are looked at before a token is given.",
    },
    {
      names: ["DENO_DIR", "DENO_INSTALL_ROOT"],
      readBy: "deno shim",
      meaning: "Where deno keeps what it has fetched and installed.",
    },
    {
      names: ["MAVEN_ARGS", "PWD"],
      readBy: "mvn shim",
      meaning: "Arguments of Maven, and the folder as the shell names it, from which Maven looks for `.mvn`.",
    },
    { names: ["GRADLE_USER_HOME"], readBy: "setup, doctor", meaning: "Where Gradle's init scripts are." },
    { names: ["PREFIX"], readBy: "npm shim", meaning: "npm's folder for global files." },
    { names: ["NETRC"], readBy: "doctor", meaning: "The netrc file, looked at for stored tokens." },
    {
      names: ["HISTFILE", "PIP_LOG", "PIP_LOG_FILE", "npm_config_cache"],
      readBy: "doctor",
      meaning: "Files and a folder that `vouch doctor --leaks` searches.",
    },
  ],
};
