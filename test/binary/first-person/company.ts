/** The world around a company's first server: GitHub, AWS with an empty account, and the laptop of its first person. */
import { readFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { releaseHost, releaseRoute } from "../../build/release.ts";
import { host } from "../../build/release.ts";
import { ended, type Laptop, person, sandboxExecutable, startLaptop } from "../../laptop.ts";
import { runInTerminal } from "../../pty.ts";
import type { Account } from "../../sandbox/aws/account.ts";
import { handleIam } from "../../sandbox/aws/iam/iam.ts";
import { names } from "../../sandbox/main.ts";
import { myLib, seedPackage } from "../../sandbox/packages.ts";
import { tempFolder } from "../../temp-folder.ts";
import { type BootedMachine } from "../recovery/booted-machine.ts";
import { typedUnder } from "./page.ts";

export interface Company {
  laptop: Laptop;
  /** Installs the server on a machine, from the release. */
  installServer(machine: BootedMachine): Promise<void>;
  /** Makes the provider and the roles, by the page and this AWS CLI; returns what the script says. */
  makeRoles(aws: string): Promise<string>;
  /** Enrols the person at a terminal of the laptop, by the page; `code` is asked for as soon as it is needed. */
  enrol(heading: string, code: () => Promise<string>): Promise<string>;
  stop(): Promise<void>;
}

/** Starts it; the laptop has no Vouch yet, and the account neither provider nor role of it. */
export async function startCompany(): Promise<Company> {
  const place = tempFolder();
  const [servers, laptops] = [join(place.path, "servers"), join(place.path, "laptops")];
  await releaseHost(servers);
  await releaseHost(laptops, sandboxExecutable);
  let account: Account | undefined;
  const laptop = await startLaptop({
    account(made) {
      account = made;
      made.oidcProviders.length = 0;
      made.roles.splice(0, made.roles.length, {
        ...made.roles[0]!,
        name: "administrator",
        permissions: [{ Effect: "Allow", Action: "iam:*", Resource: "*" }],
      });
    },
    routes: [
      releaseRoute(laptops, servers),
      {
        hosts: ["iam.amazonaws.com"],
        handle: (request) => handleIam(request, { account: account!, region: names.region }),
      },
    ],
  });
  await laptop.stopServer();
  await seedPackage(laptop.sandbox.registries, "npm", myLib);
  // Before the first day neither vouch nor its shims are on PATH.
  const path = laptop.env["PATH"]!.split(delimiter).filter((folder) => !folder.startsWith(laptop.folder));
  laptop.env["PATH"] = [join(laptop.home, ".local/bin"), ...path].join(delimiter);
  laptop.env["SHELL"] = "/bin/bash";

  return {
    laptop,
    async installServer(machine) {
      const authority = readFileSync(laptop.sandbox.caPath, "utf8");
      await machine.type(`cat > sandbox.pem << 'END'\n${authority}END`);
      const network = `export HTTPS_PROXY=${laptop.sandbox.proxyUrl} CURL_CA_BUNDLE=$PWD/sandbox.pem\n`;
      await machine.type(network + typedUnder("Install the server", { "linux-x64": host.name }));
    },
    async makeRoles(aws) {
      const credentials = account!.issueCredentials(account!.roles[0]!, "administrator", 3600);
      const env = {
        AWS_ACCESS_KEY_ID: credentials.accessKeyId,
        AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
        AWS_SESSION_TOKEN: credentials.sessionToken,
        AWS_DEFAULT_REGION: names.region,
        AWS_STS_REGIONAL_ENDPOINTS: "regional",
        AWS_EC2_METADATA_DISABLED: "true",
        AWS_PAGER: "",
        PATH: [join(laptop.folder, "bin"), join(aws, ".."), laptop.env["PATH"]].join(delimiter),
      };
      return await ended(laptop.run(["bash", "-eu", "-c", typedUnder("Roles at AWS")], { env, timeoutMs: 600_000 }));
    },
    async enrol(heading, code) {
      const [install = "", enroll = ""] = typedUnder(heading).trimEnd().split("\n");
      const shell = { cwd: laptop.home, env: laptop.env };
      const { exitCode, screen } = await runInTerminal(["bash", "-i"], shell, async ({ see, type }) => {
        const answer = async (question: string | RegExp, text: string): Promise<void> => {
          await see(question);
          type(`${text}\r`);
        };
        type(`${install}\r`);
        await see(/Installed vouch \S+ as /);
        type(`${enroll}\r`);
        await see("Enrolment code");
        type(`${await code()}\r`);
        await answer("PIN of", person.pin);
        await answer("PIN of", person.pin);
        await answer("Set all of this up on this machine? [y/N]", "y");
        await answer("Put the shims folder first on PATH", "");
        await see(/Checked: the \w+ registry of my-domain\/my-repo answers\./);
        type("exit\r");
      });
      if (exitCode !== 0) throw new Error(`Expected exit code 0, got ${exitCode}:\n${screen}`);
      return screen;
    },
    async stop() {
      await laptop.stop();
      place[Symbol.dispose]();
    },
  };
}
