/** yarn, bun and deno: what each of them needs beside its commands. */
import { join } from "node:path";
import type { Driver } from "../cell.ts";
import { nodeFolder, npmPrograms, tools } from "../installed.ts";
import { foreignEndpoint } from "../others.ts";
import { npmClient } from "./npm.ts";

/** yarn 1 on a Node.js. */
export function yarnClassic(node: number): Driver {
  return npmClient({
    tool: "yarn",
    program: "yarn",
    folders: [nodeFolder(node), npmPrograms("yarn-1")],
    own: { ".yarnrc.yml": "# mine\nenableTelemetry: false # never\n", ".yarnrc": "# mine\nlastUpdateCheck 1\n" },
    publish: [["publish", "--non-interactive"]],
    install: ["install", "--non-interactive"],
    again: ["install", "--non-interactive", "--frozen-lockfile", "--cache-folder", "another-cache"],
  });
}

/** yarn 4 on a Node.js. */
export function yarnBerry(node: number): Driver {
  const rc = "nodeLinker: node-modules\n";
  const scopes = `npmScopes:\n  other:\n    npmRegistryServer: "${foreignEndpoint("npm").slice(0, -1)}"\n    npmMinimalAgeGate: 0\n`;
  return npmClient({
    tool: "yarn",
    program: "yarn",
    folders: [nodeFolder(node), npmPrograms("yarn")],
    own: { ".yarnrc.yml": "# mine\nenableTelemetry: false # never\nnpmMinimalAgeGate: 0\n" },
    env: (desk) => ({
      YARN_GLOBAL_FOLDER: join(desk.home, "yarn"),
      YARN_ENABLE_IMMUTABLE_INSTALLS: "false",
    }),
    files: { "yarn.lock": "", ".yarnrc.yml": rc },
    foreignFiles: { ".yarnrc.yml": rc + scopes },
    publish: [["install"], ["npm", "publish"]],
    install: ["install"],
    again: ["install", "--immutable", "--check-cache"],
  });
}

/** The bun of the project's own dependencies. */
export function bun(): Driver {
  return npmClient({
    tool: "bun",
    program: "bun",
    folders: [nodeFolder(24), join(tools, "../node_modules/.bin")],
    own: { ".bunfig.toml": "# mine\ntelemetry = false\n" },
    env: (desk) => ({ BUN_INSTALL_CACHE_DIR: join(desk.home, "bun-cache") }),
    publish: [["publish"]],
    byTouch: ["--ignore-scripts"],
    install: ["install"],
    again: ["install", "--frozen-lockfile", "--cache-dir", "another-cache"],
  });
}

/** deno, which publishes to no npm registry. */
export function deno(): Driver {
  return npmClient({
    tool: "deno",
    program: "deno",
    folders: [nodeFolder(24), npmPrograms("deno")],
    env: (desk) => ({ DENO_DIR: join(desk.home, "deno"), DENO_CERT: desk.env["SSL_CERT_FILE"]! }),
    install: ["install", "--minimum-dependency-age=0"],
  });
}
