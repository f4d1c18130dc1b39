/**
 * Waits on the loopback interface for the browser that brings the code of a login (RFC 8252, 7.3). Any program of this
 * machine can reach it, so what does not belong to this login is answered and ignored; and who reads the code has nothing
 * without the agent's keys.
 */
import { VouchError } from "../../base/errors.ts";
import { printable } from "../../base/words/printable.ts";

/** What must come back with the code. */
export interface Expected {
  /** The random text of this login. */
  state: string;
  /** The server, which must be named (RFC 9207). */
  issuer: string;
}

export interface Loopback {
  redirectUri: string;
  /**
   * Resolves with the code, once. `tell` says at the page how it has ended. Throws `login_denied` if the person cancelled or
   * the answer is another server's, `timeout`, and the reason of `signal`.
   */
  code(expected: Expected, timeoutSeconds: number, signal: AbortSignal): Promise<string>;
  tell(words: string): void;
  /** Resolves when the page has been answered. */
  stop(): Promise<void>;
}

/** Begins to listen at a random port. */
export function listenOnLoopback(): Loopback {
  const arrived = Promise.withResolvers<string>();
  // Without anybody who waits, as after an interruption.
  arrived.promise.catch(() => {});
  const told = Promise.withResolvers<string>();
  let expected: Expected | undefined;
  let isTaken = false;
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    // The page waits for the end of the login.
    idleTimeout: 60,
    async fetch(request) {
      const url = URL.parse(request.url);
      // Another name of this address is a page of a stranger, whose DNS leads here.
      const isHere = request.headers.get("host") === `127.0.0.1:${server.port}`;
      if (!isHere || request.method !== "GET" || url?.pathname !== "/callback")
        return page("There is nothing here.", 404);
      const [outcome] = expected === undefined ? [] : [readCallback(url.searchParams, expected)];
      if (outcome === undefined || isTaken) return page("This is not the login that waits here.", 400);
      isTaken = true;
      if (outcome instanceof VouchError) {
        arrived.reject(outcome);
        return page("You can close this page: the terminal goes on.");
      }
      arrived.resolve(outcome);
      return page(await told.promise);
    },
  });
  return {
    redirectUri: `http://127.0.0.1:${server.port}/callback`,
    async code(what, timeoutSeconds, signal) {
      expected = what;
      const over = Promise.withResolvers<never>();
      const timer = setTimeout(() => over.reject(late(timeoutSeconds)), timeoutSeconds * 1000);
      const onAbort = (): void => over.reject(signal.reason);
      signal.addEventListener("abort", onAbort, { once: true });
      try {
        return await Promise.race([arrived.promise, over.promise]);
      } finally {
        clearTimeout(timer);
        signal.removeEventListener("abort", onAbort);
      }
    },
    tell: (words) => told.resolve(words),
    async stop() {
      told.resolve("You can close this page.");
      await server.stop();
    },
  };
}

/**
 * The code of an authorization response (RFC 6749, 4.1.2), or why there is none; undefined for what is none of this login: a
 * parameter that is missing or stands twice, another state.
 */
export function readCallback(
  parameters: URLSearchParams,
  { state, issuer }: Expected,
): string | VouchError | undefined {
  const only = (name: string): string | undefined => {
    const [value, ...others] = parameters.getAll(name);
    return others.length === 0 ? value : undefined;
  };
  if (only("state") !== state) return undefined;
  const iss = only("iss");
  if (iss !== issuer) {
    return new VouchError("login_denied", `The browser brought the answer of another server than ${issuer}.`, {
      hint: "Somebody may try to mix up two logins: run `vouch login --browser` again, and look at the page's address.",
    });
  }
  const error = only("error");
  if (error === "access_denied") return new VouchError("login_denied", "The login was cancelled in the browser.");
  if (error !== undefined) {
    return new VouchError("login_denied", `The server refused the login: ${printable(error).slice(0, 64)}.`);
  }
  const code = only("code");
  return code !== undefined && /^[\w-]{1,64}$/.test(code) ? code : undefined;
}

function late(seconds: number): VouchError {
  return new VouchError("timeout", `Nobody logged in in the browser within ${seconds} seconds.`, {
    hint: "Run `vouch login --browser` again; `--no-open` asks for a code instead.",
  });
}

/** A page of one sentence, kept by no cache; it loads nothing, and its address goes nowhere. */
function page(words: string, status = 200): Response {
  const text = `<!doctype html><html lang="en"><meta charset="utf-8"><meta name="color-scheme" content="light dark"><title>Vouch</title><p>${Bun.escapeHTML(printable(words))}</p></html>`;
  return new Response(text, {
    status,
    headers: {
      "content-type": "text/html; charset=utf-8",
      "cache-control": "no-store",
      "content-security-policy": "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
      "referrer-policy": "no-referrer",
      "x-content-type-options": "nosniff",
      connection: "close",
    },
  });
}
