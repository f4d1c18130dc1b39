/** The address of a PostgreSQL database, and which connections to it are safe. */
import { VouchError } from "../../../base/errors.ts";
import { isLoopback } from "../../../base/net/loopback.ts";
import { Secret } from "../../../base/secret.ts";
import { readRegularFile, whyUnreadable } from "../../../base/system/regular-file.ts";

export interface PostgresAddress {
  /** A host name, an address without brackets, or the folder of a Unix socket. */
  host: string;
  port: number;
  user: string;
  password: Secret | undefined;
  database: string;
  /** PEM of the authorities to trust, or undefined for those of the system; false: no TLS. */
  tls: { ca: string | undefined } | false;
  /** The URL without its password. */
  name: string;
}

const form = "postgres://USER@HOST:PORT/NAME";
/** Size limit of a file of authorities, in bytes. */
const maxBundleBytes = 16 << 20;

/** Whether the URL names a PostgreSQL database. */
export function isPostgresUrl(url: string): boolean {
  return /^postgres(ql)?:/i.test(url);
}

/** Whether the URL has a password in it. */
export function hasPassword(url: string): boolean {
  // Also where the URL is malformed: what is refused for another reason later must not have been on the command line.
  return isPostgresUrl(url) && (/^[^/?#]*\/\/[^/?#@]*:[^/?#]*@/.test(url) || /[?&]pass(word|file)?=/i.test(url));
}

/**
 * Parses `postgres://USER[:PASSWORD]@HOST[:PORT]/NAME` with the parameters `sslmode` and `sslrootcert`, or
 * `postgres:///NAME?host=FOLDER&user=USER[&port=PORT]` for a Unix socket. A connection to another machine is TLS with a verified
 * certificate, or refused. Throws `usage`, `file_error`.
 */
export function postgresAddress(text: string, password: Secret | undefined): PostgresAddress {
  const url = URL.parse(text);
  if (url === null || !isPostgresUrl(text)) throw malformed("a URL");
  const parameters = parametersOf(url);
  const folder = parameters.get("host");
  if (folder !== undefined && (url.hostname !== "" || !folder.startsWith("/"))) {
    throw malformed("?host= with the folder of a Unix socket, and no other host");
  }
  if (folder === undefined && (parameters.has("user") || parameters.has("port"))) {
    throw malformed("?user= and ?port= beside ?host= only");
  }
  const host = folder ?? decoded(url.hostname).replaceAll(/^\[|\]$/g, "");
  if (host === "" || (folder === undefined && host.includes("/"))) {
    throw malformed("a host, or ?host= with the folder of a Unix socket");
  }
  const user = folder === undefined ? decoded(url.username) : (parameters.get("user") ?? "");
  const database = decoded(url.pathname.slice(1));
  if (user === "" || database === "" || /[/\0]/.test(user + database)) throw malformed("a user and a database");
  const port = Number((folder === undefined ? url.port : parameters.get("port")) || 5432);
  if (!(port > 0 && port < 65_536)) throw malformed("a port");
  const isLocal = folder !== undefined || isLoopback(host);
  const tls = tlsOf(parameters.get("sslmode"), parameters.get("sslrootcert"), isLocal, host);
  if (tls !== false && folder !== undefined) throw malformed("no TLS through a Unix socket");
  return {
    host,
    port,
    user,
    password: url.password === "" ? password : new Secret(decoded(url.password)),
    database,
    tls,
    name: postgresName(text),
  };
}

const knownParameters = new Set(["host", "port", "sslmode", "sslrootcert", "user"]);

/** Returns the URL without its password and what it has no place for, for people. Throws `usage`. */
export function postgresName(text: string): string {
  const url = URL.parse(text);
  if (url === null) throw malformed("a URL");
  // A password with a raw / ? or # ends the authority: its parts are the port and what follows.
  if (url.hostname !== "" && url.username === "" && text.includes("@")) throw malformed("a user and a database");
  url.password = "";
  url.hash = "";
  const unknown = [...url.searchParams.keys()].filter((name) => !knownParameters.has(name));
  for (const name of unknown) url.searchParams.delete(name);
  return url.href;
}

/** Returns the URL's parameters. Throws `usage` for one that is not known, or given twice. */
function parametersOf(url: URL): Map<string, string> {
  const found = new Map<string, string>();
  for (const [name, value] of url.searchParams) {
    if (!knownParameters.has(name) || found.has(name)) {
      throw malformed("no parameters but host, port, user, sslmode and sslrootcert, each once");
    }
    found.set(name, value);
  }
  if (url.hash !== "") throw malformed("no fragment (write %23 for #)");
  return found;
}

function tlsOf(
  mode: string | undefined,
  caPath: string | undefined,
  isLocal: boolean,
  host: string,
): PostgresAddress["tls"] {
  if (mode === "disable" || (mode === undefined && caPath === undefined && isLocal)) {
    if (caPath !== undefined) throw malformed("no sslrootcert beside sslmode=disable");
    if (isLocal) return false;
    throw new VouchError("usage", `Without TLS the database at ${host} and its password could be read on the way.`, {
      hint: "Leave out sslmode=disable: TLS with a verified certificate is the default; sslrootcert=FILE names a private authority.",
    });
  }
  if (mode !== undefined && mode !== "verify-full") {
    throw new VouchError("usage", `sslmode=${mode.slice(0, 16)} does not verify who the database at ${host} is.`, {
      hint: "Expected sslmode=verify-full, which is the default for another machine, or disable for this one.",
    });
  }
  return { ca: caPath === undefined ? undefined : readAuthorities(caPath) };
}

function readAuthorities(path: string): string {
  try {
    return readRegularFile(path, maxBundleBytes).toString("utf8");
  } catch (error) {
    throw new VouchError("file_error", `sslrootcert ${path} cannot be read: ${whyUnreadable(error)}.`, {
      cause: error,
    });
  }
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch (error) {
    throw new VouchError("usage", "The URL of the database has a % that begins no %XX.", { cause: error });
  }
}

/** Never with the URL itself, which may have a password. */
function malformed(expected: string): VouchError {
  return new VouchError("usage", `The URL of the database is not understood: expected ${expected}.`, {
    hint: `It has the form ${form}.`,
  });
}
