/** What a request asks for, in words for the record: no token, header, query or argument is in it. */
import { type PackageFormat, packageFormats } from "../../base/package-format.ts";
import { printable } from "../../base/words/printable.ts";
import { withoutTokens } from "../../base/trace.ts";
import { findRegistry } from "../../settings/registries.ts";
import type { RepositorySettings, Settings } from "../../settings/settings.ts";
import { type Route, routes, type TokenReply } from "../protocol.ts";

/** What is recorded of a request. */
export interface Question {
  operation: string;
  /** The endpoints, the format, or the role; absent where there is none. */
  target?: string;
  /** What the package manager says that it changes: its own claim. */
  claim?: string;
  /** Where the answer is remembered if it weighs more than a read: it changes something, or can publish. */
  list?: "changed" | "published";
  /** Whether the asker becomes the program that it asks for, as shims and `vouch exec` do. */
  isProgram?: true;
}

/** More than names, endpoints and ARNs need; in UTF-16 units. */
const maxText = 200;
const maxClaim = 64;
/** How much of a text is looked at: tokens in it are taken out whole before it is cut. */
const maxRead = 4_096;
/** How many endpoints one target names. */
const maxEndpoints = 4;

/** Routes that give nothing out and change nothing: looking is not recorded. */
const silent: ReadonlySet<Route> = new Set([
  routes.status,
  routes.timeLeft,
  routes.match,
  routes.record,
  routes.fingerprints,
  routes.sessions,
  routes.keys,
  routes.guests,
]);

/** Routes that change something: the answer is remembered where no reads push it out. A start only begins something. */
const changing: ReadonlySet<Route> = new Set([
  routes.enrollFinish,
  routes.loginFinish,
  routes.loginBrowserFinish,
  routes.logout,
  routes.keyAddFinish,
  routes.keyRenameFinish,
  routes.keyRemoveFinish,
  routes.sessionsEnd,
  routes.publishFinish,
  routes.guestOpen,
  routes.guestClose,
  routes.restart,
  routes.stop,
]);
const cargoChanges: ReadonlySet<unknown> = new Set(["publish", "yank", "unyank", "owners"]);

const noSettings: Settings = { version: 1, repositories: [] };

/** The names of questions that have no words of their own: those of their routes. */
const plainOperations: ReadonlySet<string> = new Set(
  Object.values(routes).flatMap((route) => (silent.has(route) ? [] : plainOperation(route))),
);

/** What an end of a session is named that nobody has asked for, before what has happened. */
export const endOperation = "session ended: ";

/** Questions of package managers and other programs; the plain ones are those of Vouch's own commands. */
const programOperation = /^(?:cargo .+|touch to .+|tokens?(?: to publish)?|AWS credentials)$/s;

/** Whether a question can be named so. */
export function isOperation(text: string): boolean {
  return programOperation.test(text) || text.startsWith(endOperation) || plainOperations.has(text);
}

/** Whether it asks for tokens or credentials, which programs do, and not for what Vouch's own commands do. */
export function isOfProgram({ operation }: Question): boolean {
  return programOperation.test(operation);
}

/**
 * The question; undefined for a route that is not recorded. `body` is what came, unchecked; of the settings come the
 * endpoints of a question that names none, and what of a URL is one.
 */
export function questionOf(route: Route, body: unknown, settings: Settings = noSettings): Question | undefined {
  if (silent.has(route)) return undefined;
  const fields = (typeof body === "object" && body !== null ? body : {}) as Record<string, unknown>;
  const asked = wordsOf(route, fields, settings);
  const list = changing.has(route) ? "changed" : canPublish(route, fields) ? "published" : undefined;
  return list === undefined ? asked : { ...asked, list };
}

/** Whether an answer can publish, or is a step to that. */
function canPublish(route: Route, fields: Record<string, unknown>): boolean {
  if (route === routes.cargo) return cargoChanges.has(fields["operation"]);
  return route === routes.publishStart || fields["purpose"] === "publish";
}

