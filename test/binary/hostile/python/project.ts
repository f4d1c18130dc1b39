/**
 * A project's folder on a laptop where pip is set up, in a network where somebody listens: for files of projects that want
 * to lead a token elsewhere.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { type Finished, type Laptop, startLaptop } from "../../../laptop.ts";
import { names } from "../../../sandbox/main.ts";
import { buildWheel, myPackage, seedPackage } from "../../../sandbox/packages.ts";
import { type Eavesdropper, startEavesdropper } from "../eavesdropper.ts";
import { startHostileListener } from "../listener.ts";

/** The files of a project by their paths in it. */
export type ProjectFiles = Record<string, string | Uint8Array>;

export interface HostileProject extends AsyncDisposable {
  readonly laptop: Laptop;
  readonly eavesdropper: Eavesdropper;
  /** The certificate authority that the eavesdropper would have clients trust. */
  readonly eavesdropperCa: string;
  readonly folder: string;
  /** Empties the folder and forgets what was heard. */
  reset(): void;
  /**
   * Writes the files and runs the command in the folder, with the programs of `bin` behind the shims. Unless the network
   * is `honest`, everything goes through the eavesdropper.
   */
  run(
    bin: string,
    command: string[],
    files?: ProjectFiles,
    options?: { env?: Record<string, string>; honest?: boolean },
  ): Promise<Finished>;
  /**
   * As `run` in a network that is honest, but for somebody who reads what is not encrypted: returns what they read. TLS
   * goes on to the sandbox.
   */
  heardWithoutTls(
    bin: string,
    command: string[],
    files?: ProjectFiles,
    env?: Record<string, string>,
  ): Promise<Finished & { heard: string[] }>;
  /** The requests, as "scheme URL", by which the eavesdropper got a token. */
  tokensHeard(): string[];
}

/** A wheel of the name `lead`, whose metadata requires another by this URL. */
export function leadingWheel(url: string): ReturnType<typeof buildWheel> {
  return buildWheel({ name: "lead", version: "1.0.0", files: { "lead.py": "" }, requires: [`zzz @ ${url}`] });
}

/** Starts the laptop, logged in, with `my-package` in the registry. */
export async function startHostileProject(): Promise<HostileProject> {
  const laptop = await startLaptop();
  await laptop.getReady("--tool", "pip");
  await seedPackage(laptop.sandbox.registries, "pypi", myPackage);
  const listener = join(laptop.folder, "eavesdropper");
  mkdirSync(listener);
  const eavesdropper = await startEavesdropper(names.packageHost, listener);
  const folder = join(laptop.folder, "project");
  const run: HostileProject["run"] = (bin, command, files = {}, { env, honest = false } = {}) => {
    for (const [name, content] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, name)), { recursive: true });
      writeFileSync(join(folder, name), content);
    }
    const PATH = [laptop.shims, join(laptop.folder, "bin"), bin, laptop.env["PATH"]].join(delimiter);
    const network = honest ? {} : eavesdropper.env;
    return laptop.run(command, { cwd: folder, env: { PATH, ...network, ...env } });
  };
  return {
    laptop,
    eavesdropper,
    eavesdropperCa: join(listener, "ca.pem"),
    folder,
    reset() {
      rmSync(folder, { recursive: true, force: true });
      mkdirSync(folder);
      eavesdropper.heard.length = 0;
    },
    run,
    async heardWithoutTls(bin, command, files = {}, env = {}) {
      const spy = await startHostileListener({
        folder: mkdtempSync(join(laptop.folder, "listener-")),
        host: names.packageHost,
        relay: laptop.sandbox.proxyUrl,
      });
      const { url } = spy;
      const network = { HTTPS_PROXY: url, https_proxy: url, HTTP_PROXY: url, http_proxy: url };
      const finished = await run(bin, command, files, { honest: true, env: { ...network, ...env } });
      await spy.stop();
      return { ...finished, heard: spy.requests };
    },
    tokensHeard: () =>
      eavesdropper.heard.flatMap(({ scheme, url, password }) =>
        password?.includes("vouch-sandbox-token") ? [`${scheme} ${url}`] : [],
      ),
    async [Symbol.asyncDispose]() {
      await eavesdropper.stop();
      await laptop.stop();
    },
  };
}
