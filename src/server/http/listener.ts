/** The listening socket of the HTTP server: limits, TLS, and how it ends. */
import { createPrivateKey, X509Certificate } from "node:crypto";
import type { Server } from "bun";
import { VouchError } from "../../base/errors.ts";
import { describeListenError } from "../configuration/listen.ts";
import { settledWithin } from "../settled-within.ts";
import { maxBodyBytes } from "./body.ts";

/** PEM: the chain, and the private key of its first certificate. */
export interface Certificate {
  cert: string;
  key: string;
}

const tlsHint = "Check the files of --tls-cert and --tls-key.";

/** Interval of trying to listen again, in milliseconds. */
const retryMs = 500;

type Answer = (request: Request, server: Server<undefined>) => Promise<Response>;

/** Listens until it is stopped. */
export class Listener {
  readonly #answer: Answer;
  #tls: Certificate | undefined;
  #server: Server<undefined>;
  #retry: NodeJS.Timeout | undefined;
  /** Those with an earlier certificate whose requests are not answered yet. */
  readonly #previous = new Map<Server<undefined>, Promise<void>>();
  readonly hostname: string;
  readonly port: number;

  /** Port 0 picks a free one. Throws `settings_invalid` if it cannot listen. */
  constructor({ hostname, port }: { hostname: string; port: number }, answer: Answer, tls: Certificate | undefined) {
    this.#answer = answer;
    this.#tls = tls;
    if (tls) checkCertificate(tls);
    this.#server = listen(hostname, port, answer, tls);
    this.hostname = this.#server.hostname ?? hostname;
    this.port = this.#server.port ?? port;
  }

  /**
   * New connections get the new certificate; open ones stay until their requests are answered. If it throws
   * (`settings_invalid`), the previous certificate is shown as before.
   */
  replaceCertificate(tls: Certificate): void {
    checkCertificate(tls);
    tryCertificate(tls, this.#answer);
    clearTimeout(this.#retry);
    const previous = this.#server;
    // Closes the listening socket at once.
    const ended = previous.stop(false).finally(() => this.#previous.delete(previous));
    this.#previous.set(previous, ended);
    try {
      this.#server = listen(this.hostname, this.port, this.#answer, tls);
      this.#tls = tls;
    } catch (error) {
      this.#listenAgain();
      throw error;
    }
  }

  /** Listens with the certificate that it had; while another process has the port, tries again. */
  #listenAgain(): void {
    try {
      this.#server = listen(this.hostname, this.port, this.#answer, this.#tls);
    } catch {
      this.#retry = setTimeout(() => this.#listenAgain(), retryMs);
    }
  }

  /** Takes no connection any more; resolves when the requests in flight are answered, or after `graceMs` milliseconds. */
  async stop(graceMs: number): Promise<void> {
    clearTimeout(this.#retry);
    const servers = [this.#server, ...this.#previous.keys()];
    const ended = Promise.all([this.#server.stop(false), ...this.#previous.values()]);
    await settledWithin(ended, graceMs);
    await Promise.all(servers.map((server) => server.stop(true)));
  }
}

function listen(hostname: string, port: number, answer: Answer, tls: Certificate | undefined): Server<undefined> {
  try {
    return Bun.serve({
      hostname,
      port,
      // Idle timeout in seconds, without a byte in either direction.
      idleTimeout: 20,
      // Hard limit; above maxBodyBytes, handlers already refuse with a clear error.
      maxRequestBodySize: 2 * maxBodyBytes,
      development: false,
      // With `development: false`, Bun's default is true, which shares a port that another process already has.
      reusePort: false,
      fetch: answer,
      ...(tls ? { tls } : {}),
    });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (tls !== undefined && code?.startsWith("ERR_OSSL") === true) {
      throw new VouchError("settings_invalid", `TLS cannot use the certificate or its key: ${code}.`, {
        hint: tlsHint,
        cause: error,
      });
    }
    const { message, hint } = describeListenError(code, { hostname, port }, "listen");
    throw new VouchError("settings_invalid", message, { hint, cause: error });
  }
}

/** Throws `settings_invalid` if certificate or key is not PEM, or the two do not match. */
function checkCertificate({ cert, key }: Certificate): void {
  try {
    if (new X509Certificate(cert).checkPrivateKey(createPrivateKey(key))) return;
  } catch (error) {
    throw new VouchError("settings_invalid", "The certificate or its key is not PEM.", { hint: tlsHint, cause: error });
  }
  throw new VouchError("settings_invalid", "The key is not that of the certificate.", { hint: tlsHint });
}

/** Listens with it for a moment, elsewhere: what TLS refuses (another certificate of the chain) shows only then. */
function tryCertificate(tls: Certificate, answer: Answer): void {
  try {
    void listen("127.0.0.1", 0, answer, tls).stop(true);
  } catch (error) {
    throw new VouchError("settings_invalid", "The certificate chain cannot be used.", { cause: error });
  }
}
