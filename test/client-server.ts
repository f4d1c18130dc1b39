/** A second Vouch server, a client's: with a host, users, and an AWS account that trusts it and no other. */
import { openSync } from "node:fs";
import { join } from "node:path";
import { ended, executable, firstLine, type Laptop } from "./laptop.ts";
import { trustPolicy } from "../src/server/command/aws-account/aws-trust.ts";
import { Account } from "./sandbox/aws/account.ts";
import { reverseProxy, type Route } from "./sandbox/front.ts";
import { parsePolicy } from "./sandbox/iam/document.ts";

const host = "vouch.client.example";

export const client = {
  url: `https://${host}`,
  user: "dev@client.example",
  id: "333333333333",
  region: "eu-west-1",
  domain: "client",
  repository: "their-repo",
  roleArn: "arn:aws:iam::333333333333:role/reader",
  index: "sparse+https://client-333333333333.d.codeartifact.eu-west-1.amazonaws.com/cargo/their-repo/",
} as const;

export function createClientAccount(): Account {
  const trusted = { url: client.url, audiences: ["sts.amazonaws.com"], account: client.id, partition: "aws" };
  return new Account({
    id: client.id,
    oidcProviders: [{ url: client.url, clientIds: ["sts.amazonaws.com"] }],
    domains: [{ name: client.domain, region: client.region, repositories: [client.repository] }],
    roles: [
      {
        name: "reader",
        maxSessionDuration: 43_200,
        trustPolicy: parsePolicy(structuredClone(trustPolicy(trusted)), "trust"),
        permissions: [{ Effect: "Allow", Action: ["codeartifact:*", "sts:GetServiceBearerToken"], Resource: "*" }],
      },
    ],
  });
}

/** Its route belongs into the laptop's sandbox; then `start`. */
export class ClientServer {
  readonly route: Route = { hosts: [host], handle: reverseProxy(() => this.#origin) };
  #origin: string | undefined;
  #process: Bun.Subprocess | undefined;

  async start(laptop: Laptop): Promise<void> {
    await ended(laptop.vouch("server", "init", "--url", client.url, ...databaseIn(laptop)));
    this.#process = Bun.spawn([executable, "server", "run", ...databaseIn(laptop), "--listen", "127.0.0.1:0"], {
      cwd: laptop.home,
      env: laptop.env,
      stdio: ["ignore", "pipe", openSync(join(laptop.folder, "client.log"), "a")],
    });
    const line = await firstLine(this.#process.stdout as ReadableStream<Uint8Array>);
    this.#origin = /http:\/\/[\d.:]+/.exec(line)?.[0];
    if (this.#origin === undefined) throw new Error(`vouch server run says: ${line}`);
  }

  /** A one-time enrolment code of its user. */
  async invite(laptop: Laptop): Promise<string> {
    const invite = ["server", "invite", client.user, ...databaseIn(laptop), "--json"];
    return (JSON.parse(await ended(laptop.vouch(...invite))) as { code: string }).code;
  }

  async stop(): Promise<void> {
    this.#process?.kill();
    await this.#process?.exited;
  }
}

function databaseIn(laptop: Laptop): string[] {
  return ["--database", `sqlite:${join(laptop.folder, "client.db")}`];
}
