/**
 * Requests of the agent's protocol: each schema is both check and type. Helpers import the types only: loading valibot
 * takes longer than a whole helper (test/binary/executable/bundle.test.ts).
 */
import { resolve } from "node:path";
import * as v from "valibot";
import { packageFormats } from "../base/package-format.ts";
import { purposes } from "../base/purpose.ts";
import { guestNamePattern, maxGuestUids } from "../settings/settings.ts";
import { holderKinds } from "./publishing/holder.ts";

const Format = v.picklist(packageFormats);
const Url = v.pipe(v.string(), v.maxLength(8192));
const Name = v.pipe(v.string(), v.minLength(1), v.maxLength(256));
const Purpose = v.picklist(purposes);
/** A profile: by its name, else by VOUCH_PROFILE and the folder (absolute) that a command is started in. */
const profileChoice = {
  profile: v.exactOptional(Name),
  profileVariable: v.exactOptional(Name),
  folder: v.exactOptional(v.pipe(v.string(), v.maxLength(8192))),
};
const KeyId = v.pipe(v.string(), v.regex(/^[\w-]{1,1400}$/));
/** The server whose session is meant; the default one if absent. */
const atServer = { server: v.exactOptional(Url) };
/** Which process a publish token is for: the asker itself (absent), or the one that has started it. */
const Holder = v.exactOptional(v.picklist(holderKinds));
const Json = v.pipe(
  v.looseObject({}),
  v.transform((value): object => value),
);

export const emptyRequest = v.strictObject({});

/**
 * The token for one URL, if it lies within a configured endpoint (of that format). Without a URL: the token of the
 * default repository, which is the last one that was set up, or that was set up with the profile.
 */
export const tokenRequest = v.strictObject({
  url: v.exactOptional(Url),
  format: v.exactOptional(Format),
  /** Reading without it. */
  purpose: v.exactOptional(Purpose),
  holder: Holder,
  ...profileChoice,
});
export type TokenRequest = v.InferOutput<typeof tokenRequest>;

/** The tokens of all endpoints of a format. */
export const tokensRequest = v.strictObject({
  format: Format,
  /** Reading without it. */
  purpose: v.exactOptional(Purpose),
});
export type TokensRequest = v.InferOutput<typeof tokensRequest>;

/** A request of Cargo's credential provider protocol, as Cargo sends it; additional fields are ignored. */
export const cargoRequest = v.looseObject({
  v: v.literal(1),
  kind: v.literal("get"),
  registry: v.looseObject({ "index-url": Url }),
  /** `read`, `publish`, `yank`, `unyank`, `owners`, or one that is not known yet. */
  operation: v.optional(v.unknown()),
});
export type CargoRequest = v.InferOutput<typeof cargoRequest>;

/**
 * The environment with the tokens of every configured endpoint (of one format, if given). `failures`: the reply names
 * every endpoint without a token; else a failure that was reported a moment ago is left out, so that the answer to a
 * command that may not need the token is as plain as without it.
 */
export const environmentRequest = v.strictObject({
  format: v.exactOptional(Format),
  /** Reading without it. */
  purpose: v.exactOptional(Purpose),
  failures: v.exactOptional(v.literal("all")),
});
export type EnvironmentRequest = v.InferOutput<typeof environmentRequest>;

/** Credentials of the configured role, of a profile's, or of another role that trusts the same identity. */
export const roleCredentialsRequest = v.strictObject({
  roleArn: v.exactOptional(v.pipe(v.string(), v.maxLength(2048))),
  /** The region whose STS is asked. */
  region: v.exactOptional(Name),
  ...profileChoice,
});
export type RoleCredentialsRequest = v.InferOutput<typeof roleCredentialsRequest>;

/**
 * For each URL: whether it lies within a configured endpoint, and whether its host is that of one. Needs no session.
 */
export const matchRequest = v.strictObject({
  urls: v.pipe(v.array(Url), v.maxLength(1000)),
  format: v.exactOptional(Format),
});
export type MatchRequest = v.InferOutput<typeof matchRequest>;

export const enrollWaysRequest = v.strictObject({ server: Url });

export const enrollStartRequest = v.strictObject({
  server: Url,
  code: Name,
  /** The key's name: a name that is taken is refused before the key is touched. */
  name: v.exactOptional(Name),
});
export type EnrollStartRequest = v.InferOutput<typeof enrollStartRequest>;

export const enrollFinishRequest = v.strictObject({
  ceremony: Name,
  /** RegistrationResponseJSON. */
  credential: Json,
  /** The key's name; the server chooses one if it is absent. */
  name: v.exactOptional(Name),
  /** The product name of its USB descriptor. */
  product: v.exactOptional(Name),
});
export type EnrollFinishRequest = v.InferOutput<typeof enrollFinishRequest>;

/** The server; that of the settings if absent. */
export const loginStartRequest = v.strictObject({ server: v.exactOptional(Url) });
export type LoginStartRequest = v.InferOutput<typeof loginStartRequest>;

export const loginFinishRequest = v.strictObject({
  ceremony: Name,
  /** AuthenticationResponseJSON. */
  credential: Json,
  /** The system's path of the security key, where the session shall end when it is taken out. */
  device: v.exactOptional(v.pipe(v.string(), v.minLength(1), v.maxLength(4096))),
});
export type LoginFinishRequest = v.InferOutput<typeof loginFinishRequest>;

