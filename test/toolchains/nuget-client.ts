/**
 * A stand-in for `dotnet`, written after NuGet's documentation and its sources, not after Vouch: it reads the sources of
 * the user's NuGet.Config, finds credential providers on PATH, speaks the plugin protocol with them, strictly, restores a
 * package and pushes one.
 *
 *     bun nuget-client.ts restore SOURCE PACKAGE [PROJECT]
 *     bun nuget-client.ts push SOURCE FILE
 */
import { accessSync, constants, readdirSync, readFileSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";

/** For an answer or a sign of progress. NuGet's is 5 seconds; a test's machine may be slow. */
const timeoutMs = 30_000;
/** NuGet.Protocol.Plugins.ProtocolConstants. */
const version = "2.0.0";
const responseCodes = new Set<unknown>(["Success", "Error", "NotFound"]);
const claims = new Set<unknown>(["DownloadPackage", "Authentication"]);
const logLevels = new Set<unknown>(["Debug", "Verbose", "Information", "Minimal", "Warning", "Error"]);

interface Message {
  RequestId: string;
  Type: "Cancel" | "Fault" | "Progress" | "Request" | "Response";
  Method: string;
  Payload: Record<string, unknown>;
}

interface Waiting {
  method: string;
  /** Restarts the time limit. */
  touch: () => void;
  resolve: (payload: Record<string, unknown>) => void;
  reject: (error: Error) => void;
}

export class PluginConnection {
  readonly logged: string[] = [];
  /** Resolves at the first sign of progress. */
  readonly progress = Promise.withResolvers<void>();
  readonly exited: Promise<number>;
  readonly pid: number;
  readonly #child: Bun.Subprocess<"pipe", "pipe", "inherit">;
  readonly #waiting = new Map<string, Waiting>();
  readonly #handshake = Promise.withResolvers<void>();

  constructor(file: string, options: { cwd?: string; env?: Record<string, string | undefined> } = {}) {
    this.#child = Bun.spawn([file, "-Plugin"], { ...options, stdin: "pipe", stdout: "pipe", stderr: "inherit" });
    this.pid = this.#child.pid;
    this.exited = this.#child.exited;
    this.#handshake.promise.catch(() => {});
    void this.#read();
  }

  /** Handshake in both directions, then what NuGet does once with each plugin. Resolves with its claims. */
  async connect(): Promise<string[]> {
    const offer = { ProtocolVersion: version, MinimumProtocolVersion: "1.0.0" };
    const answer = await this.request("Handshake", offer);
    if (answer["ResponseCode"] !== "Success" || answer["ProtocolVersion"] !== version) throw new Error("no handshake");
    await within(this.#handshake.promise, "the plugin's own handshake");
    await this.succeed("MonitorNuGetProcessExit", { ProcessId: process.pid });
    await this.succeed("Initialize", { ClientVersion: "6.14.0", Culture: "en-US", RequestTimeout: "00:00:05" });
    const { Claims: found } = await this.request("GetOperationClaims", {});
    expect(Array.isArray(found) && found.every((claim) => claims.has(claim)), "unknown claims");
    await this.succeed("SetLogLevel", { LogLevel: "Warning" });
    return found as string[];
  }

  /** The credentials for a URI; undefined if the plugin has none. */
  async credentials(uri: string, isRetry = false): Promise<{ user: string; password: string } | undefined> {
    const answer = await this.request("GetAuthenticationCredentials", {
      Uri: uri,
      IsRetry: isRetry,
      IsNonInteractive: true,
      CanShowDialog: false,
    });
    const { ResponseCode: code, Username: user, Password: password, AuthenticationTypes: types, ...rest } = answer;
    expect(responseCodes.has(code), `unknown response code ${String(code)}`);
    expect(
      Object.keys(rest).every((name) => name === "Message"),
      `unknown fields ${Object.keys(rest).join()}`,
    );
    if (code !== "Success") {
      expect(user === undefined && password === undefined, "credentials beside a failure");
      return undefined;
    }
    expect(
      typeof user === "string" && typeof password === "string" && user !== "" && password !== "",
      "empty credentials",
    );
    expect(Array.isArray(types) && types.includes("Basic"), "credentials that are not for basic authentication");
    return { user, password };
  }

  async succeed(method: string, payload: Record<string, unknown>): Promise<void> {
    const { ResponseCode: code } = await this.request(method, payload);
    expect(code === "Success", `${method} was answered ${String(code)}`);
  }

  /** Sends a request and waits for its answer, as long as there is progress. */
  async request(method: string, payload: Record<string, unknown>): Promise<Record<string, unknown>> {
    const id = crypto.randomUUID();
    const answer = this.expectAnswer(id, method);
    this.sendLine(JSON.stringify({ RequestId: id, Type: "Request", Method: method, Payload: payload }));
    return answer;
  }

  expectAnswer(id: string, method: string): Promise<Record<string, unknown>> {
    const { promise, resolve, reject } = Promise.withResolvers<Record<string, unknown>>();
    let timer: Timer | undefined;
    const touch = () => {
      clearTimeout(timer);
      timer = setTimeout(() => reject(new Error(`${method} was not answered in time`)), timeoutMs);
    };
    touch();
    this.#waiting.set(id, { method, touch, resolve, reject });
    return promise.finally(() => {
      clearTimeout(timer);
      this.#waiting.delete(id);
    });
  }

  sendLine(line: string): void {
    // A plugin that has ended hears nothing; `exited` tells.
    const { stdin } = this.#child;
    void Promise.all([stdin.write(`${line}\n`), stdin.flush()]).catch(() => {});
  }

  /** As NuGet does when it needs the plugin no more: there is no answer. */
  close(): Promise<number> {
    this.sendLine(JSON.stringify({ RequestId: crypto.randomUUID(), Type: "Request", Method: "Close" }));
    return within(this.exited, "the end after Close");
  }

  /** Ends the pipe, as the end of NuGet does. */
  hangUp(): Promise<number> {
    void this.#child.stdin.end();
    return within(this.exited, "the end after the pipe's");
  }

  async #read(): Promise<void> {
    let text = "";
    try {
      for await (const chunk of this.#child.stdout) {
        text += Buffer.from(chunk).toString("utf8");
        for (let end = text.indexOf("\n"); end >= 0; end = text.indexOf("\n")) {
          this.#receive(text.slice(0, end));
          text = text.slice(end + 1);
        }
      }
      expect(text === "", "a line without an end");
      throw new Error("the plugin has ended");
    } catch (error) {
      this.#handshake.reject(error);
      for (const { reject } of this.#waiting.values()) reject(error as Error);
    }
  }

  #receive(line: string): void {
    const message = JSON.parse(line) as Message;
    const { RequestId: id, Type: type, Method: method, Payload: payload } = message;
    expect(Object.keys(message).toSorted().join() === "Method,Payload,RequestId,Type", `fields of ${line}`);
    expect(typeof id === "string" && id !== "" && typeof method === "string" && typeof payload === "object", line);
    if (type === "Request") return this.#serve(message);
    const waiting = this.#waiting.get(id);
    // NuGet drops what belongs to no request any more.
    if (waiting === undefined) return;
    expect(waiting.method === method, `an answer of ${method} to ${waiting.method}`);
    if (type === "Progress") {
      const percentage = payload["Percentage"] ?? 0;
      expect(typeof percentage === "number" && percentage >= 0 && percentage <= 1, "progress outside of 0 to 1");
      this.progress.resolve();
      waiting.touch();
    } else if (type === "Response") waiting.resolve(payload);
    else if (type === "Fault") waiting.reject(new Error(`fault: ${String(payload["Message"])}`));
    else if (type === "Cancel") waiting.reject(new Error("cancelled"));
    else throw new Error(`unknown type ${String(type)}`);
  }

  #serve({ RequestId: id, Method: method, Payload: payload }: Message): void {
    const answer = (Payload: object) =>
      this.sendLine(JSON.stringify({ RequestId: id, Type: "Response", Method: method, Payload }));
    if (method === "Handshake") {
      const offer = Object.entries(payload);
      expect(
        offer.every(
          ([name, value]) => /^(Minimum)?ProtocolVersion$/.test(name) && /^\d+\.\d+\.\d+$/.test(String(value)),
        ),
        "handshake",
      );
      expect(payload["ProtocolVersion"] === version, "another protocol version");
      answer({ ResponseCode: "Success", ProtocolVersion: version });
      this.#handshake.resolve();
      return;
    }
    expect(method === "Log" && logLevels.has(payload["LogLevel"]), `an unexpected request ${method}`);
    this.logged.push(String(payload["Message"]));
    answer({ ResponseCode: "Success" });
  }
}

