/** The types of a request handler: its context, its result. */
import type { Leases } from "./http/leases.ts";
import type { Count } from "./http/rate-limit.ts";
import type { DpopNonces } from "./oauth/dpop-nonce.ts";
import type { SingleSignOn } from "./sso/context.ts";
import type { Issuer } from "./oauth/issuer.ts";
import type { RelyingParty } from "./webauthn/relying-party.ts";
import type { Store } from "./store/store.ts";
import type { User } from "./store/people/user.ts";

/** Who sends a request. */
export interface Caller {
  /** Its address. */
  address: string;
  /** Whom the request is about, as soon as that is known: then a refusal goes into the audit log. */
  user?: User;
  /** Id of the security key that it is done with. */
  credential?: string;
  /** A sign-on that the identity provider has answered: whom it is about is not known, or not yet. */
  signOn?: { issuer: string; subject?: string; email?: string | undefined };
  /** Name of the token with which SCIM sends it. */
  scim?: string;
  /** Only for whom it is proved to come from, by a DPoP proof, an assertion or an open code: nobody uses up another's limit. */
  count: Count;
}

export interface ServerContext {
  /** The server's origin: issuer and WebAuthn origin. */
  url: string;
  /** Allowed audiences of ID tokens. */
  audiences: readonly string[];
  /** Seconds. */
  sessionDuration: number;
  store: Store;
  /** Set when the server is about to end: load balancers are to send nothing more. */
  isDraining: boolean;
  issuer: Issuer;
  relyingParty: RelyingParty;
  nonces: DpopNonces;
  /** Whether each DPoP proof must have a nonce. */
  requireNonce: boolean;
  /** What publishing needs besides a session: a touch, or also the PIN (or finger). */
  publishVerification: "touch" | "pin";
  /** The company's identity provider; undefined without one. */
  singleSignOn: SingleSignOn | undefined;
  /** Login in the browser, and whether its sessions may publish; undefined where it is off. */
  browserLogin: { publish: boolean } | undefined;
  /** Groups that AWS learns of, in the tags of a session. */
  tagGroups: readonly string[];
  /** Exports of the audit log that are under way. */
  exports: Leases;
  /** Seconds since 1970. */
  now: () => number;
  /** Of this request. */
  caller: Caller;
}

export interface HandlerResult {
  response: Response;
  /** The id of the authenticated user, for the log. */
  user?: string;
  /** Whether it opened a session, for the metrics. */
  isLogin?: true;
}

export type Handler = (request: Request, context: ServerContext) => Promise<HandlerResult>;
