/**
 * `nuget-plugin-vouch` in the shims folder: a credential provider as NuGet starts it (`-Plugin`), found on PATH by its
 * name. It answers for sources of configured endpoints alone.
 */
import type { TokenRequest } from "../../agent/requests.ts";
import { VouchError } from "../../base/errors.ts";
import { printable } from "../../base/words/printable.ts";
import type { Purpose } from "../../base/purpose.ts";
import { StdinLines } from "../../helper/ask.ts";
import { askForToken } from "../../helper/touch.ts";
import { looksLikeCodeArtifact } from "../../helper/look.ts";
import { complainOfText, exitWith, print } from "../../helper/output.ts";
import {
  type Message,
  minimumProtocolVersion,
  negotiate,
  protocolVersion,
  readMessage,
  writeMessage,
} from "./message.ts";
import { type Asker, askersAbove } from "../../base/process/calling-processes.ts";
import { purposeOf } from "../publishing.ts";
import { checkProject } from "./project.ts";

/** A request for operation claims holds the service index of a source, which is a stranger's. */
const maxLineLength = 4 << 20;
/** Requests that wait for their answer at the same time. */
const maxPending = 100;
/** NuGet gives up after one second or more (5 by default) without an answer or a sign of progress. */
const progressMs = 400;
const parentCheckMs = 1000;

/** NuGet.Common.LogLevel. */
const logLevels = ["Debug", "Verbose", "Information", "Minimal", "Warning", "Error"];

type Payload = Record<string, unknown>;

/** Answers NuGet until stdin ends, NuGet says `Close` or ends. Resolves with the exit code. */
export async function runNugetPlugin(args: string[]): Promise<number> {
  if (args.length !== 1 || args[0]?.toLowerCase() !== "-plugin") {
    complainOfText("this is a credential provider: NuGet finds it on PATH by its name and starts it with -Plugin.");
    return 2;
  }
  await new Plugin().run();
  process.exit(0);
}

class Plugin {
  #isReady = false;
  #logLevel = logLevels.indexOf("Warning");
  /** Identifiers of NuGet's requests without an answer. */
  readonly #pending = new Set<string>();
  /** The last token for each source: one that was refused is not given again. */
  readonly #given = new Map<string, string>();

