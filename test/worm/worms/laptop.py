"""What every attempt uses: files, programs, and the processes of the test's laptop (others are not its business).
Python's standard library alone; reports go to the test's listener, and nowhere else."""
import base64
import fcntl
import json
import os
import pty
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import termios
import time

here = os.path.dirname(os.path.abspath(__file__))
with open(os.path.join(here, "settings.json")) as file:
    settings = json.load(file)
home, runtime, folder = os.environ["HOME"], os.environ["VOUCH_RUNTIME_DIR"], settings["folder"]
work = os.path.join(folder, "worm")
os.makedirs(work, exist_ok=True)
vouch = os.path.join(folder, "bin/vouch")
TOKEN = rb"[\w.+-]*vouch-sandbox-token[\w.+-]+"



def in_base64(text):
    """What every base64 of something with this text in it has in common, by where the text begins."""
    for before in range(3):
        encoded = base64.b64encode(b"\0" * before + text)
        yield encoded[-(-before * 4 // 3) : len(encoded) - 4]


GIVEN = re.compile(b"|".join([b"vouch-sandbox-token", *in_base64(b"vouch-sandbox-token"), rb"\bASIA[A-Z0-9]{12}"]))


def worth_reporting(text):
    """All of it, or of what is large what stands around tokens and credentials."""
    if len(text) < 1 << 20:
        return text
    found = list(GIVEN.finditer(text))
    return b"\n".join(text[max(0, one.start() - 2000) : one.end() + 2000] for one in found[:100])




class NotMade(Exception):
    """The attempt was not made: what it needs is not here."""


def needs(*programs):
    for program in programs:
        if shutil.which(program) is None:
            raise NotMade(f"needs {program}")


def report(name, text, state="made"):
    with socket.socket(socket.AF_UNIX) as listener:
        listener.connect(settings["report"])
        listener.sendall(f"{settings['worm']}\t{name}\t{state}\n".encode() + worth_reporting(text))


# ── files and processes


def read(path):
    try:
        with open(path, "rb") as file:
            return file.read(4 << 20)
    except OSError as error:
        return str(error).encode()


def files(paths):
    return b"".join(path.encode() + b": " + worth_reporting(read(path)) + b"\n" for path in paths if os.path.isfile(path))


def below(top):
    return [os.path.join(at, name) for at, _, names in os.walk(top) if not at.startswith((here, work)) for name in names]


def write(path, text, mode="w"):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, mode) as file:
        file.write(text)
    return path


def program(path, lines):
    if os.path.lexists(path):
        os.unlink(path)
    os.chmod(write(path, f"#!/bin/sh\n{lines}\n"), 0o755)
    return path


def environ(pid):
    return read(f"/proc/{pid}/environ")


def parent_of(pid):
    found = re.search(rb"PPid:\s+(\d+)", read(f"/proc/{pid}/status"))
    return int(found.group(1)) if found else 0


def own(pid):
    return int(pid) != os.getpid() and f"\0HOME={home}\0".encode() in environ(pid)


def ancestors():
    found, pid = [], os.getppid()
    while pid > 1 and own(pid):
        found.append(pid)
        pid = parent_of(pid)
    return found


def is_mine(pid):
    """Started by the worm: what that holds, the worm has asked for."""
    while pid > 1:
        pid = parent_of(pid)
        if pid == os.getpid():
            return True
    return False


def processes():
    return [int(pid) for pid in os.listdir("/proc") if pid.isdigit() and own(pid) and not is_mine(int(pid))]


def manager():
    """The package manager's process: the uppermost ancestor of its name."""
    found = [pid for pid in ancestors() if re.search(rb"npm|cargo|pip", read(f"/proc/{pid}/cmdline"))]
    return found[-1] if found else os.getppid()


# ── programs


def run(*command, given="", cwd=work, env=None, seconds=30):
    """What a program says that has no terminal; it ends by itself."""
    try:
        child = subprocess.Popen(
            command,
            cwd=cwd,
            env={**os.environ, **(env or {})},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    except OSError as error:
        return str(error).encode()
    try:
        return counted(child.communicate(given.encode(), timeout=seconds)[0])
    except subprocess.TimeoutExpired:
        os.killpg(child.pid, signal.SIGKILL)
        return counted(child.communicate()[0])


def at_terminal(*command, until=rb"[Tt]ouch your|PIN|y/N", given=None, cwd=work, env=None, seconds=20):
    """What it says on a terminal that the worm has made for it, until it waits for a person."""
    parent, child = pty.openpty()
    own_terminal = lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    every = {**os.environ, "TERM": "dumb", **(env or {})}
    stdin = child
    if given is not None:
        stdin, end = os.pipe()
        os.write(end, given.encode())
        os.close(end)
        own_terminal = lambda: fcntl.ioctl(1, termios.TIOCSCTTY, 0)
    running = subprocess.Popen(
        command, cwd=cwd, env=every, stdin=stdin, stdout=child, stderr=child, start_new_session=True, preexec_fn=own_terminal
    )
    os.close(child)
    said, limit = b"", time.monotonic() + seconds
    while time.monotonic() < limit and not re.search(until, said):
        if not select.select([parent], [], [], 0.2)[0]:
            continue
        try:
            more = os.read(parent, 65536)
        except OSError:
            break
        if not more:
            break
        said += more
    try:
        os.killpg(running.pid, signal.SIGKILL)
    except OSError:
        pass
    running.wait()
    os.close(parent)
    return counted(said)


# ── what it counts of its own asks

#: Questions of the worm's own process that the agent must have on record, and programs that were given something.
asked = {"raw": 0, "answered": 0, "given": 0}
silent = ("status", "match", "record", "fingerprints", "sessions", "keys")


def counted(said):
    asked["given"] += 1 if GIVEN.search(said) else 0
    return said


def reported_asks():
    return json.dumps({**asked, "pid": os.getpid(), "parent": os.getppid()}).encode()
