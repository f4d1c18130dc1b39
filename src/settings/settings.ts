/**
 * The user's settings: public data only (server URL, role ARN, domains, repositories, credential ids). The agent and
 * the command line read them, helpers never do.
 */
import { isAbsolute, join, resolve } from "node:path";
import * as v from "valibot";
import type { Environment } from "../base/environment.ts";
import { accountPattern, domainPattern, regionPattern, repositoryPattern } from "../aws/names.ts";
import { VouchError } from "../base/errors.ts";
import { AnnouncedBody, digestPattern } from "../announced/body.ts";
import { packageFormats } from "../base/package-format.ts";
import { readRegularFile, whyUnreadable } from "../base/system/regular-file.ts";
import { writeFileAtomic } from "../base/system/atomic-write.ts";
import { homeFolder } from "../base/system/home.ts";
import { serverOrigin } from "../base/net/server-origin.ts";

/** The name of a profile: also fit for a flag, a variable and a file name. */
export const profilePattern = /^[A-Za-z0-9][\w.-]{0,62}$/;
/** The name of a guest: also fit for a folder, short enough for the path of a socket. */
export const guestNamePattern = /^[a-z0-9][a-z0-9-]{0,31}$/;
/** The limit on a guest's user ids. */
export const maxGuestUids = 16;
/** The limit on the roles before a profile's own. */
export const maxChainedRoles = 4;

