/** What fifty private registries cost a build that has to ask for a token for each of them. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { executable, type Laptop } from "../../laptop.ts";
import { names } from "../../sandbox/main.ts";
import { seedPackage } from "../../sandbox/packages.ts";
import { findPackageManager } from "../../toolchains/toolchains.ts";
import { reportRatio, skip } from "../report.ts";
import { type Timed, timeInTurn } from "../timing.ts";

const runs = 42;

/** The repositories of the sandbox that are used. */
export const repositories = Array.from({ length: 50 }, (_, index) => `bench-${index}`);

const indexOf = (repository: string) => `https://${names.packageHost}/cargo/${repository}/`;

/** `cargo fetch` with the provider for each registry, over the same with the token in the environment. */
export async function measureRegistries(laptop: Laptop, folder: string): Promise<void> {
  const figure = "build_with_50_registries_over_none";
  const cargo = findPackageManager("cargo", laptop.env);
  if (cargo === undefined) return skip(figure, "cargo is not installed");
  await Promise.all(
    repositories.map((repository) =>
      seedPackage(laptop.sandbox.registriesOf(repository), "cargo", {
        name: repository,
        version: "1.0.0",
        files: { "src/lib.rs": "" },
      }),
    ),
  );
  configure(laptop);
  const { stdout } = await laptop.vouch("credential", "codeartifact");
  const home = join(folder, "cargo-home");
  const fetch = (name: string, provider: string, tokens: Record<string, string>): Timed => {
    const cwd = project(folder, name);
    return {
      commands: [[cargo.path, "fetch", "--quiet"]],
      cwd,
      env: { ...laptop.env, CARGO_HOME: home, ...tokens },
      prepare() {
        rmSync(home, { recursive: true, force: true });
        rmSync(join(cwd, "Cargo.lock"), { force: true });
        mkdirSync(home);
        writeFileSync(join(home, "config.toml"), configuration(provider));
      },
    };
  };
  const variables = repositories.map((name) => [
    `CARGO_REGISTRIES_${name.toUpperCase().replaceAll("-", "_")}_TOKEN`,
    `Bearer ${stdout.trim()}`,
  ]);
  const [with50, without] = await timeInTurn(
    [
      fetch("provider", executable, {}),
      fetch("token", "cargo:token", Object.fromEntries(variables) as Record<string, string>),
    ],
    runs,
  );
  reportRatio(
    figure,
    `\`cargo fetch\` from ${repositories.length} registries`,
    with50!,
    "the same with a token in the environment",
    without!,
  );
}

/** All of them, in the settings that the agent reads, as `vouch setup codeartifact` writes them one by one. */
function configure({ home }: Laptop): void {
  const file = join(home, ".config/vouch/config.json");
  const settings = JSON.parse(readFileSync(file, "utf8")) as { repositories: object[] };
  const { account: domainOwner, domain, region } = names;
  for (const repository of repositories) {
    settings.repositories.push({ domain, domainOwner, region, repository, endpoints: { cargo: indexOf(repository) } });
  }
  writeFileSync(file, JSON.stringify(settings));
}

/** A crate that depends on one crate of each registry. Returns its folder. */
function project(folder: string, name: string): string {
  const root = join(folder, name);
  mkdirSync(join(root, "src"), { recursive: true });
  writeFileSync(join(root, "src/lib.rs"), "");
  const dependencies = repositories.map((each) => `${each} = { version = "1", registry = "${each}" }\n`);
  const manifest = `[package]\nname = "app"\nversion = "0.1.0"\nedition = "2021"\n\n[dependencies]\n${dependencies.join("")}`;
  writeFileSync(join(root, "Cargo.toml"), manifest);
  return root;
}

/** The user's own, as `vouch setup codeartifact` writes it: of a project's every file is looked at, by the careful side. */
function configuration(provider: string): string {
  return repositories
    .map(
      (each) =>
        `[registries.${each}]\nindex = "sparse+${indexOf(each)}"\ncredential-provider = ${JSON.stringify([provider])}\n`,
    )
    .join("");
}
