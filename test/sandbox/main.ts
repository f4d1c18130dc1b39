/**
 * The sandbox: everything outside of Vouch that a test or the demo needs, on this machine only. AWS STS and
 * CodeArtifact, the package registries, the public name of a Vouch server, and the proxy by which clients get there.
 */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import type { Account, Operation } from "./aws/account.ts";
import { assetHost, type AssetRequest, AssetStore } from "./aws/asset-store.ts";
import { handleCodeArtifact } from "./aws/codeartifact.ts";
import { createDeveloperAccount } from "./aws/developer-account.ts";
import { handleSts } from "./aws/sts/sts.ts";
import { makeCertificates } from "./certificates.ts";
import { startControl } from "./control.ts";
import { clientEnvironment } from "./environment.ts";
import { reverseProxy, type Route, startFront } from "./front.ts";
import { startProxy } from "./proxy.ts";
import {
  type AnsweredRequest,
  type FormatCounters,
  type Registries,
  type RegistryFormat,
  Repositories,
} from "./registries/repositories.ts";

/** The names of what the sandbox is filled with at its start. */
export const names = {
  account: "123456789012",
  region: "us-east-1",
  domain: "my-domain",
  repository: "my-repo",
  roleArn: "arn:aws:iam::123456789012:role/vouch-developer",
  vouchHost: "vouch.example.com",
  /** The host of the domain's repositories. */
  packageHost: "my-domain-123456789012.d.codeartifact.us-east-1.amazonaws.com",
} as const;

export interface SandboxOptions {
  /** Where `ca.pem` is written, made when it is missing; without it a temporary folder, removed at the end. */
  folder?: string;
  /** The origin of the Vouch server on this machine, `http://127.0.0.1:PORT`. */
  vouchServer?: string;
  /** The AWS account; without it the developer account (123456789012, my-domain, my-repo, vouch-developer). */
  account?: Account;
  /** Further accounts, each with the region of its domains. */
  others?: { account: Account; region: string }[];
  /** Hosts besides those of AWS and the Vouch server. */
  routes?: Route[];
}

export interface Sandbox {
  /** What clients need in their environment to use the sandbox. */
  env: Record<string, string>;
  caPath: string;
  proxyUrl: string;
  /** What was asked of the proxy for hosts outside of the sandbox (host:port), and refused. */
  refused: readonly string[];
  account: Account;
  /** The registries of the repository in `names`. */
  registries: Registries;
  /** The registries of another repository of the domain. */
  registriesOf(this: void, repository: string): Registries;
  /** A request as a client of the sandbox sends it: through the proxy, trusting the sandbox's authority only. */
  fetch(this: void, url: string, init?: RequestInit): Promise<Response>;
  /** How often each operation of AWS and each format's registry was asked, until now. */
  counters(): Counters;
  /** How often each format's registry of a further account was asked. */
  packageCounters(this: void, accountId: string): Record<RegistryFormat, FormatCounters>;
  /** Every request to a package host until now, in the order of the answers. */
  answered: readonly AnsweredRequest[];
  /** Every request to the buckets that hold the assets, until now. */
  assetRequests(this: void): AssetRequest[];
  /** From now on requests to vouch.example.com go there, as `reverseProxy` has it; undefined: they are answered 502. */
  setVouchServer(this: void, origin: string | undefined, authority?: string): void;
  stop(): Promise<void>;
}

export type Counters = Record<Operation, number> & Record<RegistryFormat, FormatCounters>;