function expect(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Error(`the plugin breaks the protocol: ${what}`);
}

function within<T>(promise: Promise<T>, what: string): Promise<T> {
  return Promise.race([
    promise,
    new Promise<never>((_, reject) => setTimeout(() => reject(new Error(`no sign of ${what}`)), timeoutMs).unref()),
  ]);
}

/** The executables `nuget-plugin-*` on PATH (NuGet 6.13 and later). */
export function findPlugins(path: string): string[] {
  return path.split(delimiter).flatMap((folder) => {
    try {
      const found = readdirSync(folder).filter((name) => name.startsWith("nuget-plugin-"));
      return found
        .map((name) => join(folder, name))
        .filter((file) => {
          accessSync(file, constants.X_OK);
          return true;
        });
    } catch {
      return [];
    }
  });
}

/** The sources of a file: each `<add>` of `<packageSources>` after its last `<clear />`. */
export function readSources(text: string): Map<string, string> {
  const section = /<packageSources>([^]*?)<\/packageSources>/.exec(text.replaceAll(/<!--[^]*?-->/g, ""))?.[1] ?? "";
  const left = section.slice(Math.max(0, section.lastIndexOf("<clear")));
  return new Map([...left.matchAll(/<add\s+key="([^"]*)"\s+value="([^"]*)"/g)].map(([, key, value]) => [key!, value!]));
}

