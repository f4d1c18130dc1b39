/** Gradle: Vouch's init script. Debian's has no transport for publishing over https, so it only resolves. */
import { join } from "node:path";
import { names } from "../../sandbox/main.ts";
import { fileResponse } from "../../sandbox/registries/registry.ts";
import type { Registries } from "../../sandbox/registries/repositories.ts";
import type { Driver } from "../cell.ts";
import { foreignEndpoint } from "../others.ts";

const endpoint = `https://${names.packageHost}/maven/${names.repository}/`;

export function gradle(): Driver {
  return {
    format: "maven",
    setup: ["--tool", "gradle"],
    own: { ".gradle/gradle.properties": "# mine\norg.gradle.daemon=false\n" },
    async prepare(desk) {
      const { caPath, proxyUrl } = desk.office.laptop.sandbox;
      const trust = join(desk.home, "trust.p12");
      const store = ["-storetype", "PKCS12", "-storepass", "public", "-keystore", trust];
      await desk.run(["keytool", "-importcert", "-noprompt", "-alias", "sandbox", "-file", caPath, ...store]);
      const properties = {
        "https.proxyHost": "127.0.0.1",
        "https.proxyPort": new URL(proxyUrl).port,
        "javax.net.ssl.trustStore": trust,
        "javax.net.ssl.trustStorePassword": "public",
      };
      const lines = Object.entries(properties).map(([name, value]) => `systemProp.${name}=${value}\n`);
      desk.project(".gradle", { "gradle.properties": `# mine\norg.gradle.daemon=false\n${lines.join("")}` });
      desk.env["GRADLE_USER_HOME"] = join(desk.home, ".gradle");
      return /Gradle \S+/.exec(await desk.run(["gradle", "--version"]))?.[0] ?? "";
    },
    async install(desk) {
      await seed(desk.office.laptop.sandbox.registries, desk.package);
      await seed(desk.office.others.registries, desk.foreign);
      const app = desk.project("app", {
        "settings.gradle": "",
        "build.gradle": `
apply plugin: 'java'
repositories {
  maven { url '${endpoint}' }
  maven { url '${foreignEndpoint("maven")}' }
}
dependencies { compile 'com.example:${desk.package}:1.0.0', 'com.example:${desk.foreign}:1.0.0' }
task files { doLast { configurations.compile.each { println it.text } } }
`,
      });
      const shown = await desk.run(["gradle", "--no-daemon", "--quiet", "files"], { cwd: app });
      desk.expect("the packages", shown, `hello from ${desk.package}`);
      desk.expect("the packages", shown, `hello from ${desk.foreign}`);
      desk.expectFetched("maven", /\.jar$/);
      desk.expectForeignAsked();
    },
  };
}

/** Publishes a package without a package manager: its "jar" is a text that says where it comes from. */
async function seed({ maven }: Registries, name: string): Promise<void> {
  const pom = `<project><modelVersion>4.0.0</modelVersion><groupId>com.example</groupId><artifactId>${name}</artifactId><version>1.0.0</version></project>`;
  for (const [extension, body] of [["pom", pom] as const, ["jar", `hello from ${name}\n`] as const]) {
    const path = `com/example/${name}/1.0.0/${name}-1.0.0.${extension}`;
    const url = `${endpoint}${path}`;
    const request = { method: "PUT", headers: new Headers(), body: new Request(url, { method: "PUT", body }) };
    await maven.handle({ ...request, path, endpoint, authorize: () => {}, asset: fileResponse });
  }
}