function wordsOf(route: Route, fields: Record<string, unknown>, settings: Settings): Question {
  const purpose = fields["purpose"] === "publish" ? " to publish" : "";
  switch (route) {
    case routes.cargo:
      return question(
        `cargo ${words(fields["operation"], maxClaim) ?? "read"}`,
        configuredUrl((fields["registry"] as Record<string, unknown>)?.["index-url"], settings),
        claimOf(fields["name"], fields["vers"]),
      );
    case routes.token:
      return question(`token${purpose}`, configuredUrl(fields["url"], settings) ?? words(fields["format"]));
    case routes.tokens:
    case routes.environment: {
      const target = endpointsOf(settings.repositories, fields["format"]) ?? words(fields["format"]);
      return { ...question(`tokens${purpose}`, target), isProgram: true };
    }
    case routes.roleCredentials:
      return question("AWS credentials", words(fields["roleArn"]) ?? words(fields["profile"]));
    case routes.publishStart: {
      const { operation, name, version } = (fields["claim"] ?? {}) as Record<string, unknown>;
      const target =
        configuredUrl(fields["url"], settings) ??
        endpointsOf(settings.repositories, fields["format"]) ??
        words(fields["format"]);
      return question(`touch to ${words(operation, maxClaim) ?? "publish"}`, target, claimOf(name, version));
    }
    default:
      return { operation: plainOperation(route) };
  }
}

function plainOperation(route: Route): string {
  return route.replace(/^\/v1\//, "").replaceAll("/", " ");
}

/** The question once it is answered: one without a URL is for the endpoint that the reply names. */
export function answeredQuestion(asked: Question, route: Route, reply: object): Question {
  const endpoint = route === routes.token ? urlOf((reply as TokenReply).endpoint) : undefined;
  return endpoint === undefined ? asked : { ...asked, target: endpoint };
}

/** The endpoints of a format, or all without one. */
function endpointsOf(repositories: readonly RepositorySettings[], format: unknown): string | undefined {
  const formats = format === undefined ? packageFormats : packageFormats.filter((each) => each === format);
  const found = repositories.flatMap(({ endpoints }) =>
    formats.flatMap((each: PackageFormat) => endpoints[each] ?? []),
  );
  const shown = found.slice(0, maxEndpoints).flatMap((url) => urlOf(url) ?? []);
  if (shown.length === 0) return undefined;
  const more = found.length - shown.length;
  return shown.join(", ") + (more > 0 ? `, and ${more} more` : "");
}

function question(operation: string, target: string | undefined, claim?: string): Question {
  return {
    operation,
    ...(target === undefined ? {} : { target }),
    ...(claim === undefined ? {} : { claim }),
  };
}

function claimOf(...parts: unknown[]): string | undefined {
  return words(parts.flatMap((part) => words(part, maxClaim) ?? []).join(" "));
}

function words(value: unknown, max = maxText): string | undefined {
  if (typeof value !== "string" || value === "") return undefined;
  return withoutTokens(printable(beginningOf(value)))
    .slice(0, max)
    .toWellFormed();
}

/** A long text up to a place that is within no token, if it has one. */
function beginningOf(text: string): string {
  if (text.length <= maxRead) return text;
  const beginning = text.slice(0, maxRead);
  const end = beginning.search(/[^\w+=.-][\w+=.-]*$/);
  return end < 0 ? beginning : beginning.slice(0, end);
}

/** The configured endpoint that the URL lies in, and nothing behind it: a path may hold a secret, too. */
function configuredUrl(value: unknown, settings: Settings): string | undefined {
  const found = typeof value === "string" ? findRegistry(settings, value) : undefined;
  return urlOf(found?.endpoint ?? value);
}

/** Without user information, parameters, query and fragment, which may hold a secret; a text that is no URL is not kept. */
function urlOf(value: unknown): string | undefined {
  const url = typeof value === "string" ? URL.parse(value.replace(/^sparse\+/, "")) : null;
  return url === null
    ? undefined
    : words(`${url.protocol}//${url.host}${url.pathname.replace(/(?:;|%3b|=|%3d).*$/i, "")}`);
}
