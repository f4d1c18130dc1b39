/** The table of the matrix. */
import { dirname, join } from "node:path";
import type { Cell } from "./cell.ts";
import { cargo } from "./drivers/cargo.ts";
import { npmClient } from "./drivers/npm.ts";
import { awsCli } from "./drivers/aws.ts";
import { twine } from "./drivers/python/twine.ts";
import { awsClis } from "../requires.ts";
import { bun, deno, yarnBerry, yarnClassic } from "./drivers/javascript.ts";
import { gradle } from "./drivers/gradle.ts";
import { hatch } from "./drivers/python/hatch.ts";
import { pipx } from "./drivers/python/pipx.ts";
import { maven } from "./drivers/maven.ts";
import { nuget } from "./drivers/nuget.ts";
import { bazel } from "./drivers/bazel.ts";
import { pdm } from "./drivers/python/pdm.ts";
import { poetry } from "./drivers/python/poetry.ts";
import { ruby } from "./drivers/ruby.ts";
import { uv } from "./drivers/python/uv.ts";
import { pip, type PipPlace } from "./drivers/python/pip.ts";
import { nodeFolder, npmPrograms, pythonPrograms, tools } from "./installed.ts";

/** What `.ci/tools` has each pip under. */
const pips = {
  "20.3.4": "pip-20",
  "22.3.1": "pip-22",
  "23.1.2": "pip-23",
  "24.0": "pip-24",
  "25.0": "pip-25",
  "26.1": "pip-26.1",
  "26.3": "pip-26",
};
const asksKeyring = (version: string): boolean =>
  Bun.semver.order(`${version}.0`.split(".").slice(0, 3).join("."), "23.1.0") >= 0;

/** `rare`: only with `--full` for a pip that asks `keyring`. */
const pipWays: { place: PipPlace; command: string; exec?: true; rare?: true }[] = [
  { place: "user", command: "pip" },
  { place: "user", command: "pip3.11", rare: true },
  { place: "user", command: "python3 -m pip" },
  { place: "environment", command: "pip" },
  { place: "environment", command: "python -m pip" },
  { place: "user", command: "vouch exec -- pip", exec: true, rare: true },
  { place: "environment", command: "vouch exec -- pip", exec: true },
  { place: "environment", command: "vouch exec -- python -m pip", exec: true, rare: true },
];

const placeNames: Record<PipPlace, string> = { user: "of the user", environment: "in a virtual environment" };

function pipCells(): Cell[] {
  return Object.entries(pips).flatMap(([version, from]) => {
    const asks = asksKeyring(version);
    return pipWays
      .filter(({ exec }) => asks || exec)
      .map(({ place, command, rare }) => ({
        tool: "pip",
        name: `pip ${version} ${placeNames[place]}, by ${command}`,
        full: asks && rare === true,
        needs: [join(pythonPrograms(from), "pip")],
        driver: pip({ from, place, command: command.split(" ") }),
      }));
  });
}

function uvCells(): Cell[] {
  const versions = { "0.13": "pip-26", "0.7": "uv-0.7" };
  return Object.entries(versions).flatMap(([version, from]) =>
    (["sync", "pip install"] as const).map((way) => ({
      tool: "uv",
      name: `uv ${version}, ${way}`,
      needs: [join(pythonPrograms(from), "uv")],
      driver: uv(from, way),
    })),
  );
}

const pdmCell: Cell = { tool: "pdm", name: "PDM 2", needs: [join(pythonPrograms("pdm"), "pdm")], driver: pdm("pdm") };

const bazelCell: Cell = { tool: "bazel", name: "Bazel's credential helper protocol", needs: [], driver: bazel() };

function poetryCells(): Cell[] {
  const versions = { 1.8: "poetry-1", 2: "python-publish" };
  return Object.entries(versions).map(([version, from]) => ({
    tool: "poetry",
    name: `poetry ${version}`,
    needs: [join(pythonPrograms(from), "poetry")],
    driver: poetry(from),
  }));
}

function rubyCells(): Cell[] {
  return (["gem install", "bundle install"] as const).map((way) => ({
    tool: "ruby",
    name: `gem push, then ${way}`,
    needs: ["gem", "bundle"],
    driver: ruby(way),
  }));
}

function twineCells(): Cell[] {
  const versions = { 7: "python-publish", 4: "twine-4" };
  return Object.entries(versions).flatMap(([version, from]) => {
    const needs = [join(pythonPrograms(from), "twine")];
    const shim = { tool: "twine", name: `twine ${version}`, needs, driver: twine(from, "twine", []) };
    const exec = {
      ...shim,
      name: `twine ${version} by vouch exec`,
      driver: twine(from, "pip", ["vouch", "exec", "--"]),
    };
    return [shim, exec];
  });
}

const hatchCell: Cell = {
  tool: "hatch",
  name: "hatch 1",
  needs: [join(pythonPrograms("hatch"), "hatch")],
  driver: hatch("hatch"),
};
const pipxCell: Cell = {
  tool: "pipx",
  name: "pipx 1",
  needs: [join(pythonPrograms("pipx"), "pipx"), join(pythonPrograms("pip-26"), "pip")],
  driver: pipx("pipx"),
};

function awsCells(): Cell[] {
  // Without any, one cell that is named as missing.
  const found = awsClis();
  return (found.length === 0 ? ["aws"] : found).map((aws) => ({
    tool: "aws",
    name: `AWS CLI ${aws}`,
    needs: [aws],
    driver: awsCli(aws),
  }));
}

/** The Node.js versions that each npm says it runs on. */
const npms: [npm: number, nodes: number[]][] = [
  [9, [18, 20, 22, 24, 26]],
  [10, [18, 20, 22, 24, 26]],
  [11, [20, 22, 24, 26]],
  [12, [22, 24, 26]],
];

