/** The listening socket. */
import { createPrivateKey, X509Certificate } from "node:crypto";
import type { Server } from "bun";
import { VouchError } from "../../base/errors.ts";
import { maxBodyBytes } from "./body.ts";

/** Where and how a server listens. */
export interface ListenOptions {
  hostname: string;
  /** 0 picks a free one. */
  port: number;
  tls?: { cert: string; key: string } | undefined;
}

/** Begins to listen. Throws `usage` if that is not possible. */
export function listen(
  options: ListenOptions,
  answer: (request: Request, server: Server<undefined>) => Promise<Response>,
): Server<undefined> {
  try {
    return Bun.serve({
      hostname: options.hostname,
      port: options.port,
      // Idle timeout in seconds, without a byte in either direction.
      idleTimeout: 20,
      // Hard limit; above maxBodyBytes, handlers already refuse with a clear error.
      maxRequestBodySize: 2 * maxBodyBytes,
      development: false,
      // With `development: false`, Bun's default is true, which shares a port that another process already has.
      reusePort: false,
      fetch: answer,
      ...(options.tls ? { tls: options.tls } : {}),
    });
  } catch (error) {
    throw new VouchError(
      "usage",
      `Cannot listen on ${options.hostname}:${options.port}: ${(error as Error).message}.`,
      {
        hint: "Choose another address with --listen HOST:PORT, or check --tls-cert and --tls-key.",
        cause: error,
      },
    );
  }
}

/** Throws `settings_invalid` if certificate or key is not PEM, or the two do not match. */
export function checkCertificate({ cert, key }: NonNullable<ListenOptions["tls"]>): void {
  try {
    if (new X509Certificate(cert).checkPrivateKey(createPrivateKey(key))) return;
  } catch (error) {
    throw new VouchError("settings_invalid", "The certificate or its key is not PEM.", { cause: error });
  }
  throw new VouchError("settings_invalid", "The key is not that of the certificate.");
}
