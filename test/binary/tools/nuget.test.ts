/** NuGet's plugin, as a strict stand-in for dotnet (test/toolchains/nuget-client.ts) finds and asks it. */
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { ended, type Laptop, startLaptop } from "../../laptop.ts";
import { findPlugins, PluginConnection, readSources } from "../../toolchains/nuget-client.ts";
import { names } from "../../sandbox/main.ts";
import { buildNugetPackage, seedPackage } from "../../sandbox/packages.ts";
import { filesContaining } from "../disk.ts";
import { holdsToken } from "../hostile/listener.ts";

const source = `https://${names.packageHost}/nuget/${names.repository}/v3/index.json`;
const client = join(import.meta.dir, "../../toolchains/nuget-client.ts");
const aPackage = { name: "My.Package", version: "1.0.0", files: { "lib/net8.0/My.Package.dll": "" } };

let laptop: Laptop;
let plugin: string;
let config: string;
let count = 0;

beforeAll(async () => {
  laptop = await startLaptop();
  await laptop.getReady();
  await laptop.setUpRepository("--tool", "nuget");
  plugin = join(laptop.shims, "nuget-plugin-vouch");
  config = join(laptop.home, ".nuget/NuGet/NuGet.Config");
  await seedPackage(laptop.sandbox.registries, "nuget", aPackage);
});
afterAll(async () => laptop?.stop());

function newFolder(files: Record<string, string> = {}): string {
  const folder = join(laptop.home, `project-${count++}`);
  for (const [name, text] of Object.entries({ "App.csproj": "<Project/>", ...files })) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
}

const dotnet = (cwd: string, ...args: string[]) => laptop.run([process.execPath, client, ...args], { cwd });

function start(options: { cwd?: string; env?: Record<string, string> } = {}): PluginConnection {
  const connection = new PluginConnection(plugin, {
    cwd: options.cwd ?? laptop.home,
    env: { ...laptop.env, ...options.env },
  });
  onTestFinished(async () => void (await connection.hangUp()));
  return connection;
}

test("the plugin is found on PATH, and answers for the source that setup has written", async () => {
  expect(findPlugins(laptop.env["PATH"]!)).toEqual([plugin]);
  expect([...readSources(readFileSync(config, "utf8"))]).toEqual([["my-domain/my-repo", source]]);
  const connection = start();
  expect(await connection.connect()).toEqual(["Authentication"]);
  const { user, password } = (await connection.credentials(source))!;
  expect(user).toBe("aws");
  expect(password).toContain("vouch-sandbox-token");
});

test("restores a package of the repository by its name, and pushes one once", async () => {
  const folder = newFolder();
  expect(await ended(dotnet(folder, "restore", "my-domain/my-repo", "My.Package"))).toStartWith(
    "restored my.package 1.0.0",
  );
  const file = join(folder, "other.nupkg");
  writeFileSync(file, buildNugetPackage({ ...aPackage, name: "My.Other", version: "1.02.0.0" }));
  expect(await ended(dotnet(folder, "push", "my-domain/my-repo", file))).toBe("pushed: 201\n");
  expect(await ended(dotnet(folder, "restore", source, "My.Other"))).toStartWith("restored my.other 1.2.0");
  const { exitCode, stderr } = await dotnet(folder, "push", "my-domain/my-repo", file);
  expect([exitCode, stderr]).toEqual([1, expect.stringContaining("409")]);
});

test.each([
  source.replace("https:", "http:"),
  source.replace(names.packageHost, `${names.packageHost}.evil.example`),
  source.replace("https://", "https://evil.example/"),
  source.replace(names.packageHost, `${names.packageHost}:8443`),
  source.replace("/my-repo/", "/my-repo2/"),
  source.replace("/my-repo/", "/my-repo/../other/"),
  source.replace("/nuget/", "/npm/"),
  `https://${names.packageHost}/`,
  "https://api.nuget.org/v3/index.json",
  "file:///etc/passwd",
  "not a URL",
])("no credentials for %s", async (uri) => {
  const connection = start();
  await connection.connect();
  expect(await connection.credentials(uri)).toBeUndefined();
});

const harmless = `<configuration><packageSources><add key="x" value="${source}" /></packageSources></configuration>`;
const hostile: [what: string, text: string][] = [
  ["a proxy", '<configuration><config><add key="http_proxy" value="http://evil.example" /></config></configuration>'],
  ["a proxy in other letters", '<configuration><config><add key="HTTP_Proxy" value="x" /></config></configuration>'],
  [
    "a proxy by references",
    '<configuration><config><add key="&#104;ttp&#x5F;proxy" value="x" /></config></configuration>',
  ],
  [
    "a source without a check of certificates",
    `<configuration><packageSources><add key="x" value="${source}" disableTLSCertificateValidation="true" /></packageSources></configuration>`,
  ],
  ["certificates of a client", "<configuration><clientCertificates><fileCert /></clientCertificates></configuration>"],
  ["entities of its own", '<!DOCTYPE c [<!ENTITY p "http_proxy">]><configuration/>'],
  ["another encoding", Buffer.from("<configuration/>", "utf16le").toString("latin1")],
];

