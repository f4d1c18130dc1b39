/** Looks whether an address can be listened on. */
import { type AddressInfo, createServer, type Server } from "node:net";
import * as v from "valibot";
import { VouchError } from "../../base/errors.ts";
import { parseJson } from "../../base/json.ts";
import { bracketed, describeListenError, type ListenAddress, portDiffers, urlHost } from "../configuration/listen.ts";
import type { Settings } from "../configuration/table.ts";
import { type Finding, ok, problem, warning } from "./finding.ts";

const answerTimeoutMs = 2_000;
const maxAnswerBytes = 1024 * 1024;

const Discovery = v.object({ issuer: v.string() });

/**
 * Looks at both addresses as a server has them, at the same time; `url` is the server's, undefined if it is not known: if it answers there itself, or
 * with a Vouch server's metrics, the address is its own.
 */
export async function checkAddresses(settings: Partial<Settings>, url: string | undefined): Promise<Finding[]> {
  const { listen, "metrics-listen": metrics } = settings;
  const held: Server[] = [];
  const findings: Finding[] = [];
  if (listen !== undefined) {
    findings.push(await checkListen("listen", listen, url, held));
    const differs = url === undefined ? undefined : portDiffers(url, listen.port);
    if (differs !== undefined) findings.push(warning("listen", differs));
  }
  if (metrics !== undefined) findings.push(await checkListen("metrics-listen", metrics, undefined, held));
  await Promise.all(held.map((server) => new Promise((closed) => server.close(closed))));
  return findings;
}

/** Throws `settings_invalid` if the server could not listen there. */
export async function expectFree(address: ListenAddress): Promise<void> {
  const held: Server[] = [];
  const code = await tryToListen(address.hostname, address.port, held);
  await Promise.all(held.map((server) => new Promise((closed) => server.close(closed))));
  if (code === undefined) return;
  const { message, hint } = describeListenError(code, address, "listen");
  throw new VouchError("settings_invalid", message, { hint });
}

async function checkListen(
  check: "listen" | "metrics-listen",
  { hostname, port }: ListenAddress,
  url: string | undefined,
  held: Server[],
): Promise<Finding> {
  const place = `${bracketed(hostname)}:${port}`;
  const isOwn = held.some((server) => (server.address() as AddressInfo).port === port);
  const code = await tryToListen(hostname, port, held);
  if (code === undefined) return ok(check, `${place} is free`);
  if (code === "EADDRINUSE") {
    if (isOwn) return problem(check, `${place} is what --listen has.`, `Choose another with --${check} HOST:PORT.`);
    if (check === "metrics-listen" && (await hasMetricsAt(hostname, port))) {
      return ok(check, `${place} is in use by a server that runs`);
    }
    if (check === "listen") {
      const issuer = await issuerAt(hostname, port);
      const message = `${place} is in use by a server for ${issuer} that runs`;
      if (issuer !== undefined && issuer === url) return ok(check, message);
      if (issuer !== undefined && url === undefined) return warning(check, `${message}: this one's URL is not known`);
    }
  }
  const { message, hint } = describeListenError(code, { hostname, port }, check);
  return problem(check, message, hint);
}

/** Listens, and adds the server to those that are `held`. Returns the error's code. */
async function tryToListen(host: string, port: number, held: Server[]): Promise<string | undefined> {
  const server = createServer();
  const result = Promise.withResolvers<string | undefined>();
  server.once("error", (error: NodeJS.ErrnoException) => result.resolve(error.code ?? error.message));
  server.listen({ host, port, exclusive: true }, () => result.resolve(undefined));
  const code = await result.promise;
  if (code === undefined) held.push(server);
  return code;
}

/** The issuer that answers at the address. */
async function issuerAt(hostname: string, port: number): Promise<string | undefined> {
  for (const scheme of ["http", "https"]) {
    const text = await answerOf(`${scheme}://${urlHost(hostname)}:${port}/.well-known/openid-configuration`);
    const parsed = v.safeParse(Discovery, parseJson(text));
    if (parsed.success) return parsed.output.issuer;
  }
  return undefined;
}

/** Whether the metrics of a Vouch server are at the address; they do not say of which. */
async function hasMetricsAt(hostname: string, port: number): Promise<boolean> {
  return /^vouch_build_info\{/m.test(await answerOf(`http://${urlHost(hostname)}:${port}/metrics`));
}

/** What is answered there, not by way of a proxy; "" for nothing. The certificate is for another name. */
async function answerOf(url: string): Promise<string> {
  try {
    const response = await fetch(url, {
      redirect: "error",
      signal: AbortSignal.timeout(answerTimeoutMs),
      tls: { rejectUnauthorized: false },
      // Missing in the types: the runtime accepts false as "no proxy, whatever the environment says".
      ...({ proxy: false } as object),
    });
    return (await response.text()).slice(0, maxAnswerBytes);
  } catch {
    return "";
  }
}