function npmCells(): Cell[] {
  const cells = npms.flatMap(([npm, nodes]) =>
    nodes.map((node): Cell => npmCell(`npm ${npm} on Node ${node}`, `npm-${npm}`, node, {})),
  );
  const scoped = npms.map(([npm, nodes]) =>
    npmCell(`npm ${npm} for one scope`, `npm-${npm}`, nodes.at(-1)!, { scoped: true }),
  );
  const exec = npms.map(([npm, nodes]) =>
    npmCell(`npm ${npm} by vouch exec`, `npm-${npm}`, nodes.at(-1)!, { before: ["vouch", "exec", "--"] }),
  );
  return [...cells, ...scoped, ...exec];
}

function npmCell(name: string, from: string, node: number, more: { scoped?: true; before?: string[] }): Cell {
  const folders = [nodeFolder(node), npmPrograms(from)];
  const commands = { publish: [["publish"]], install: ["install"], again: ["ci", "--cache", "another-cache"] };
  return {
    tool: "npm",
    name,
    needs: [join(folders[0]!, "node"), join(folders[1]!, "npm")],
    driver: npmClient({ tool: "npm", program: "npm", folders, ...commands, ...more }),
  };
}

const pnpms: [pnpm: string, from: string, nodes: number[]][] = [
  ["9", "pnpm-9", [18, 20, 22, 24, 26]],
  ["10", "pnpm", [18, 20, 22, 24, 26]],
  ["11", "pnpm-11", [22, 24, 26]],
  ["12", "pnpm-12", [20, 26]],
];

function pnpmCells(): Cell[] {
  return pnpms.flatMap(([pnpm, from, nodes]) =>
    nodes.map((node): Cell => {
      const folders = [nodeFolder(node), npmPrograms(from)];
      return {
        tool: "pnpm",
        name: `pnpm ${pnpm} on Node ${node}`,
        needs: [join(folders[0]!, "node"), join(folders[1]!, "pnpm")],
        driver: npmClient({
          tool: "pnpm",
          program: "pnpm",
          folders,
          publish: [["publish", "--no-git-checks"]],
          install: ["install"],
          again: ["install", "--frozen-lockfile", "--store-dir", "another-store"],
        }),
      };
    }),
  );
}

function yarnCells(): Cell[] {
  const nodes = [20, 22, 24, 26];
  const lines = [
    { name: "yarn 1", from: "yarn-1", driver: yarnClassic, nodes: [18, ...nodes] },
    { name: "yarn 4", from: "yarn", driver: yarnBerry, nodes },
  ];
  return lines.flatMap(({ name, from, driver, nodes: versions }) =>
    versions.map((node) => ({
      tool: "yarn",
      name: `${name} on Node ${node}`,
      needs: [join(nodeFolder(node), "node"), join(npmPrograms(from), "yarn")],
      driver: driver(node),
    })),
  );
}

const node24 = join(nodeFolder(24), "node");
const bunCell: Cell = { tool: "bun", name: "bun 1", needs: [node24], driver: bun() };
const denoCell: Cell = {
  tool: "deno",
  name: "deno 2",
  needs: [node24, join(npmPrograms("deno"), "deno")],
  driver: deno(),
};

/** The machine's Maven and those of `.ci/tools`. */
function mavenCells(): Cell[] {
  const versions = { "of the machine": "", "3.8": "maven-3.8", "3.9": "maven-3.9", 4: "maven-4" };
  return Object.entries(versions).map(([version, from]) => {
    const folder = from === "" ? dirname(Bun.which("mvn") ?? "mvn") : join(tools, from, "bin");
    const needs = ["javac", "keytool", join(tools, "m2"), from === "" ? "mvn" : join(folder, "mvn")];
    return { tool: "maven", name: `Maven ${version}`, needs, driver: maven(version, folder) };
  });
}

const gradleCell: Cell = { tool: "gradle", name: "Gradle 4", needs: ["gradle", "keytool"], driver: gradle() };
const nugetCell: Cell = { tool: "nuget", name: "NuGet's plugin protocol", needs: [], driver: nuget() };

const cargo174 = join(tools, "cargo-1.74/bin");

function cargoCells(): Cell[] {
  return (["build", "fetch", "install"] as const).flatMap((way): Cell[] => [
    { tool: "cargo", name: `cargo 1.95, ${way}`, needs: ["cargo"], driver: cargo(way) },
    {
      tool: "cargo",
      name: `cargo 1.74, ${way}`,
      full: true,
      needs: [join(cargo174, "cargo")],
      installer: ".ci/tools cargo-1.74",
      driver: cargo(way, [cargo174]),
    },
  ]);
}

const installing: Cell[] = [
  ...cargoCells(),
  ...pipCells(),
  ...uvCells(),
  pdmCell,
  ...poetryCells(),
  ...twineCells(),
  hatchCell,
  pipxCell,
  bazelCell,
  ...rubyCells(),
  ...awsCells(),
  ...npmCells(),
  ...pnpmCells(),
  ...yarnCells(),
  bunCell,
  denoCell,
  ...mavenCells(),
  gradleCell,
  nugetCell,
];

/** Each version of what publishes, once: with the newest Node.js, and not for one scope only. */
function byTouch(all: Cell[]): Cell[] {
  const chosen = new Map<string, Cell>();
  for (const cell of all) {
    if (!cell.driver.publish || cell.full || cell.name.includes("for one scope")) continue;
    const name = `${cell.name.replace(/ on Node \d+$|, .*$/, "")}, published by a touch`;
    chosen.set(name, { ...cell, name, byTouch: true });
  }
  return [...chosen.values()];
}

export const cells: Cell[] = [...installing, ...byTouch(installing)];
