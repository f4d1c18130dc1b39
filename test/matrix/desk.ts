/** One cell's place of work: a fresh home folder, an agent of its own, and the office's sandbox. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { holdsToken } from "../binary/hostile/listener.ts";
import { type Finished, sandboxExecutable } from "../laptop.ts";
import { runInTerminal } from "../pty.ts";
import { publishRole } from "../sandbox/aws/publish-role.ts";
import { names } from "../sandbox/main.ts";
import { fileResponse, Refusal } from "../sandbox/registries/registry.ts";
import type { AnsweredRequest, RegistryFormat } from "../sandbox/registries/repositories.ts";
import { toolchainEnvironment } from "../toolchains/toolchains.ts";
import type { Cell, Driver } from "./cell.ts";
import type { Office } from "./office.ts";

/** A command that did not end as it should. */
class CommandFailed extends Error {
  constructor(command: string[], how: string, output: string) {
    super(
      `${command.join(" ")}\nended ${how}; the end of its output:\n${output.trim().split("\n").slice(-25).join("\n")}`,
    );
    this.name = "CommandFailed";
  }
}

/** The methods that change a registry. */
const changing = ["PUT", "POST", "PATCH", "DELETE"];

export interface DeskRun {
  cwd?: string;
  env?: Record<string, string | undefined>;
  stdin?: string;
}

export class Desk {
  /** Unique in a run, in lower case and with hyphens. */
  readonly id: string;
  readonly home: string;
  readonly env: Record<string, string>;
  readonly office: Office;
  /** The names of the private package and of somebody else's, for the cell alone. */
  readonly package: string;
  readonly foreign: string;
  /** Files that the driver had to write so that its package manager has a credential. */
  readonly writtenByHand: string[] = [];
  /** Whether publishing wants a touch. */
  readonly byTouch: boolean;
  readonly #driver: Driver;
  readonly #deadline: number;

  constructor(
    office: Office,
    { byTouch = false, driver }: Pick<Cell, "byTouch" | "driver">,
    id: string,
    limitMs: number,
  ) {
    this.office = office;
    this.id = id;
    this.byTouch = byTouch;
    this.#driver = driver;
    this.package = `private-${id}`;
    this.foreign = `foreign-${id}`;
    this.#deadline = performance.now() + limitMs;
    this.home = join(office.homes, id);
    mkdirSync(this.home, { recursive: true });
    const toolchain = toolchainEnvironment(this.home);
    const { laptop, listener } = office;
    this.env = {
      ...toolchain,
      ...laptop.sandbox.env,
      HTTP_PROXY: listener.url,
      http_proxy: listener.url,
      TMPDIR: join(this.home, "tmp"),
      VOUCH_RUNTIME_DIR: join(this.home, "run"),
      VOUCH_SANDBOX_KEY: laptop.env["VOUCH_SANDBOX_KEY"]!,
      PATH: [this.shims, join(laptop.folder, "bin"), toolchain["PATH"]].join(delimiter),
    };
    mkdirSync(this.env["TMPDIR"]!);
  }

  get shims(): string {
    return join(this.home, ".local/share/vouch/shims");
  }

  /** Puts folders of programs on PATH: behind the shims and vouch, or, as an activated environment does, before them. */
  addToPath(folders: string[], { first = false } = {}): void {
    const [shims = "", bin = "", ...rest] = this.env["PATH"]!.split(delimiter);
    this.env["PATH"] = (first ? [...folders, shims, bin, ...rest] : [shims, bin, ...folders, ...rest]).join(delimiter);
  }

