/** An agent of its own for one test: its folder, its settings, its clocks, its upstream; asked through the real socket. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Agent } from "../../src/agent/agent.ts";
import type { AgentOptions } from "../../src/agent/agent-options.ts";
import { askAgent } from "../../src/agent/wire/client.ts";
import { type Reply, routes, type TokenReply } from "../../src/agent/protocol.ts";
import type { PublishStartRequest } from "../../src/agent/requests.ts";
import { serveAgent } from "../../src/agent/server.ts";
import { SettingsFile } from "../../src/agent/tokens/settings-file.ts";
import type { RepositorySettings, Settings } from "../../src/settings/settings.ts";
import { host, myRepository } from "../settings/my-repository.ts";
import { ManualClock } from "./manual-clock.ts";
import { roleArn, Upstream } from "./upstream.ts";
import { tempFolder } from "../temp-folder.ts";

export const cargoUrl = `https://${host}/cargo/my-repo/`;

export const repository: RepositorySettings = {
  ...myRepository,
  endpoints: { cargo: cargoUrl, npm: `https://${host}/npm/my-repo/` },
};

export class AgentHarness implements AsyncDisposable {
  readonly clock = new ManualClock();
  readonly upstream = new Upstream(this.clock);
  readonly agent: Agent;
  readonly socketPath: string;
  readonly logged: string[] = [];
  stopsAsked = 0;
  readonly #folder = tempFolder("/tmp");
  readonly #server: ReturnType<typeof serveAgent>;
  readonly #settingsPath = join(this.#folder.path, "config.json");

  constructor(repositories: RepositorySettings[] = [repository], options: AgentOptions = {}) {
    process.env["VOUCH_RUNTIME_DIR"] = join(this.#folder.path, "agent");
    mkdirSync(join(this.#folder.path, "agent"), { mode: 0o700 });
    this.configure({ repositories });
    this.agent = new Agent({
      clock: this.clock,
      settings: new SettingsFile(this.#settingsPath),
      log: (line) => this.logged.push(line),
      onStop: () => this.stopsAsked++,
      ...options,
      env: { ...this.upstream.env, ...options.env },
    });
    this.socketPath = join(this.#folder.path, "agent/agent.sock");
    this.#server = serveAgent(this.agent, this.socketPath);
  }

  /** Replaces the settings file. */
  configure(settings: Partial<Settings>): void {
    const whole = { version: 1, server: { url: this.upstream.url }, aws: { roleArn }, ...settings };
    writeFileSync(this.#settingsPath, JSON.stringify(whole));
  }

  /** `device`: the path of the security key. */
  async login(device?: string): Promise<Reply<typeof routes.loginFinish>> {
    const { ceremony } = await askAgent(routes.loginStart);
    const credential = { id: "AA" };
    return askAgent(routes.loginFinish, { ceremony, credential, ...(device === undefined ? {} : { device }) });
  }

  /** A touch for publishing, which belongs to this process or, with `holder`, to the one above. */
  async touch(request: PublishStartRequest = {}): Promise<Reply<typeof routes.publishFinish>> {
    const { ceremony } = await askAgent(routes.publishStart, request);
    return askAgent(routes.publishFinish, { ceremony, approval: { id: "AA" } });
  }

  async token(url = cargoUrl): Promise<TokenReply> {
    return askAgent(routes.token, { url, format: "cargo" });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.agent.logout();
    this.agent.close();
    await this.#server.stop();
    await this.upstream.stop();
    delete process.env["VOUCH_RUNTIME_DIR"];
    this.#folder[Symbol.dispose]();
  }
}

/** Waits until the condition holds, asking now and then; fails after the limit, which is five seconds without one. */
export async function until(condition: () => boolean | Promise<boolean>, limitMs = 120_000): Promise<void> {
  const deadline = performance.now() + limitMs;
  while (!(await condition())) {
    if (performance.now() > deadline) throw new Error(`the condition did not come true: ${String(condition)}`);
    await Bun.sleep(5);
  }
}
