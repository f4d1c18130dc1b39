/** The files that yarn 1 reads besides npm's, as far as they decide about the connection. */
import { tableOf } from "../../base/json.ts";
import type { OwnFiles } from "../npm/guard/other-tools.ts";
import { parseNpmrc } from "../npm/guard/settings-text.ts";
import { leadsElsewhere } from "./token-destinations.ts";

const trustKey = /^(https?-?proxy|proxy|no-?proxy|strict-ssl|ca|cafile|cert|certfile|key|keyfile|use-yarnrc|cwd)$/i;

/**
 * The options that decide nothing about where a token goes or is kept (`--har` writes requests into a file). Every other
 * one of a `.yarnrc` is refused: yarn passes the value of an option that it does not know on as a word of its own.
 */
const harmlessOptions = new Set(
  (
    "verbose offline prefer-offline enable-pnp pnp disable-pnp strict-semver json ignore-scripts ignore-platform " +
    "ignore-engines ignore-optional force skip-integrity-check check-files no-bin-links flat prod production " +
    "no-lockfile pure-lockfile frozen-lockfile update-checksums link-duplicates link-folder global-folder " +
    "modules-folder preferred-cache-folder cache-folder mutex emoji no-emoji silent no-progress network-concurrency " +
    "network-timeout non-interactive scripts-prepend-node-path no-node-version-check focus ignore-workspace-root-check " +
    "audit exact tilde dev peer optional latest"
  ).split(" "),
);

/**
 * Where a token is for these addresses (HOST/PATH/). yarn 1 takes the keys of a `.yarnrc.yml` for its own, too, unless one
 * is `yarnPath`.
 */
export function yarnFiles(addresses: readonly string[]): OwnFiles {
  return {
    ".npmrc": (text) => parseNpmrc(text, {}).find(({ key }) => leadsElsewhere(key, addresses))?.key,
    ".yarnrc": (text) => trustSettingIn(text, addresses),
    ".yarnrc.yml": optionIn,
  };
}

/** The first key or word of a `.yarnrc.yml` that yarn 1 would take for such a setting. */
export function optionIn(text: string): string | undefined {
  return (
    wordsOf(text).find((word) => word.startsWith("--") && decides(word)) ?? Object.keys(yamlOf(text)).find(decides)
  );
}

/**
 * The first word of a `.yarnrc` that is such a key, leads a token of the addresses elsewhere, or is an option
 * (`--install.proxy`, `--*.proxy`) that is not known to be harmless, read as yarn does: words, strings of JSON, comments;
 * and as YAML, which yarn takes for what is neither.
 */
export function trustSettingIn(text: string, addresses: readonly string[] = []): string | undefined {
  const words = wordsOf(text);
  const found = (word: string): boolean => decides(word) || leadsElsewhere(word, addresses);
  // It checks certificates anyway.
  const isHarmless = (word: string, value: unknown): boolean => word === "strict-ssl" && String(value) === "true";
  const word = words.find((each, index) => found(each) && !isHarmless(each, words[index + 1]));
  return word ?? Object.entries(yamlOf(text)).find(([key, value]) => found(key) && !isHarmless(key, value))?.[0];
}

function wordsOf(text: string): string[] {
  const tokens = [...text.matchAll(/#[^\n]*|"(?:\\[^]|[^"\\])*"|[^\s:,"#][^\s:,]*/g)].map(([token]) => token);
  return tokens
    .filter((token) => !token.startsWith("#"))
    .map((token) => (token.startsWith('"') ? decoded(token) : token.replaceAll(/^[{['?!&]+|[}\]']+$/g, "")));
}

function decides(word: string): boolean {
  if (!word.startsWith("--")) return trustKey.test(word.replace(/=.*$/s, ""));
  // The beginning of a document in YAML.
  if (word === "---") return false;
  // The name of a command, or `*` for all of them, goes before the option.
  const option = word.replace(/^--(?:[^.=]+\.)?/, "").replace(/=.*$/s, "");
  return !harmlessOptions.has(option);
}

function yamlOf(text: string): Record<string, unknown> {
  try {
    return tableOf(Bun.YAML.parse(text));
  } catch {
    return {};
  }
}

function decoded(text: string): string {
  try {
    return String(JSON.parse(text));
  } catch {
    return text.slice(1, -1);
  }
}