/** What one source is asked, with the credentials that the plugins give after a 401. */
class Source {
  readonly #index: string;
  #authorization: string | undefined;

  constructor(index: string) {
    this.#index = index;
  }

  async resource(type: string): Promise<string> {
    const index = (await (await this.fetch(this.#index)).json()) as { resources: { "@id": string; "@type": string }[] };
    const found = index.resources.find((resource) => resource["@type"] === type);
    if (found === undefined) throw new Error(`the source has no ${type}`);
    return found["@id"];
  }

  async fetch(url: string, body?: () => RequestInit): Promise<Response> {
    for (let isRetry = false; ; isRetry = true) {
      const headers = this.#authorization === undefined ? {} : { authorization: this.#authorization };
      const ca = readFileSync(process.env["SSL_CERT_FILE"]!, "utf8");
      const proxy = process.env["HTTPS_PROXY"]!;
      const answer = await fetch(url, { ...body?.(), headers, proxy, tls: { ca } } as RequestInit);
      if (answer.ok) return answer;
      const credentials = answer.status === 401 ? await askPlugins(this.#index, isRetry) : undefined;
      if (credentials === undefined) throw new Error(`${url} answers ${answer.status}: ${await answer.text()}`);
      this.#authorization = `Basic ${btoa(`${credentials.user}:${credentials.password}`)}`;
    }
  }
}

async function askPlugins(uri: string, isRetry: boolean): Promise<{ user: string; password: string } | undefined> {
  for (const file of findPlugins(process.env["PATH"] ?? "")) {
    const plugin = new PluginConnection(file);
    const authenticates = (await plugin.connect()).includes("Authentication");
    const found = authenticates ? await plugin.credentials(uri, isRetry) : undefined;
    for (const line of plugin.logged) console.error(`warning : ${line}`);
    await plugin.close();
    if (found !== undefined) return found;
  }
  return undefined;
}

if (import.meta.main) {
  const [command, sourceName = "", what = ""] = process.argv.slice(2);
  const config = readFileSync(join(homedir(), ".nuget/NuGet/NuGet.Config"), "utf8");
  const source = new Source(readSources(config).get(sourceName) ?? sourceName);
  if (command === "push") {
    const form = () => {
      const data = new FormData();
      data.append("package", new File([readFileSync(what)], "package.nupkg"));
      return { method: "PUT", body: data };
    };
    const { status } = await source.fetch(await source.resource("PackagePublish/2.0.0"), form);
    console.log(`pushed: ${status}`);
  } else {
    const name = what.toLowerCase();
    const base = await source.resource("PackageBaseAddress/3.0.0");
    const { versions } = (await (await source.fetch(`${base}${name}/index.json`)).json()) as { versions: string[] };
    const latest = versions.at(-1)!;
    const file = await (await source.fetch(`${base}${name}/${latest}/${name}.${latest}.nupkg`)).bytes();
    console.log(`restored ${name} ${latest}: ${file.length} bytes`);
  }
}