const HttpUrl = v.pipe(v.string(), v.url(), v.regex(/^https?:\/\//, "expected an http(s) URL"));

export const tokenVariablePattern = /^VOUCH_TOKEN_[0-9A-F]{16}$/;

const RepositorySchema = v.strictObject({
  domain: v.pipe(v.string(), v.regex(domainPattern, "expected a CodeArtifact domain name")),
  domainOwner: v.pipe(v.string(), v.regex(accountPattern, "expected a 12-digit account id")),
  region: v.pipe(v.string(), v.regex(regionPattern, "expected an AWS region")),
  repository: v.pipe(v.string(), v.regex(repositoryPattern, "expected a CodeArtifact repository name")),
  /** The role that reads, and the one that publishes, in place of the one of the profile or of `aws`. */
  roleArn: v.optional(v.string()),
  publishRoleArn: v.optional(v.string()),
  /** The profile whose role, region and chain lead to the domain, in place of `aws`. */
  profile: v.optional(v.string()),
  /** The repository's URL for each configured package format. */
  endpoints: v.strictObject(v.entriesFromList(packageFormats, v.optional(HttpUrl))),
  /** The name of the Cargo registry. */
  registryName: v.optional(v.string()),
  /** The npm scopes ("@acme") that the repository serves; absent if it is npm's default registry. */
  npmScopes: v.optional(v.array(v.string())),
  /** Whether it stands beside the public registry and another repository is the default. */
  extra: v.optional(v.boolean()),
  /**
   * The variable by which shims hand the token to tools whose files of the home folder name a variable. Random, so that
   * no file of a project can name it.
   */
  tokenVariable: v.optional(v.pipe(v.string(), v.regex(tokenVariablePattern, "expected VOUCH_TOKEN_ and 16 digits"))),
  /**
   * By the name of each tool that is set up: the edited configuration file, so that a removal restores the same file;
   * empty for a tool without one.
   */
  files: v.optional(v.record(v.string(), v.string())),
});

const ServerUrl = v.pipe(
  v.string(),
  v.check((url) => serverOrigin(url) !== undefined, "expected https://HOST, without path and query"),
  v.transform((url) => serverOrigin(url)!),
);

/** What is known of a Vouch server. */
const ServerSchema = v.strictObject({
  url: ServerUrl,
  /** The enrolled user, for display. */
  user: v.optional(v.string()),
  /** Credential ids (base64url) of this user that this machine has seen. */
  credentialIds: v.optional(v.array(v.string()), []),
});

/** The role and region that are used without a name. */
const NamedRole = v.strictObject({ roleArn: v.string(), region: v.optional(v.string()) });

/** A named role and region. */
const ProfileSchema = v.strictObject({
  /** The URL of the Vouch server whose ID token leads to it, in place of the default one. */
  server: v.optional(ServerUrl),
  roleArn: v.string(),
  /** The region whose STS is asked. */
  region: v.pipe(v.string(), v.regex(regionPattern, "expected an AWS region")),
  /** The roles that lead to it, the first one by the ID token, each further one by the one before it. */
  via: v.optional(v.pipe(v.array(v.string()), v.maxLength(maxChainedRoles))),
  /** Absolute paths: in them and below, the profile is the one that `vouch credential` uses. */
  folders: v.optional(v.array(v.pipe(v.string(), v.check(isAbsolute, "expected an absolute path")))),
});

const Profiles = v.record(v.pipe(v.string(), v.regex(profilePattern, "expected a profile's name")), ProfileSchema);

/** Who asks the agent from elsewhere, at a socket of its own: read tokens only. */
const GuestSchema = v.strictObject({
  /** User ids, as the agent's system counts them, besides the user's own. */
  uids: v.optional(
    v.pipe(v.array(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(0xfffffffe))), v.maxLength(maxGuestUids)),
  ),
  /** Whether it gets credentials of configured roles, too. */
  credentials: v.optional(v.boolean()),
  /** The folder of its socket, absolute; in the agent's own without it. */
  folder: v.optional(
    v.pipe(
      v.string(),
      v.check(isAbsolute, "expected an absolute path"),
      v.transform((path) => resolve(path)),
    ),
  ),
});

/** Where a person without a session is asked for PIN and touch. */
export const loginPrompts = ["always", "terminal", "never"] as const;
export type LoginPrompt = (typeof loginPrompts)[number];

/** What may end a session before its time: the screen locks, the machine sleeps, the security key is taken out. */
export const endOns = ["lock", "suspend", "key-removal"] as const;
export type EndOn = (typeof endOns)[number];

const SettingsSchema = v.strictObject({
  version: v.literal(1),
  /** The default server. */
  server: v.optional(ServerSchema),
  /** Servers of profiles. */
  servers: v.optional(v.array(ServerSchema)),
  aws: v.optional(NamedRole),
  /** Fallback identity of a job without agent and security key; used only if no session is available. */
  identity: v.optional(
    v.strictObject({
      name: v.string(),
      audience: v.optional(v.string()),
      idTokenVariable: v.optional(v.pipe(v.string(), v.regex(/^[A-Za-z_]\w*$/, "expected a variable's name"))),
      profile: v.optional(v.string()),
    }),
  ),
  /** Profiles by name. */
  profiles: v.optional(Profiles),
  /** Guests by name. */
  guests: v.optional(v.record(v.pipe(v.string(), v.regex(guestNamePattern, "expected a guest's name")), GuestSchema)),
  /** Which desktop notifications are shown; each one that is not named is. */
  notifications: v.optional(v.strictObject({ touch: v.optional(v.boolean()), sessionEnd: v.optional(v.boolean()) })),
  /** "terminal" without it. */
  login: v.optional(v.strictObject({ prompt: v.optional(v.picklist(loginPrompts)) })),
  /** What ends a session before its time; nothing without it. */
  session: v.optional(v.strictObject({ endOn: v.optional(v.array(v.picklist(endOns))) })),
  repositories: v.optional(v.array(RepositorySchema), []),
  /** What a server has announced. */
  announced: v.optional(
    v.strictObject({
      server: ServerUrl,
      /** What a person has accepted, and had set up. */
      accepted: v.optional(AnnouncedBody),
      /** Whether it is not all set up: something failed on the way. */
      unfinished: v.optional(v.literal(true)),
      /** What a person had named or set up by hand, before what was accepted took its place. */
      replaced: v.optional(
        v.strictObject({
          aws: v.optional(NamedRole),
          profiles: v.optional(Profiles),
          repositories: v.optional(v.array(RepositorySchema)),
        }),
      ),
      /** The digest of what a person has declined: they are not asked again. */
      declined: v.optional(v.pipe(v.string(), v.regex(digestPattern, "expected a digest"))),
    }),
  ),
  /** The record of who asked: whether the agent keeps it in files, and with the askers' masked arguments. */
  log: v.optional(v.strictObject({ keep: v.optional(v.boolean()), arguments: v.optional(v.boolean()) })),
});

export type Settings = v.InferOutput<typeof SettingsSchema>;
export type GuestSettings = v.InferOutput<typeof GuestSchema>;
export type ServerSettings = v.InferOutput<typeof ServerSchema>;
export type ProfileSettings = v.InferOutput<typeof ProfileSchema>;
export type RepositorySettings = v.InferOutput<typeof RepositorySchema>;

/** What is set of the record of who asked; by default it is in memory only, without arguments. */
export function recordSettings({ log }: Settings): { keep: boolean; arguments: boolean } {
  return { keep: log?.keep ?? false, arguments: log?.arguments ?? false };
}

/** Returns the settings folder: `$XDG_CONFIG_HOME/vouch`, else `~/.config/vouch`. */
function configFolder(env: Environment = process.env): string {
  const xdg = env["XDG_CONFIG_HOME"];
  return join(xdg?.startsWith("/") ? xdg : join(homeFolder(env), ".config"), "vouch");
}

/**
 * Returns the settings file: `VOUCH_CONFIG`, else `config.json` in the settings folder. Throws `usage` for a relative
 * path.
 */
export function settingsPath(env: Environment = process.env): string {
  const own = env["VOUCH_CONFIG"];
  if (!own) return join(configFolder(env), "config.json");
  // Reject a relative path: the current folder is untrusted and must not select the file.
  if (isAbsolute(own)) return own;
  throw new VouchError("usage", `Expected VOUCH_CONFIG to be an absolute path, got "${own}".`);
}

/**
 * Loads the settings; empty ones if there is no file. Throws `file_error`, and `settings_invalid` with the place and
 * the expected form.
 */
export function loadSettings(path: string = settingsPath()): Settings {
  let text: string;
  try {
    text = readRegularFile(path, maxBytes).toString("utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return { version: 1, repositories: [] };
    throw new VouchError("file_error", `The settings ${path} cannot be read: ${whyUnreadable(error)}.`, {
      hint: "Check what is there, its owner and its mode.",
      cause: error,
    });
  }
  return parseSettings(text, path);
}

/** Size limit of the settings file; enough for hundreds of repositories. */
const maxBytes = 4 << 20;

/** Parses settings from JSON text; `path` is for the error message. Throws `settings_invalid`. */
export function parseSettings(text: string, path: string): Settings {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new VouchError("settings_invalid", `The settings ${path} are not JSON.`, {
      hint: "Mend the file, or move it away and run `vouch setup` again.",
      cause: error,
    });
  }
  const result = v.safeParse(SettingsSchema, json);
  if (result.success) return result.output;
  const issue = result.issues[0];
  const place = v.getDotPath(issue) ?? "the top level";
  throw new VouchError("settings_invalid", `The settings ${path} are not valid at ${place}: ${issue.message}.`, {
    hint: "Correct the file, or move it away and run `vouch enroll` and `vouch setup` again.",
  });
}

/** Writes the settings atomically, mode 0600 in a 0700 folder. */
export function saveSettings(settings: Settings, path: string = settingsPath()): void {
  writeFileAtomic(path, `${JSON.stringify(settings, null, 2)}\n`, { mode: 0o600 });
}