describe.each(hostile)("a project's NuGet.Config with %s", (_, text) => {
  test.each(["NuGet.Config", "nuget.config", "../nuget.CONFIG"])(
    "as %s means no credentials, and a line says so",
    async (name) => {
      const folder = newFolder();
      const inner = join(folder, "inner");
      mkdirSync(inner);
      writeFileSync(join(inner, name), text);
      const connection = start({ cwd: inner });
      await connection.connect();
      expect(await connection.credentials(source)).toBeUndefined();
      expect(connection.logged).toEqual([expect.stringContaining("NuGet gets no token here")]);
    },
  );

  test("beside a project that the command line names, or as its --configfile, means none, too", async () => {
    const folder = newFolder({ "NuGet.Config": text, "other/any.config": text });
    for (const words of [
      [join(folder, "App.csproj")],
      [folder],
      ["--configfile", join(folder, "other/any.config")],
      [`-p:RestoreConfigFile=${join(folder, "other/any.config")}`],
    ]) {
      const { exitCode, stderr } = await dotnet(laptop.home, "restore", source, "My.Package", ...words);
      expect([exitCode, stderr]).toEqual([1, expect.stringContaining("NuGet gets no token here")]);
    }
  });
});

test("a project's NuGet.Config that says nothing of connections is no obstacle", async () => {
  const folder = newFolder({ "NuGet.Config": harmless });
  await ended(dotnet(folder, "restore", source, "My.Package"));
});

test("a token that was refused is not given again", async () => {
  const connection = start();
  await connection.connect();
  expect(await connection.credentials(source)).toBeDefined();
  expect(await connection.credentials(source, true)).toBeUndefined();
  expect(connection.logged).toEqual([expect.stringContaining("refused")]);
});

test("without a session the login is named for the repository, and nothing is said of other sources", async () => {
  const connection = start({ env: { VOUCH_RUNTIME_DIR: join(laptop.folder, "nobody") } });
  await connection.connect();
  expect(await connection.credentials("https://api.nuget.org/v3/index.json")).toBeUndefined();
  expect(connection.logged).toEqual([]);
  expect(await connection.credentials(source)).toBeUndefined();
  expect(connection.logged).toEqual([expect.stringContaining("vouch login")]);
});

test("NuGet sees progress while the agent does not answer, and a request that it cancels ends", async () => {
  const folder = join(laptop.folder, "silent");
  mkdirSync(folder, { mode: 0o700 });
  const server = createServer(() => {});
  await new Promise<void>((resolve) => server.listen(join(folder, "agent.sock"), resolve));
  onTestFinished(() => void server.close());
  const connection = start({ env: { VOUCH_RUNTIME_DIR: folder } });
  await connection.connect();
  const answer = connection.expectAnswer("mine", "GetAuthenticationCredentials").catch((error: Error) => error.message);
  const payload = { Uri: source, IsRetry: false, IsNonInteractive: true, CanShowDialog: false };
  connection.sendLine(
    JSON.stringify({ RequestId: "mine", Type: "Request", Method: "GetAuthenticationCredentials", Payload: payload }),
  );
  await connection.progress.promise;
  // Other requests are answered meanwhile.
  await connection.succeed("SetLogLevel", { LogLevel: "Error" });
  connection.sendLine(JSON.stringify({ RequestId: "mine", Type: "Cancel", Method: "GetAuthenticationCredentials" }));
  expect(await answer).toBe("cancelled");
});

describe("the plugin ends", () => {
  test("when NuGet closes it, or its pipe", async () => {
    for (const end of ["close", "hangUp"] as const) {
      const connection = start();
      await connection.connect();
      expect(await connection[end]()).toBe(0);
    }
  });

  test("when the process that it is to watch ends, with the pipe still open", async () => {
    const watched = Bun.spawn(["sleep", "600"]);
    const connection = start();
    await connection.connect();
    await connection.succeed("MonitorNuGetProcessExit", { ProcessId: watched.pid });
    watched.kill("SIGKILL");
    expect(await connection.exited).toBe(0);
  });

  test.each([
    ["what is no JSON", "hello"],
    ["what is no message", "{}"],
    ["a type that the protocol does not have", '{"RequestId":"1","Type":"Question","Method":"Close"}'],
    ["a line without end", "x".repeat(5 << 20)],
  ])("at %s", async (_, line) => {
    const connection = start();
    connection.sendLine(line);
    expect(await connection.exited).toBe(1);
  });
});

test("before the handshake there are no credentials, and none for a version that it does not speak", async () => {
  const payload = { Uri: source, IsRetry: false, IsNonInteractive: true };
  expect(start().request("GetAuthenticationCredentials", payload)).rejects.toThrow("fault");
  for (const [newest, oldest] of [
    ["3.0.0", "2.1.0"],
    ["0.9.0", "0.1.0"],
    ["2.0.0", "x"],
  ]) {
    const connection = start();
    const answer = await connection.request("Handshake", { ProtocolVersion: newest, MinimumProtocolVersion: oldest });
    expect(answer).toEqual({ ResponseCode: "Error" });
    expect(connection.request("GetAuthenticationCredentials", payload)).rejects.toThrow("fault");
  }
});

