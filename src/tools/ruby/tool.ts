/** RubyGems and Bundler in the table of tools. */
import type { Environment } from "../../base/environment.ts";
import { findInstalled } from "../shims.ts";
import type { Tool } from "../tool.ts";
import { dropGemSource, setGemSource, unsetGemSource } from "./config-file.ts";
import { checkRuby } from "./doctor.ts";
import { gemrcPath } from "./gemrc.ts";
import { rubyTokenPlaces } from "./stored-tokens.ts";
import { rubyVariables } from "./variables.ts";

export const ruby: Tool = {
  format: "ruby",
  programs: ["gem", "bundle"],
  alsoFor: ["gem", "bundler", "bundle"],
  path: gemrcPath,
  set: (text, { endpoints, extra }, { id, file, endpoints: formerly }) =>
    setGemSource(text, id, { endpoint: endpoints.ruby!, extra: extra ?? false }, file, formerly),
  unset: (text, id, { file, endpoints }, onKept) => unsetGemSource(text, id, { file, endpoints, onKept }),
  drop: (text, { endpoints }, replaced) => dropGemSource(text, endpoints.ruby!, replaced),
  written: ({ extra }) => `${extra ? "a source" : "the source"} of gem, without a token`,
  next: ({ endpoints }) => [
    ["gem install GEM", "install from the repository"],
    ["bundle install", `install a Gemfile's gems, with \`source "${endpoints.ruby}"\` in it`],
    [`gem push --host ${endpoints.ruby?.replace(/\/$/, "")} FILE.gem`, "publish yours"],
  ],
  hasDefault: true,
  settings: [],
  takesAll: ({ extra }) => !extra,
  extra: { mixes: true },
  project: {
    refusal: ({ endpoints }) =>
      `A Gemfile is a program, which Vouch does not change: write \`source "${endpoints.ruby!}"\` into it`,
  },
  warnings: () => [],
  shims: (env, isLinked) => shimNames.filter((name) => isInstalled(name, env) || isLinked(name)),
  runShim: async (name, args) =>
    name === "gem"
      ? (await import("./gem.ts")).runGemShim(name, args)
      : (await import("./bundle.ts")).runBundleShim(name, args),
  needsShim: () => true,
  check: checkRuby,
  variables: rubyVariables,
  tokenPlaces: rubyTokenPlaces,
};

const shimNames = ["gem", "bundle", "bundler"];

function isInstalled(name: string, env: Environment): boolean {
  return findInstalled(name, env) !== undefined;
}
