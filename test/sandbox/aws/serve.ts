/** The sandbox's STS and CodeArtifact on loopback ports, for clients that take an endpoint URL. */
import type { Account } from "./account.ts";
import { handleCodeArtifact } from "./codeartifact.ts";
import { handleSts } from "./sts/sts.ts";
import type { Fetch } from "./sts/web-identity.ts";

export interface AwsServers {
  stsUrl: string;
  codeArtifactUrl: string;
  stop(): Promise<void>;
}

export function serveAws(account: Account, fetch: Fetch, region = "us-east-1"): AwsServers {
  const options = { hostname: "127.0.0.1", port: 0 };
  const sts = Bun.serve({ ...options, fetch: (request) => handleSts(request, { account, region, fetch }) });
  const codeArtifact = Bun.serve({ ...options, fetch: (request) => handleCodeArtifact(request, { account, region }) });
  return {
    stsUrl: `http://127.0.0.1:${sts.port}`,
    codeArtifactUrl: `http://127.0.0.1:${codeArtifact.port}`,
    stop: async () => {
      await Promise.all([sts.stop(true), codeArtifact.stop(true)]);
    },
  };
}
