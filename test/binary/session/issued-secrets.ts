/** Notes what a laptop's sandbox and Vouch server issue, so that a test can look for it where it must not be. */
import type { Laptop } from "../../laptop.ts";
import { reverseProxy } from "../../sandbox/front.ts";

export interface IssuedSecrets {
  accessTokens: string[];
  idTokens: string[];
  /** What clients have sent to the Vouch server: DPoP proofs, and the bodies of their requests. */
  proofs: string[];
  bodies: string[];
  /** Secret access keys and session tokens. */
  awsSecrets: string[];
  stop(): Promise<void>;
}

/** Stands between the sandbox and each Vouch server that the laptop starts from now on. */
export function recordIssuedSecrets(laptop: Laptop): IssuedSecrets {
  const issued: Omit<IssuedSecrets, "stop"> = {
    accessTokens: [],
    idTokens: [],
    proofs: [],
    bodies: [],
    awsSecrets: [],
  };
  let upstream: string | undefined;
  const passOn = reverseProxy(() => upstream);
  const relay = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    async fetch(request) {
      const url = new URL(request.url);
      // The server compares its public name with the host, as behind any reverse proxy.
      const asAsked = new Request(`http://${request.headers.get("host")}${url.pathname}${url.search}`, request);
      const proof = request.headers.get("dpop");
      if (proof !== null) issued.proofs.push(proof);
      issued.bodies.push(await asAsked.clone().text());
      const response = await passOn(asAsked);
      const text = await response.text();
      const { access_token: token } = parse(text);
      if (token !== undefined) (token.split(".").length === 3 ? issued.idTokens : issued.accessTokens).push(token);
      return new Response(text, response);
    },
  });
  const { setVouchServer, account } = laptop.sandbox;
  laptop.sandbox.setVouchServer = (origin) => {
    upstream = origin;
    setVouchServer(origin === undefined ? undefined : relay.url.origin);
  };
  const issueCredentials = account.issueCredentials.bind(account);
  account.issueCredentials = (...args) => {
    const credentials = issueCredentials(...args);
    issued.awsSecrets.push(credentials.secretAccessKey, credentials.sessionToken);
    return credentials;
  };
  return { ...issued, stop: () => relay.stop(true) };
}

function parse(text: string): { access_token?: string } {
  try {
    return JSON.parse(text) as { access_token?: string };
  } catch {
    return {};
  }
}
