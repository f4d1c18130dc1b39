/**
 * Plain http to the registry's host that npm, pnpm and yarn 1 learn from another registry's answer, for users without a proxy: no
 * request leaves. The name service alone is made up, inside Node.js, so that the host's port 80 is a listener here.
 */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect, createServer, type Server } from "node:net";
import { dirname, join } from "node:path";
import type { Laptop } from "../../../laptop.ts";
import { requires } from "../../../requires.ts";
import { assetHost } from "../../../sandbox/aws/asset-store.ts";
import { names } from "../../../sandbox/main.ts";
import { manifest } from "./files.ts";
import { makeRepository } from "./git.ts";
import { holdsToken } from "../listener.ts";
import { pathWith, programsOf, setUpNpm, startNpmLaptop } from "../../tools/javascript/npm-laptop.ts";
import { npmUserProject } from "../../projects.ts";

const host = names.packageHost;
const address = `http://${host}/npm/${names.repository}/other/-/other-1.0.0.tgz`;
const requests: string[] = [];

let laptop: Laptop;
/** A public registry, and whoever listens where plain http to the private one passes by. */
let listener: Bun.Server<undefined>;
/** Port 443 of the private one, and of the bucket that it sends downloads to. */
let front: Server;
let assets: Server;
let count = 0;

beforeAll(async () => {
  laptop = await startNpmLaptop();
  const archiveOf = (text: string) => new Bun.Archive({ "package/package.json": text }, { compress: "gzip" }).bytes();
  const tarball = await archiveOf(manifest({ name: "other" }));
  const shasum = new Bun.CryptoHasher("sha1").update(tarball).digest("hex");
  const needsOther = await archiveOf(manifest({ name: "needs-other", dependencies: { other: address } }));
  listener = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch({ url, method, headers }) {
      requests.push(`${method} ${url} ${JSON.stringify([...headers])}`);
      if (url.includes("/needs-other")) return new Response(needsOther);
      if (url.endsWith(".tgz")) return new Response(tarball);
      const name = decodeURIComponent(new URL(url).pathname.slice(1));
      const version = {
        name,
        version: "1.0.0",
        dist: {
          // yarn 1 wants one; pnpm would find the archive in its store by it.
          ...(headers.get("user-agent")?.startsWith("yarn/") ? { shasum } : {}),
          tarball: name.startsWith("@x/answer") ? address : `http://${listener.hostname}:${listener.port}/x.tgz`,
        },
        dependencies: name.startsWith("@x/dependency") ? { other: address } : {},
      };
      return Response.json({ name, "dist-tags": { latest: "1.0.0" }, versions: { "1.0.0": version } });
    },
  });
  [front, assets] = await Promise.all([startFront(host), startFront(assetHost(names.region))]);
});
afterAll(async () => {
  front?.close();
  assets?.close();
  await listener?.stop(true);
  await laptop?.stop();
});
beforeEach(() => void (requests.length = 0));