  /** Writes files below a folder of the home folder and gives its path. */
  project(name: string, files: Record<string, string>): string {
    const folder = join(this.home, name);
    mkdirSync(folder, { recursive: true });
    for (const [file, text] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, file)), { recursive: true });
      writeFileSync(join(folder, file), text);
    }
    return folder;
  }

  /** Writes a configuration file without which the package manager has no credential: Vouch should have done it. */
  byHand(path: string, text: string): void {
    this.writtenByHand.push(path);
    mkdirSync(dirname(join(this.home, path)), { recursive: true });
    writeFileSync(join(this.home, path), text);
  }

  /** Runs a command in the home folder and gives its stdout. Throws {@link CommandFailed} unless it ends with 0. */
  async run(command: string[], options: DeskRun = {}): Promise<string> {
    const { exitCode, stdout, stderr } = await this.#end(command, options);
    if (exitCode !== 0) throw new CommandFailed(command, `with ${exitCode}`, stdout + stderr);
    return stdout;
  }

  /**
   * Runs a command that publishes. Where that wants a touch, it runs without a terminal first, and must be refused with
   * nothing uploaded; then on one, where the person is asked.
   */
  async publish(command: string[], options: DeskRun = {}): Promise<void> {
    if (!this.byTouch) {
      await this.run(command, options);
      return;
    }
    const { exitCode, stdout, stderr } = await this.#end(command, options);
    if (exitCode === 0) throw new CommandFailed(command, "with 0 without a terminal", stdout + stderr);
    this.expect("why nothing is published", flat(stdout + stderr), "needs a touch of your security key");
    const path = this.#driver.publishedAt?.(this) ?? "";
    if (await this.#isPublished(this.#driver.format, path)) throw new Error("published without a touch");
    const { answered } = this.office.laptop.sandbox;
    const before = answered.length;
    const timeoutMs = Math.max(1, this.#deadline - performance.now());
    const where = { cwd: options.cwd ?? this.home, env: { ...this.env, ...options.env }, timeoutMs };
    const shown = await this.office.atSecurityKey(() => runInTerminal(command, where, async () => {}));
    if (shown.exitCode !== 0) throw new CommandFailed(command, `with ${shown.exitCode} on a terminal`, shown.screen);
    this.expect("the question", flat(shown.screen), /asks to publish .*Touch your security key to allow it\./);
    if (holdsToken(shown.screen)) throw new Error("a token is on the terminal");
    // Only one cell at a time publishes with this role; not every format's upload names its package.
    const uploads = answered
      .slice(before)
      .filter(
        ({ format, method, status }) => format === this.#driver.format && changing.includes(method) && status < 300,
      );
    const byOthers = this.#authorized(this.#driver.format, this.package, changing).filter(
      ({ role }) => role !== publishRole.name,
    );
    if (byOthers.length === 0 && uploads.some(({ role }) => role === publishRole.name)) return;
    throw new Error(`the uploads are not those of ${publishRole.name}: ${JSON.stringify([...byOthers, ...uploads])}`);
  }

  /** Runs a command to its end. Throws {@link CommandFailed} at the cell's limit of time. */
  async #end(command: string[], { cwd = this.home, env, stdin }: DeskRun): Promise<Finished> {
    const child = Bun.spawn(command, {
      cwd,
      env: { ...this.env, ...env },
      stdin: stdin === undefined ? "ignore" : new TextEncoder().encode(stdin),
      stdout: "pipe",
      stderr: "pipe",
      // The leader of a group, which ends with it.
      detached: true,
    });
    let late = false;
    const timer = setTimeout(
      () => {
        late = true;
        killGroup(child.pid);
      },
      Math.max(0, this.#deadline - performance.now()),
    );
    const [stdout, stderr, exitCode] = await Promise.all([
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
      child.exited,
    ]);
    clearTimeout(timer);
    if (late) throw new CommandFailed(command, "at the cell's limit of time", stdout + stderr);
    return { exitCode, stdout, stderr };
  }

  /** Throws unless the command fails and says no token. */
  async refused(command: string[], options: DeskRun = {}): Promise<void> {
    const ended = await this.#end(command, options);
    if (ended.exitCode !== 0 && !holdsToken(ended.stdout + ended.stderr)) return;
    throw new CommandFailed(command, `with ${ended.exitCode}, and should be refused`, ended.stdout + ended.stderr);
  }

  vouch(...args: string[]): Promise<string> {
    return this.run([sandboxExecutable, ...args]);
  }

  /** Throws unless the text contains what is expected. */
  expect(what: string, text: string, expected: string | RegExp): void {
    if (typeof expected === "string" ? text.includes(expected) : expected.test(text)) return;
    throw new Error(`${what}: expected ${expected}, got:\n${text.slice(-1000)}`);
  }

  /** Throws unless the file is there and contains the text. */
  expectFile(path: string, expected: string): void {
    if (!existsSync(path)) throw new Error(`${path} is not there`);
    this.expect(path, readFileSync(path, "utf8"), expected);
  }

  /** The requests of a format whose path names the package, by the developer's token and answered with a 2xx. */
  #authorized(format: RegistryFormat, name: string, methods: string[]): AnsweredRequest[] {
    const spelled = (text: string): string =>
      decodeURIComponent(text)
        .toLowerCase()
        .replaceAll(/[-_.]+/g, "-");
    return this.office.laptop.sandbox.answered.filter(
      (request) =>
        request.format === format &&
        methods.includes(request.method) &&
        request.role !== undefined &&
        request.status >= 200 &&
        request.status < 400 &&
        request.repository === names.repository &&
        spelled(request.path).includes(spelled(name)),
    );
  }

  /** Throws unless a file of the private package was fetched with a live token. `file` matches its path. */
  expectFetched(format: RegistryFormat, file: RegExp): void {
    const fetched = this.#authorized(format, this.package, ["GET"]);
    const shown = this.office.laptop.sandbox.assetRequests().find(({ authorization }) => authorization !== null);
    if (shown) throw new Error("the token went along to the host that a download was redirected to");
    const publisher = fetched.find(({ path, role }) => file.test(path) && role === publishRole.name);
    if (publisher) throw new Error(`the role for publishing has read ${publisher.path}`);
    if (fetched.some(({ path }) => file.test(path))) return;
    throw new Error(`no file ${file} of ${this.package} was fetched with a token: ${JSON.stringify(fetched)}`);
  }

  /** Throws unless the repository's registry has what a path below its endpoint names. */
  async expectPublished(format: RegistryFormat, path: string): Promise<void> {
    if (!(await this.#isPublished(format, path))) throw new Error(`${path} is not in the ${format} registry`);
  }

  async #isPublished(format: RegistryFormat, path: string): Promise<boolean> {
    const url = `https://${names.packageHost}/${format}/${names.repository}/${path}`;
    const request = {
      method: "GET",
      headers: new Headers(),
      body: new Request(url),
      authorize: () => {},
      asset: fileResponse,
    };
    const endpoint = url.slice(0, -path.length);
    const registry = this.office.laptop.sandbox.registries[format];
    return registry.handle({ ...request, path, endpoint }).then(
      ({ status }) => status === 200,
      (error: unknown) => {
        if (error instanceof Refusal && error.status === 404) return false;
        throw error;
      },
    );
  }

  /** Throws unless somebody else's registry was asked for the foreign package. */
  expectForeignAsked(): void {
    const asked = this.office.others.requests.some((request) => request.includes(this.foreign));
    if (!asked) throw new Error(`nobody else's registry was asked for ${this.foreign}: the cell proves nothing of it`);
  }

  /** Ends what is left of the cell: its agent. */
  async leave(): Promise<void> {
    const child = Bun.spawn([sandboxExecutable, "agent", "stop"], {
      cwd: this.home,
      env: this.env,
      stdio: ["ignore", "ignore", "ignore"],
    });
    await child.exited;
  }
}

/** One line, as a terminal's width does not break it. */
function flat(text: string): string {
  return text.replaceAll(/\s+/g, " ");
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // It has ended.
  }
}
