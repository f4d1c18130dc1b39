/** What a listener of the agent answers: to whom, which routes, which fields. The own socket answers everything. */
import { VouchError } from "../../base/errors.ts";
import { type Route, routes, type StatusReply } from "../protocol.ts";
import { publishOperations } from "../tokens/lookup.ts";
import type { Peer } from "../wire/peer.ts";

/** A listener's access: a mechanism of the listener, so that no handler knows of guests. */
export interface Access {
  /** The guest's name, for the record; undefined on the user's own socket. */
  guest?: string;
  /** Whether the peer may ask at all. */
  admits(peer: Peer | undefined): peer is Peer;
  /** Why a peer is not admitted, as an error that it gets; undefined: the connection is closed without a word. */
  turnedAway(peer: Peer | undefined): VouchError | undefined;
  /** Throws `access_denied` for what may not be asked here. `body` is what came, unchecked. */
  check(route: Route, body: unknown): void;
  /** The part of the reply that may be seen here. */
  view(route: Route, reply: object): object;
  /** The error as it is told here. */
  told(error: VouchError): VouchError;
}

/** The user's own socket: everything, for the user's own processes. */
export const ownAccess: Access = {
  admits: (peer): peer is Peer => peer !== undefined && peer.uid === process.geteuid?.(),
  turnedAway: () => undefined,
  check() {},
  view: (_, reply) => reply,
  told: (error) => error,
};

/** What a guest may do besides reading. */
export interface GuestRights {
  /** User ids besides the agent's own. */
  uids: readonly number[];
  /** Whether it gets credentials of roles. */
  credentials: boolean;
}

interface GuestRule {
  /** Why this body is refused; undefined: it is not. */
  refuses?: (body: Readonly<Record<string, unknown>>, rights: GuestRights) => string | undefined;
  /** The reply's part for a guest; without it the whole. */
  view?: (reply: object, name: string, rights: GuestRights) => object;
}

const readsOnly: GuestRule = {
  refuses: ({ purpose }) => (purpose === undefined || purpose === "read" ? undefined : "it is given no publish tokens"),
};

/** The fields of the status that a guest sees: named, so that a new one is not. */
const seenOfStatus = [
  "version",
  "build",
  "pid",
  "startedAt",
  "server",
  "session",
  "ended",
  "sessions",
  "role",
  "repositories",
] as const satisfies readonly (keyof StatusReply)[];

/** The routes that a guest may ask; every other one is refused, also one that is added later. */
export const guestRoutes: { readonly [R in Route]?: GuestRule } = {
  [routes.token]: readsOnly,
  [routes.tokens]: readsOnly,
  [routes.environment]: readsOnly,
  [routes.cargo]: {
    refuses: ({ operation }) => (publishOperations.has(operation) ? "it is given no publish tokens" : undefined),
  },
  [routes.match]: {},
  [routes.timeLeft]: {},
  [routes.roleCredentials]: {
    refuses({ roleArn }, { credentials }) {
      if (!credentials) return "it is given no credentials of roles";
      // A role that nobody has configured costs a call of STS, and may be any.
      return roleArn === undefined ? undefined : "it gets credentials of configured roles only";
    },
  },
  [routes.status]: {
    view(reply, name, { credentials }) {
      const status = reply as StatusReply;
      const seen = seenOfStatus.flatMap((field) => (status[field] === undefined ? [] : [[field, status[field]]]));
      return { ...Object.fromEntries(seen), guest: { name, credentials } };
    },
  },
};

/** How many questions at once, more than a build has, and how many a second from then on: a token bucket. */
const burst = 500;
const perSecond = 50;

/** The access of a guest; `elapsed` is monotonic, in milliseconds. */
export function guestAccess(name: string, rights: GuestRights, elapsed: () => number): Access {
  const uids = new Set([process.geteuid?.() ?? -1, ...rights.uids]);
  let [left, at] = [burst, elapsed()];
  const isInTime = (): boolean => {
    const now = elapsed();
    left = Math.min(burst, left + ((now - at) / 1000) * perSecond);
    at = now;
    if (left < 1) return false;
    left--;
    return true;
  };
  return {
    guest: name,
    admits: (peer): peer is Peer => peer !== undefined && uids.has(peer.uid),
    turnedAway: (peer) =>
      new VouchError("access_denied", `The agent's guest ${name} is not for user id ${peer?.uid ?? "unknown"}.`, {
        hint: elsewhere(name, `Run \`vouch guest add ${name} --uid ${peer?.uid ?? "UID"}\`.`),
      }),
    check(route, body) {
      if (!isInTime()) {
        const limit = `at most ${burst} times at once, and ${perSecond} times a second from then on`;
        throw new VouchError("access_denied", `The guest ${name} asks too often: ${limit}.`, {
          hint: `Run the command again in some seconds. ${elsewhere(name, "`vouch log` shows what asks.")}`,
        });
      }
      const rule = guestRoutes[route];
      const why =
        rule === undefined
          ? "it is given read tokens only"
          : rule.refuses?.((typeof body === "object" && body !== null ? body : {}) as Record<string, unknown>, rights);
      if (why === undefined) return;
      const asked = route.replace(/^\/v1\//, "").replaceAll("/", " ");
      throw new VouchError("access_denied", `The agent refuses \`${asked}\` to its guest ${name}: ${why}.`, {
        hint: elsewhere(name, "Run the command there."),
      });
    },
    view: (route, reply) => guestRoutes[route]?.view?.(reply, name, rights) ?? reply,
    told: (error) =>
      error.hint === undefined || error.code === "access_denied"
        ? error
        : new VouchError(error.code, error.message, { hint: elsewhere(name, error.hint), cause: error.cause }),
  };
}

function elsewhere(name: string, hint: string): string {
  return `The agent runs on another machine, which calls this one its guest ${name}. There: ${hint}`;
}
