/** What every request handler works with. */
import type { Issuer } from "./oauth/issuer.ts";
import type { RelyingParty } from "./webauthn/relying-party.ts";
import type { Store } from "./store/store.ts";

export interface ServerContext {
  /** The origin of the server. */
  url: string;
  /** The audiences that ID tokens are issued for. */
  audiences: readonly string[];
  /** Seconds. */
  sessionDuration: number;
  store: Store;
  issuer: Issuer;
  relyingParty: RelyingParty;
  /** Seconds since 1970. */
  now: () => number;
}

export interface HandlerResult {
  response: Response;
  /** The id of the user that the request acted for, for the log. */
  user?: string;
}

export type Handler = (request: Request, context: ServerContext) => Promise<HandlerResult>;
