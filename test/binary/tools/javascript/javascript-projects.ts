/** Projects of yarn, bun and deno on a laptop where somebody listens: the registry's address, files, and who may see a token. */
import { afterAll, afterEach, beforeAll, expect } from "bun:test";
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type Finished, type Laptop, startLaptop } from "../../../laptop.ts";
import { names } from "../../../sandbox/main.ts";
import { myLib, seedPackage } from "../../../sandbox/packages.ts";
import { type HostileListener, holdsToken, startHostileListener } from "../../hostile/listener.ts";

export const tools = join(import.meta.dir, "../../../../.tools");
const host = names.packageHost;
export const ours = `https://${host}/npm/${names.repository}/`;
export const plain = ours.replace("https", "http");

export type Files = Record<string, string>;

export interface JavascriptLaptop {
  laptop: Laptop;
  /** A registry over plain http, a proxy that ends TLS with its own authority. */
  evil: HostileListener;
  /** The network's proxy: it sees what is not encrypted. */
  network: HostileListener;
  /** Runs the command in a new project with these files; `bin` is the folder of the tool's programs. */
  run: (bin: string, command: string[], files: Files, env?: Record<string, string | undefined>) => Promise<Finished>;
  /** The folder of the last project. */
  folder: () => string;
}

const dependent = JSON.stringify({ name: "app", version: "1.0.0", dependencies: { "my-lib": "1.0.0" } });

/**
 * A laptop with `my-lib` and `@acme/lib` in the registry, set up for the tools by their flags. After each test no request
 * with a token must have come to the listeners.
 */
export function useJavascriptLaptop(...setups: string[][]): JavascriptLaptop {
  const used = {} as JavascriptLaptop;
  let last = "";
  beforeAll(async () => {
    used.laptop = await startLaptop();
    await used.laptop.getReady(...setups[0]!);
    for (const flags of setups.slice(1)) await used.laptop.setUpRepository(...flags);
    const { registries, proxyUrl } = used.laptop.sandbox;
    await seedPackage(registries, "npm", myLib);
    await seedPackage(registries, "npm", { ...myLib, name: "@acme/lib" });
    for (const name of ["evil", "network"]) mkdirSync(join(used.laptop.folder, name));
    used.evil = await startHostileListener({ folder: join(used.laptop.folder, "evil"), host });
    used.network = await startHostileListener({ folder: join(used.laptop.folder, "network"), host, relay: proxyUrl });
  });
  afterAll(async () => {
    await used.evil?.stop();
    await used.network?.stop();
    await used.laptop?.stop();
  });
  afterEach(() => {
    const taken = [...used.evil.requests, ...used.network.requests].filter(holdsToken);
    used.evil.requests.length = used.network.requests.length = 0;
    expect(taken).toEqual([]);
  });
  used.folder = () => last;
  used.run = (bin, command, files, env = {}) => {
    const { laptop, network } = used;
    const project = newProject(laptop, files);
    last = project.folder;
    const proxies = ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "YARN_HTTPS_PROXY", "YARN_HTTP_PROXY"];
    return laptop.run(command, {
      cwd: project.cwd,
      env: {
        PATH: [laptop.shims, bin, laptop.env["PATH"]].join(":"),
        ...Object.fromEntries(proxies.map((name) => [name, network.url])),
        npm_config_cafile: undefined,
        // Its mirror of archives and documents.
        YARN_GLOBAL_FOLDER: join(last, "global"),
        ...project.env,
        ...env,
      },
    });
  };
  return used;
}

/**
 * A new project with these files and a dependency; `cwd` is its folder `app` where there is one, and `env` has the caches of
 * yarn, bun and deno in the project.
 */
export function newProject(laptop: Laptop, files: Files) {
  const folder = mkdtempSync(join(laptop.home, "project-"));
  for (const [name, text] of Object.entries({ "package.json": dependent, ...files })) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  const cache = join(folder, "cache");
  const env = {
    YARN_CACHE_FOLDER: cache,
    YARN_ENABLE_GLOBAL_CACHE: "false",
    YARN_ENABLE_IMMUTABLE_INSTALLS: "false",
    YARN_NPM_MINIMAL_AGE_GATE: "0",
    YARN_HTTP_RETRY: "0",
    BUN_INSTALL_CACHE_DIR: cache,
    DENO_DIR: cache,
    DENO_TLS_CA_STORE: "system",
    DENO_CERT: laptop.env["AWS_CA_BUNDLE"],
  };
  const isBelow = Object.keys(files).some((name) => name.startsWith("app/"));
  return { folder, cwd: isBelow ? join(folder, "app") : folder, env };
}

/** Exit code and, unless it is 0, what the command said. */
export function outcome({ exitCode, stdout, stderr }: Finished): { exitCode: number; text: string } {
  return { exitCode, text: exitCode === 0 ? "" : stdout + stderr };
}