/** Port 443 of a host of the sandbox, on this machine. */
async function startFront(target: string): Promise<Server> {
  const { hostname, port } = new URL(laptop.sandbox.proxyUrl);
  const started = createServer((client) => {
    const upstream = connect({ host: hostname, port: Number(port) }, () => {
      upstream.write(`CONNECT ${target}:443 HTTP/1.1\r\nhost: ${target}:443\r\n\r\n`);
      upstream.once("data", () => client.pipe(upstream).pipe(client));
    });
    for (const socket of [client, upstream]) {
      socket.on("error", () => {
        client.destroy();
        upstream.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => started.listen(0, "127.0.0.1", resolve));
  return started;
}

const noProxy = Object.fromEntries(
  ["HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY"].flatMap((name) => [
    [name, undefined],
    [name.toLowerCase(), undefined],
  ]),
);

interface Project {
  dependencies: Record<string, string>;
  /** Files besides package.json and .npmrc. */
  files?: Record<string, string>;
  env?: Record<string, string>;
  /** The tools that come upon the address; all when left out. Others make nothing of such a dependency. */
  reaching?: RegExp;
}

function install(tool: string, manager: string, { dependencies, files = {}, env = {} }: Project) {
  const folder = npmUserProject(join(laptop.home, `${tool}-${count++}`), "my-lib");
  writeFileSync(join(folder, "package.json"), manifest({ name: "app", dependencies }));
  writeFileSync(join(folder, ".npmrc"), `@x:registry=http://127.0.0.1:${listener.port}/\n`);
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  const places = {
    [`${host}:80`]: listener.port,
    "plain.example.com:80": listener.port,
    [`${host}:443`]: (front.address() as AddressInfo).port,
    [`${assetHost(names.region)}:443`]: (assets.address() as AddressInfo).port,
  };
  return laptop.run([manager, "install", "--ignore-scripts"], {
    cwd: folder,
    env: {
      PATH: pathWith(laptop, tool),
      ...noProxy,
      NODE_OPTIONS: `--require=${join(import.meta.dir, "name-service.cjs")}`,
      NAME_SERVICE: JSON.stringify(places),
      npm_config_fetch_retries: "0",
      pnpm_config_fetch_retries: "0",
      npm_config_audit: "false",
      // npm 12 takes no archive and no repository from elsewhere unless it is told to.
      npm_config_allow_remote: "all",
      npm_config_allow_git: "all",
      ...env,
    },
  });
}

const other = { other: address };
const isAnswer = () => ({ dependencies: { [`@x/answer-${count}`]: "1.0.0" } });
const cloneOf = (more: object, npmrc = "") =>
  makeRepository(join(laptop.home, `git-${count}`), { "package.json": manifest(more), ".npmrc": npmrc });

const routes: [what: string, project: () => Project, hasListener?: boolean][] = [
  ["the address of the archive", isAnswer],
  ["a dependency of a dependency", () => ({ dependencies: { [`@x/dependency-${count}`]: "1.0.0" } })],
  [
    "an exception that covers the host",
    () => ({ ...isAnswer(), env: { NO_PROXY: "amazonaws.com", no_proxy: "amazonaws.com" } }),
  ],
  [
    "settings of the project's that name no proxy",
    () => ({
      ...isAnswer(),
      files: {
        ".npmrc": `@x:registry=http://127.0.0.1:${listener.port}/\nproxy=null\nhttps-proxy=null\nstrict-ssl=true\n`,
      },
    }),
  ],
  [
    "an archive from elsewhere",
    () => ({ dependencies: { x: `http://127.0.0.1:${listener.port}/needs-other-${count}.tgz` } }),
  ],
  ["a dependency in git", () => ({ dependencies: { x: cloneOf({ dependencies: other }) } }), false],
  [
    "what a dependency in git is made with",
    () => ({
      dependencies: {
        x: cloneOf(
          { scripts: { prepare: "true" }, devDependencies: other },
          "proxy=null\nhttps-proxy=null\nnoproxy=amazonaws.com\n",
        ),
      },
      // The others start no npm in the clone with --ignore-scripts.
      reaching: /^npm-(9|10|11)$/,
    }),
    false,
  ],
  [
    "a committed package",
    () => ({
      dependencies: { foo: "1.0.0" },
      files: { "node_modules/foo/package.json": manifest({ name: "foo", dependencies: other }) },
      reaching: /^npm/,
    }),
    false,
  ],
];

describe.each([
  ["npm-9", "npm"],
  ["npm-10", "npm"],
  ["npm-11", "npm"],
  ["npm-12", "npm"],
  ["pnpm-9", "pnpm"],
  ["pnpm", "pnpm"],
  ["pnpm-11", "pnpm"],
  ["yarn-1", "yarn"],
])("a user without a proxy, with %s", (tool, manager) => {
  describe.skipIf(!requires(join(programsOf(tool), manager)))("where it is installed,", () => {
    beforeAll(() => setUpNpm(laptop, { PATH: pathWith(laptop, tool) }, manager === "yarn" ? manager : "npm"));

    // pnpm from 10 on asks for a dependency's address three times within a minute, whatever its settings say.
    const isPatient = tool === "pnpm" || tool === "pnpm-11";
    const slow = new Set(["a dependency of a dependency", "an archive from elsewhere", "a dependency in git"]);
    test.each(routes.filter(([what]) => !isPatient || !slow.has(what)))(
      "sends no token by plain http: %s",
      async (_, project, hasListener = true) => {
        const made = project();
        const { stderr, stdout } = await install(tool, manager, made);
        if (hasListener) expect(requests.filter((request) => request.includes("127.0.0.1"))).not.toEqual([]);
        expect(requests.filter((request) => holdsToken(request) || request.includes(host))).toEqual([]);
        if (made.reaching?.test(tool) === false) return;
        expect(stderr + stdout).toMatch(/plain-http-refused-by-vouch|ECONNREFUSED 127\.0\.0\.1:1\b|fetch failed/);
      },
      120_000,
    );

    test("installs from the registry over TLS, and what the project names by plain http elsewhere", async () => {
      const dependencies = { "my-lib": "1.0.0", other: "http://plain.example.com/other.tgz" };
      const finished = await install(tool, manager, { dependencies });
      expect(finished.stdout + finished.stderr).not.toContain("vouch:");
      expect(finished.exitCode).toBe(0);
      expect(requests.some((request) => request.includes("plain.example.com"))).toBe(true);
    });
  });
});