  async run(): Promise<void> {
    const lines = new StdinLines(maxLineLength, undefined);
    // Both sides send a handshake, in any order.
    await this.#send("Request", "Handshake", {
      ProtocolVersion: protocolVersion,
      MinimumProtocolVersion: minimumProtocolVersion,
    });
    for (let line = await lines.next(); line !== undefined; line = await lines.next()) {
      if (line.trim() === "") continue;
      const message = readMessage(line.replace(/^\ufeff/, ""));
      if (message.method === "Close") return;
      await this.#receive(message);
    }
  }

  async #receive(message: Message): Promise<void> {
    const { type, method, payload, requestId } = message;
    if (type === "Cancel") {
      if (this.#pending.delete(requestId)) await print(writeMessage({ ...message, payload: {} }));
      return;
    }
    if (type === "Response" && method === "Handshake") {
      if (payload["ResponseCode"] === "Success" || payload["ResponseCode"] === 0) return;
      throw new VouchError("protocol_error", `NuGet does not speak version ${protocolVersion} of its plugin protocol.`);
    }
    if (type !== "Request") return;
    if (this.#pending.has(requestId) || this.#pending.size >= maxPending) {
      throw new VouchError("protocol_error", "NuGet has used an identifier twice, or has too many requests open.");
    }
    this.#pending.add(requestId);
    if (method === "GetAuthenticationCredentials" && this.#isReady) {
      // Answers of the agent take time; other requests go on meanwhile.
      void this.#answerSlowly(message);
      return;
    }
    await this.#answer(message, this.#answerTo(message));
  }

  /** The answer to a request that needs nobody else; undefined for one that this plugin does not take. */
  #answerTo({ method, payload }: Message): Payload | undefined {
    if (method === "Handshake") {
      const version = negotiate(payload);
      this.#isReady = version !== undefined;
      return version === undefined ? { ResponseCode: "Error" } : { ResponseCode: "Success", ProtocolVersion: version };
    }
    if (!this.#isReady) return undefined;
    switch (method) {
      case "MonitorNuGetProcessExit":
        return { ResponseCode: endWith(Number(payload["ProcessId"])) ? "Success" : "NotFound" };
      case "GetOperationClaims": {
        // About a source: which packages it serves, which is NuGet's own affair.
        const source = payload["PackageSourceRepository"] ?? payload["ServiceIndex"] ?? undefined;
        return { Claims: source === undefined ? ["Authentication"] : [] };
      }
      case "SetLogLevel": {
        const level = payload["LogLevel"];
        this.#logLevel = typeof level === "number" ? level : logLevels.indexOf(String(level));
        return { ResponseCode: "Success" };
      }
      // SetCredentials: of a proxy. The agent has the user's own.
      case "Initialize":
      case "SetCredentials":
        return { ResponseCode: "Success" };
      default:
        return undefined;
    }
  }

  async #answerSlowly(message: Message): Promise<void> {
    const progress = setInterval(() => {
      if (this.#pending.has(message.requestId)) {
        void print(writeMessage({ ...message, type: "Progress", payload: {} })).catch(() => process.exit(1));
      }
    }, progressMs);
    try {
      await this.#answer(message, await this.#credentials(message.payload));
    } catch (error) {
      exitWith(error);
    } finally {
      clearInterval(progress);
    }
  }

  async #credentials({ Uri: uri, IsRetry: isRetry }: Payload): Promise<Payload> {
    if (typeof uri !== "string") return { ResponseCode: "NotFound" };
    try {
      // NuGet does not say what for: the command line that started it does.
      const askers = askersAbove();
      const purpose = purposeOfCaller(askers);
      const request: TokenRequest = {
        url: uri,
        format: "nuget",
        ...(purpose === "read" ? {} : { purpose, holder: "parent" }),
      };
      await checkProject(askers);
      const { token } = await askForToken(request);
      if (isRetry === true && this.#given.get(uri) === token) {
        throw new VouchError("access_denied", "The repository has refused the token.", { hint: "Run `vouch doctor`." });
      }
      this.#given.set(uri, token);
      return { Username: "aws", Password: token, AuthenticationTypes: ["Basic"], ResponseCode: "Success" };
    } catch (error) {
      const { code, message, hint } = VouchError.from(error);
      if (code === "not_configured" || !looksLikeCodeArtifact(uri)) return { ResponseCode: "NotFound" };
      const said = printable(`vouch: ${message}${hint === undefined ? "" : ` ${hint}`}`);
      await this.#log("Warning", said);
      return { Message: said, ResponseCode: "Error" };
    }
  }

  /** NuGet shows the message of an answer to nobody. */
  async #log(level: string, message: string): Promise<void> {
    if (logLevels.indexOf(level) < this.#logLevel) return;
    await this.#send("Request", "Log", { LogLevel: level, Message: message });
  }

  async #answer(message: Message, payload: Payload | undefined): Promise<void> {
    // Cancelled meanwhile.
    if (!this.#pending.delete(message.requestId)) return;
    const answer: Pick<Message, "type" | "payload"> =
      payload === undefined
        ? { type: "Fault", payload: { Message: "Vouch gives credentials, after the handshake, and nothing else." } }
        : { type: "Response", payload };
    await print(writeMessage({ ...message, ...answer }));
  }

  async #send(type: "Request", method: string, payload: Payload): Promise<void> {
    await print(writeMessage({ requestId: crypto.randomUUID(), type, method, payload }));
  }
}

/** By the command line of the nearest dotnet or nuget, which on Linux may be a program of mono. */
export function purposeOfCaller(askers: readonly Asker[]): Purpose {
  const caller = askers.find(({ args }) => /(^|\/)(dotnet|mono|nuget)$/.test(args[0] ?? ""));
  return caller === undefined ? "read" : purposeOf(caller.args[0]!, caller.args.slice(1));
}

/** Ends this process soon after that one has ended. Whether that one is alive. */
function endWith(pid: number): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0 || !isAlive(pid)) return false;
  setInterval(() => {
    if (!isAlive(pid)) process.exit(0);
  }, parentCheckMs).unref();
  return true;
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EPERM";
  }
}