test("what it does not do is a fault, and claims about a source are empty", async () => {
  const connection = start();
  await connection.connect();
  expect(connection.request("PrefetchPackage", {})).rejects.toThrow("fault");
  const about = { PackageSourceRepository: source, ServiceIndex: { resources: [] } };
  expect(await connection.request("GetOperationClaims", about)).toEqual({ Claims: [] });
});

test("started by hand it says what it is", async () => {
  const { exitCode, stdout, stderr } = await laptop.run([plugin]);
  expect([exitCode, stdout, stderr]).toEqual([2, "", expect.stringContaining("NuGet finds it on PATH")]);
});

describe("vouch exec -- dotnet", () => {
  const sources = (url: string, more = "") =>
    `<packageSources><add key="my/repo" value="${url}"${more} /></packageSources>`;
  const credentials =
    '<packageSourceCredentials><my_x002F_repo><add key="ClearTextPassword" value="%CODEARTIFACT_AUTH_TOKEN%" /></my_x002F_repo></packageSourceCredentials>';
  const whole = (...sections: string[]) => `<configuration>${sections.join("")}</configuration>`;

  /** A `dotnet` that says whether it has the token. */
  async function exec(text: string | undefined): Promise<string> {
    const folder = newFolder(text === undefined ? {} : { "NuGet.Config": text });
    const file = join(folder, "bin/dotnet");
    mkdirSync(dirname(file));
    writeFileSync(file, '#!/bin/sh\nprintf "token %.1s" "$CODEARTIFACT_AUTH_TOKEN"\n', { mode: 0o755 });
    const { stdout, stderr } = await laptop.run(["vouch", "exec", "--", "dotnet", "restore"], {
      cwd: folder,
      env: { PATH: `${dirname(file)}:${laptop.env["PATH"]}` },
    });
    return stdout + stderr;
  }

  test.each<[what: string, text: string | undefined]>([
    ["no configuration", undefined],
    ["sources alone", whole(sources("https://evil.example/v3/index.json"))],
    ["a password for the repository", whole(sources(source), credentials)],
  ])("has the token in a project with %s", async (_, text) => {
    expect(await exec(text)).toBe("token e");
  });

  test.each<[what: string, text: string]>([
    ["a password for another host", whole(sources("https://evil.example/v3/index.json"), credentials)],
    ["a password for the repository by plain http", whole(sources(source.replace("https", "http")), credentials)],
    ["a password for a source that it does not name", whole(credentials)],
    ["a password for two URLs of one name", whole(sources(source), sources("https://evil.example/"), credentials)],
    [
      "a password, and a proxy",
      whole(sources(source), credentials, '<config><add key="http_proxy" value="x" /></config>'),
    ],
    [
      "a password, and no check of certificates",
      whole(sources(source, ' disableTLSCertificateValidation="true"'), credentials),
    ],
    ["the variable in a URL", whole(sources("https://evil.example/%CODEARTIFACT_AUTH_TOKEN%/index.json"))],
    ["the variable in what is no XML", "<configuration>%CODEARTIFACT_AUTH_TOKEN%"],
  ])("is not started in a project with %s", async (_, text) => {
    expect(await exec(text)).toMatch(
      /^vouch: (No token here:|.* puts the token of CODEARTIFACT_AUTH_TOKEN into) [^\n]*\n$/,
    );
  });
});

test("the set-up is repeated without change, and its removal puts back the file and takes the plugin away", async () => {
  const before = '<?xml version="1.0" encoding="utf-8"?>\n<configuration>\n  <packageSources/>\n</configuration>';
  await ended(laptop.vouch("setup", "codeartifact", "--remove", "--tool", "nuget"));
  expect(existsSync(config)).toBe(false);
  expect(existsSync(plugin)).toBe(false);
  writeFileSync(config, before);
  await laptop.setUpRepository("--tool", "nuget");
  const once = readFileSync(config, "utf8");
  await laptop.setUpRepository("--tool", "nuget");
  expect(readFileSync(config, "utf8")).toBe(once);
  expect([...readSources(once)]).toEqual([["my-domain/my-repo", source]]);
  await ended(laptop.vouch("setup", "codeartifact", "--remove", "--tool", "nuget"));
  expect(readFileSync(config, "utf8")).toBe(before);
  await laptop.setUpRepository("--tool", "nuget");
});

test("no file holds a token", () => {
  expect(filesContaining(laptop.folder, /vouch-sandbox-token|\bASIA[A-Z0-9]{12,}/)).toEqual([]);
  expect(holdsToken(readFileSync(config, "utf8"))).toBe(false);
  expect(laptop.sandbox.refused).toEqual([]);
});
