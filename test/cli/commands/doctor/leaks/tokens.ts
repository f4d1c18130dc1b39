/** Made-up tokens of CodeArtifact's form, and texts that only look like them. */
export function makeToken(fields: Record<string, unknown> = {}, seed = "x"): string {
  const header = { ver: 1, enc: "A128GCM", alg: "A128GCMKW", ...fields };
  const parts = [40, 16, 700, 22].map((length) => seed.repeat(length).slice(0, length));
  return [Buffer.from(JSON.stringify(header)).toString("base64url"), ...parts].join(".");
}

const signed = Buffer.from(JSON.stringify({ alg: "RS256", typ: "JWT" })).toString("base64url");

/** None of these is a token of CodeArtifact. */
export const lookAlikes: [what: string, text: string][] = [
  ["a signed JWT", `${signed}.${"a".repeat(300)}.${"b".repeat(86)}`],
  ["a signed JWT with five parts", `${signed}.${["a", "b", "c", "d"].map((part) => part.repeat(90)).join(".")}`],
  ["an npm token", `npm_${"Ab1".repeat(12)}`],
  ["a token of GitHub", `ghp_${"Ab1".repeat(12)}`],
  ["a hash of git", "8d89aecc4103d6c7b4907ef861a0e898ee902bc9"],
  ["an integrity of npm", `sha512-${Buffer.alloc(64, 7).toString("base64")}`],
  ["a token that was cut off", makeToken().slice(0, 120)],
  ["a header alone", makeToken().split(".")[0]!],
  ["a header that is no JSON", `eyJ${"x".repeat(100)}.a.b.c.d`],
  ["what a reader of this page sees", "eyJ2ZXIiOjEs…"],
  ["an encoded password of another service", Buffer.from(`aws:${"p".repeat(200)}`).toString("base64")],
];

/** Where tokens are left behind, relative to the home folder; the current folder is `project`. */
export const tokenPlaces = [
  ".npmrc",
  ".yarnrc",
  ".yarnrc.yml",
  ".bunfig.toml",
  ".config/pnpm/rc",
  ".config/pip/pip.conf",
  ".config/uv/uv.toml",
  ".local/share/uv/credentials/credentials.toml",
  ".config/pypoetry/auth.toml",
  ".config/pdm/config.toml",
  ".config/hatch/config.toml",
  ".pypirc",
  ".netrc",
  ".cargo/credentials",
  ".cargo/credentials.toml",
  ".cargo/config.toml",
  ".m2/settings.xml",
  ".gradle/gradle.properties",
  ".gem/credentials",
  ".bundle/config",
  ".nuget/NuGet/NuGet.Config",
  ".aws/cli/cache/0123abcd.json",
  ".aws/sso/cache/0123abcd.json",
  ".docker/config.json",
  ".git-credentials",
  ".bash_history",
  ".zsh_history",
  ".local/share/fish/fish_history",
  ".zsh_sessions/1.history",
  ".python_history",
  ".npm/_logs/2026-11-28T00_00_00_000Z-debug-0.log",
  ".npm/_cacache/index-v5/0a/1b/ffff",
  ".cache/pip/log",
  ".cache/pip/http-v2/0/1/2/3/4/0123",
  ".pip/pip.log",
  ".local/state/vouch/agent.log",
  ".bashrc",
  ".config/environment.d/10-tokens.conf",
  "project/.env",
  "project/.env.local",
  "project/.npmrc",
  "project/.cargo/config.toml",
  "project/requirements.txt",
  "project/package-lock.json",
];
