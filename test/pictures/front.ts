/** The server's public name for Chromium: TLS before a test server, with a certificate that this Chromium trusts. */
import { X509Certificate } from "node:crypto";
import { makeCertificates } from "../sandbox/certificates.ts";
import { reverseProxy, startFront } from "../sandbox/front.ts";
import { atPublicName } from "../server/pages/browser.ts";
import { origin, type TestServer } from "../server/test-server.ts";

export interface PublicName {
  /** Arguments of Chromium, which lead it there. */
  args: string[];
  stop(): Promise<void>;
}

/** Makes the server answer at `origin`, for a Chromium that is started with these arguments. */
export async function publish(server: TestServer): Promise<PublicName> {
  const { hostname } = new URL(origin);
  const certificates = await makeCertificates([hostname], server.folder);
  const front = startFront([{ hosts: [hostname], handle: reverseProxy(() => server.base) }], certificates);
  const certificate = new X509Certificate(certificates.certificate);
  return { args: atPublicName(origin, `127.0.0.1:${front.port}`, certificate), stop: () => front.stop() };
}