/** `redirectUri`: where the command waits for the code; absent if the person types it. */
export const loginBrowserStartRequest = v.strictObject({
  server: v.exactOptional(Url),
  redirectUri: v.exactOptional(
    v.pipe(v.string(), v.regex(/^http:\/\/(?:127\.0\.0\.1|\[::1\]):[1-9]\d{0,4}\/callback$/)),
  ),
});
export type LoginBrowserStartRequest = v.InferOutput<typeof loginBrowserStartRequest>;

export const loginBrowserFinishRequest = v.strictObject({
  ceremony: Name,
  code: v.pipe(v.string(), v.minLength(1), v.maxLength(64)),
});
export type LoginBrowserFinishRequest = v.InferOutput<typeof loginBrowserFinishRequest>;

/** The server whose session ends; all if absent. */
export const logoutRequest = v.strictObject(atServer);
export type LogoutRequest = v.InferOutput<typeof logoutRequest>;

export const keysRequest = v.strictObject(atServer);
export const sessionsRequest = v.strictObject(atServer);

export const keyAddStartRequest = v.strictObject({
  ...atServer,
  /** As for an enrolment. */
  name: v.exactOptional(Name),
});
export type KeyAddStartRequest = v.InferOutput<typeof keyAddStartRequest>;

export const keyAddFinishRequest = v.strictObject({
  ...atServer,
  ...enrollFinishRequest.entries,
  /** AuthenticationResponseJSON. */
  approval: Json,
});
export type KeyAddFinishRequest = v.InferOutput<typeof keyAddFinishRequest>;

/** The key, and the name that it gets. */
export const keyRenameStartRequest = v.strictObject({ ...atServer, id: KeyId, name: Name });
export type KeyRenameStartRequest = v.InferOutput<typeof keyRenameStartRequest>;

export const keyRemoveStartRequest = v.strictObject({
  ...atServer,
  id: KeyId,
  /** Removes even the last key. */
  force: v.boolean(),
});
export type KeyRemoveStartRequest = v.InferOutput<typeof keyRemoveStartRequest>;

/** Finishes a renaming or a removal. */
export const keyChangeFinishRequest = v.strictObject({
  ...atServer,
  ceremony: Name,
  /** AuthenticationResponseJSON. */
  approval: Json,
});
export type KeyChangeFinishRequest = v.InferOutput<typeof keyChangeFinishRequest>;

/** One session, all others, or all. */
export const sessionsEndRequest = v.union([
  v.strictObject({ ...atServer, id: Name }),
  v.strictObject({ ...atServer, which: v.picklist(["others", "all"]) }),
]);
export type SessionsEndRequest = v.InferOutput<typeof sessionsEndRequest>;

/** The record from a time on (seconds since 1970); all of it if absent. */
export const recordRequest = v.strictObject({ since: v.exactOptional(v.pipe(v.number(), v.integer(), v.minValue(0))) });

/** A touch for publishing: to the endpoint that the URL lies in, else to all of the format, else to all. */
export const publishStartRequest = v.strictObject({
  url: v.exactOptional(Url),
  format: v.exactOptional(Format),
  holder: Holder,
  /** What the package manager says that it publishes. */
  claim: v.exactOptional(v.strictObject({ operation: Name, name: Name, version: v.exactOptional(Name) })),
  /** The command that runs, where the asker's own name does not say it: `vouch exec`, yarn's plugin. */
  command: v.exactOptional(v.pipe(v.string(), v.minLength(1), v.maxLength(120))),
});
export type PublishStartRequest = v.InferOutput<typeof publishStartRequest>;

export const publishFinishRequest = v.strictObject({
  ceremony: Name,
  /** AuthenticationResponseJSON. */
  approval: Json,
});
export type PublishFinishRequest = v.InferOutput<typeof publishFinishRequest>;

export const publishCancelRequest = v.strictObject({ ceremony: Name });

/** A guest that lasts until the session ends, or until the process that asks does. */
export const guestOpenRequest = v.strictObject({
  endsWithAsker: v.exactOptional(v.boolean()),
  name: v.pipe(v.string(), v.regex(guestNamePattern)),
  uids: v.exactOptional(
    v.pipe(v.array(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(0xfffffffe))), v.maxLength(maxGuestUids)),
  ),
  credentials: v.exactOptional(v.boolean()),
  folder: v.exactOptional(
    v.pipe(
      v.string(),
      v.maxLength(4096),
      v.startsWith("/"),
      v.transform((path) => resolve(path)),
    ),
  ),
});
export type GuestOpenRequest = v.InferOutput<typeof guestOpenRequest>;

export const guestCloseRequest = v.strictObject({ name: v.pipe(v.string(), v.regex(guestNamePattern)) });

/** Salted fingerprints of what may be tokens; none asks for the salt. */
export const fingerprintsRequest = v.strictObject({
  fingerprints: v.pipe(v.array(v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/))), v.maxLength(5000)),
});

export const repositoryEndpointRequest = v.strictObject({
  domain: Name,
  domainOwner: Name,
  region: Name,
  repository: Name,
  format: Format,
  /** The kind of host; IPv4 if absent. */
  endpointType: v.exactOptional(v.picklist(["ipv4", "dualstack"])),
  /** Those of a repository that is about to be set up; without either, the configured one's. */
  roleArn: v.exactOptional(v.pipe(v.string(), v.maxLength(2048))),
  profile: v.exactOptional(Name),
});
export type RepositoryEndpointRequest = v.InferOutput<typeof repositoryEndpointRequest>;

/** The domains that the role's account owns in the region. */
export const domainsRequest = v.strictObject({ region: Name });

/** The repositories of a domain. */
export const repositoriesRequest = v.strictObject({ domain: Name, domainOwner: Name, region: Name });
