/** The parts that replies of the agent are made of; each check is its type, as in protocol.ts, which helpers load. */
import { packageFormats } from "../../base/package-format.ts";
import { purposes } from "../../base/purpose.ts";
import {
  anyOf,
  type Checked,
  count,
  fields,
  flag,
  isObject,
  list,
  nullable,
  oneOf,
  optional,
  text,
  time,
  word,
} from "./checks.ts";

/** Tokens and credentials. */
export const secret = word;

export const error = fields({ code: text, message: text, hint: optional(text) });

/** An open ceremony. */
export const ceremony = {
  /** The ceremony's id in the finishing request. */
  ceremony: text,
};
export const begun = {
  ...ceremony,
  /**
   * PublicKeyCredentialCreationOptionsJSON or PublicKeyCredentialRequestOptionsJSON (WebAuthn Level 3, 5.1.8 and
   * 5.1.9).
   */
  options: isObject,
};
export const atServer = {
  /** The relying party's URL. */
  server: text,
};
export const approved = {
  ...atServer,
  /** For the assertion by an enrolled key that approves the change: PublicKeyCredentialRequestOptionsJSON. */
  approval: isObject,
};

/** Beside what AWS lists. */
export const listing = { isCut: flag, refused: optional(text) };

/** A security key of the session's user. */
export const securityKey = fields({
  /** The credential id, base64url. */
  id: text,
  name: text,
  aaguid: text,
  /** The product name of its USB descriptor at enrolment; null if unknown. */
  product: nullable(text),
  createdAt: time,
  /** Null if never used. */
  lastUsedAt: nullable(time),
  transports: list(text),
  backupEligible: flag,
  backedUp: flag,
  /** Whether it counts as part of a phone or computer; unknown to an older agent. */
  builtIn: optional(flag),
  /** By what the server says that its model is proved; null, or unknown to an older agent, if the key only claims it. */
  proof: optional(nullable(fields({ by: text, model: text }))),
  /** Whether it opened the session. */
  thisSession: flag,
});

/** Endpoints without a token, and why. */
export const failed = list(fields({ endpoint: text, error }));

/** What is known of a repository's token for one purpose. */
const repositoryToken = fields({
  purpose: oneOf(...purposes),
  /** The role that it comes from, and those that lead to it. */
  roleArn: text,
  via: list(text),
  expiration: optional(time),
  /** Why the last fetch failed. */
  error: optional(error),
});

/** A live session of the session's user. */
export const ownSession = fields({
  /** Names it; no secret. */
  id: text,
  createdAt: time,
  expiresAt: time,
  /** The name of the security key that opened it. */
  key: text,
  /** What its client called its machine: a claim; null if unknown. */
  client: nullable(text),
  thisSession: flag,
});

export const repository = fields({
  domain: text,
  domainOwner: text,
  region: text,
  repository: text,
  endpoints: anyOf(packageFormats, text),
  /** The profile whose role leads there. */
  profile: optional(text),
  /** By purpose; absent from an agent that knows none, and without a role. */
  tokens: optional(list(repositoryToken)),
  /** When the token ends, if one has been fetched. */
  tokenExpiration: optional(time),
  /** Why the last fetch failed. */
  error: optional(error),
});

const cargoAnswer = fields({
  kind: oneOf("get"),
  token: secret,
  /** `never` for what can publish: Cargo would use a cached one for reading, too. */
  cache: oneOf("expires", "never"),
  expiration: optional(time),
  /** False for a token that is not good for every operation. */
  operation_independent: flag,
});
/** A token in Cargo's format: with an expiration if Cargo may cache it until then. */
export const cargoToken = (value: unknown): value is Checked<typeof cargoAnswer> =>
  cargoAnswer(value) && (value.cache === "expires") === (value.expiration !== undefined);

/** How a session ends: by time, at the server, by `vouch logout`, and by what the user has chosen to end it. */
export const endReasons = ["expired", "revoked", "logged_out", "locked", "suspended", "key_removed"] as const;
export type EndReason = (typeof endReasons)[number];

/** What was asked of the agent, how often, and by whom. */
export const recordEntry = fields({
  /** Names it for ever; absent from an agent that keeps no files. */
  id: optional(text),
  first: time,
  last: time,
  count,
  operation: text,
  target: optional(text),
  /** What the package manager said that it changes. */
  claims: list(text),
  /** "ok", or the error's code. */
  outcome: text,
  /** Who asked from elsewhere; the askers are then this machine's end of the way, if it sees any. */
  guest: optional(fields({ name: text, uid: count })),
  /** The asker and its ancestors, the asker first. */
  askers: list(
    fields({
      pid: count,
      name: text,
      /** RFC 3339; empty if unknown. */
      startedAt: text,
      executable: optional(text),
      /** By setting, masked. */
      arguments: optional(list(text)),
    }),
  ),
});

/** Who may ask from elsewhere. */
export const guest = fields({
  name: text,
  /** User ids besides the agent's own. */
  uids: list(count),
  credentials: flag,
  /** Whether it ends with the session. */
  temporary: flag,
  /** The folder of its socket. */
  folder: text,
  /** Why it has none. */
  failure: optional(error),
  /** User ids that were turned away. */
  strangers: list(count),
});

/** The session at one Vouch server. */
export const serverSession = fields({
  server: text,
  /** The profiles that name the server; none names the default one. */
  profiles: list(text),
  user: optional(text),
  expiration: optional(time),
  /** Why there is none, if there was one. */
  ended: optional(oneOf(...endReasons)),
});

export type GuestReply = Checked<typeof guest>;
export type RecordEntry = Checked<typeof recordEntry>;
export type ServerSession = Checked<typeof serverSession>;
export type OwnSession = Checked<typeof ownSession>;
export type SecurityKey = Checked<typeof securityKey>;