/** Starts a sandbox of its own; several can run side by side. */
export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const { account = createDeveloperAccount() } = options;
  const { region } = names;
  const folder = options.folder ?? mkdtempSync(join(tmpdir(), "vouch-sandbox-"));
  mkdirSync(folder, { recursive: true });
  let vouchServer = options.vouchServer;
  let vouchAuthority: string | undefined;
  const assets = new AssetStore(account, region);
  const repositories = new Repositories(account, assets);
  const others = (options.others ?? []).map(({ account: other }) => other);
  const otherAssets = (options.others ?? []).map((other) => new AssetStore(other.account, other.region));
  const byOwner = new Map(others.map((each, index) => [each.id, new Repositories(each, otherAssets[index]!)]));
  byOwner.set(account.id, repositories);
  const stores = [assets, ...otherAssets];
  const fetchThroughProxy: Sandbox["fetch"] = (url, init) =>
    fetch(url, { signal: AbortSignal.timeout(10_000), ...init, proxy: proxy.url, tls: { ca: certificates.ca } });
  const awsRoutes = (of: string): Route[] => [
    {
      // STS reaches the issuer as AWS would: by its public name, over TLS.
      hosts: [`sts.${of}.amazonaws.com`, `sts-fips.${of}.amazonaws.com`, `sts.${of}.api.aws`],
      handle: (request) => handleSts(request, { account, others, region: of, fetch: fetchThroughProxy }),
    },
    {
      hosts: [`codeartifact.${of}.amazonaws.com`, `codeartifact.${of}.api.aws`],
      handle: (request) => handleCodeArtifact(request, { account, others, region: of }),
    },
    {
      hosts: [
        `*.d.codeartifact.${of}.amazonaws.com`,
        `*.codeartifact.${of}.on.aws`,
        `*.d.codeartifact.${of}.vpce.amazonaws.com`,
      ],
      handle: (request) => ownerOf(request).handle(request),
    },
    {
      hosts: [assetHost(of)],
      handle: (request) => storeOf(request).handle(request),
    },
  ];
  // The path of an asset begins with the account.
  const storeOf = ({ url }: Request) =>
    stores.find((store) => new URL(url).pathname.startsWith(`/${store.accountId}/`)) ?? assets;
  const ownerOf = (request: Request) =>
    byOwner.get(/-(\d{12})\./.exec(new URL(request.url).hostname)?.[1] ?? "") ?? repositories;
  const regions = [...new Set([region, ...(options.others ?? []).map((each) => each.region)])];
  const routes: Route[] = [
    ...regions.flatMap((each) => awsRoutes(each)),
    {
      hosts: [names.vouchHost],
      handle: reverseProxy(
        () => vouchServer,
        () => vouchAuthority,
      ),
    },
    ...(options.routes ?? []),
  ];
  const certificates = await makeCertificates(
    routes.flatMap(({ hosts }) => hosts),
    folder,
  );
  const front = startFront(routes, certificates);
  const proxy = await startProxy(front);
  return {
    env: clientEnvironment(proxy.url, certificates.caPath),
    caPath: certificates.caPath,
    proxyUrl: proxy.url,
    refused: proxy.refused,
    account,
    registries: repositories.registries(names.domain, names.repository),
    registriesOf: (repository) => repositories.registries(names.domain, repository),
    fetch: fetchThroughProxy,
    packageCounters: (id) => structuredClone(byOwner.get(id)!.counters),
    counters: () => structuredClone({ ...account.calls, ...repositories.counters }),
    answered: repositories.answered,
    assetRequests: () => stores.flatMap(({ requests }) => requests),
    setVouchServer(origin, authority) {
      vouchServer = origin;
      vouchAuthority = authority;
    },
    async stop() {
      await proxy.stop();
      await front.stop();
      if (options.folder === undefined) rmSync(folder, { recursive: true, force: true });
    },
  };
}

// As a program: one line of JSON when it is ready, then until SIGTERM or SIGINT.
if (import.meta.main) {
  const { values } = parseArgs({ options: { folder: { type: "string" }, "vouch-server": { type: "string" } } });
  const sandbox = await startSandbox({
    ...(values.folder === undefined ? {} : { folder: values.folder }),
    ...(values["vouch-server"] === undefined ? {} : { vouchServer: values["vouch-server"] }),
  });
  const control = startControl(sandbox);
  const { env, caPath, proxyUrl } = sandbox;
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    process.once(signal, () => {
      void Promise.all([control.stop(), sandbox.stop()]).then(() => process.exit(0));
    });
  }
  console.log(JSON.stringify({ env, caPath, proxyUrl, controlUrl: control.url }));
}
