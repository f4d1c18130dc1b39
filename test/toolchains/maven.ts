/**
 * Maven in a test: no Maven repository but the sandbox's, and the plugins of a build from a folder of the project
 * (`.tools/m2`), which `bun test/toolchains/maven.ts` fills from Maven Central.
 */
import { cpSync, existsSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Glob } from "bun";
import { mavenProject } from "../binary/projects.ts";
import { requires, requiresPath } from "../requires.ts";
import type { Sandbox } from "../sandbox/main.ts";
import { tempFolder } from "../temp-folder.ts";

const tools = join(import.meta.dir, "../../.tools");
const plugins = join(tools, "m2");

/** The folders with the program `mvn` of the versions that are there: the machine's, and those of `.tools`. */
export const mavens: Readonly<Record<string, string>> = Object.fromEntries(
  [
    ["of the machine", Bun.which("mvn")],
    ["3.9", join(tools, "maven-3.9/bin/mvn")],
    ["4", join(tools, "maven-4/bin/mvn")],
  ].flatMap(([name, path]) => (path && existsSync(path) ? [[name!, join(path, "..")]] : [])),
);

/** Whether Maven, a JDK and the plugins are there. */
export function requiresMaven(): boolean {
  return requires("mvn", "javac", "keytool") && requiresPath(plugins, "bun test/toolchains/maven.ts");
}

/**
 * The variables that lead Maven through the sandbox's proxy, let it trust the sandbox's authority and no other, and let
 * it have this home folder (Java takes another one from the system), with a local repository that has the plugins and
 * nothing of earlier builds. `version` is a name in `mavens`.
 */
export function mavenEnvironment(
  home: string,
  { caPath, proxyUrl }: Sandbox,
  version = "of the machine",
): Record<string, string> {
  const trust = join(home, ".m2/sandbox-authority.p12");
  const local = join(home, ".m2/repository");
  for (const old of [local, trust]) rmSync(old, { recursive: true, force: true });
  cpSync(plugins, local, { recursive: true });
  // Maven asks again for what it knows to come from another repository than the one that stands before it now.
  for (const file of new Glob("**/_remote.repositories").scanSync({ cwd: local })) rmSync(join(local, file));
  const store = ["-storetype", "PKCS12", "-storepass", "public", "-keystore", trust];
  const made = Bun.spawnSync(["keytool", "-importcert", "-noprompt", "-alias", "sandbox", "-file", caPath, ...store]);
  if (!made.success) throw new Error(made.stdout.toString());
  const { hostname, port } = new URL(proxyUrl);
  const properties = {
    "user.home": home,
    "https.proxyHost": hostname,
    "https.proxyPort": port,
    "http.proxyHost": hostname,
    "http.proxyPort": port,
    "javax.net.ssl.trustStore": trust,
    "javax.net.ssl.trustStorePassword": "public",
    // The transports of Maven 3.9 and 4 know these only if they are told so.
    ...(version === "4"
      ? { "maven.resolver.transport": "apache", "aether.transport.apache.useSystemProperties": "true" }
      : { "maven.resolver.transport": "wagon" }),
  };
  const options = Object.entries(properties).map(([name, value]) => `-D${name}=${value}`);
  // A build of a test is over before the second compiler of Java is worth its start.
  return { MAVEN_OPTS: ["-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC", ...options].join(" ") };
}

// As a program: a build that deploys into a folder fetches every plugin that a test needs.
if (import.meta.main) {
  using folder = tempFolder();
  const target = `-DaltDeploymentRepository=folder::default::file:${join(folder.path, "deployed")}`;
  const project = mavenProject(join(folder.path, "my-artifact"));
  let failed = 0;
  for (const bin of Object.values(mavens)) {
    const command = [join(bin, "mvn"), "--batch-mode", "--quiet", `-Dmaven.repo.local=${plugins}`, target, "deploy"];
    const { exitCode } = Bun.spawnSync(command, { cwd: project, stdio: ["ignore", "inherit", "inherit"] });
    failed ||= exitCode;
  }
  rmSync(join(plugins, "com/example"), { recursive: true, force: true });
  process.exit(failed);
}
