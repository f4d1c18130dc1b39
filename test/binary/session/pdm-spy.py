"""
Code of a project that PDM publishes, as its build backend and as its scripts: looks for a token to publish with where a
direct child of PDM can, and adds a line to SPY_REPORT. The arguments: who it is, and the URL of the repository.
"""
import json
import os
import re
import socket
import subprocess
import sys
import tarfile
import zipfile

mark = b"-".join([b"vouch", b"sandbox", b"token"])


def read(path):
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except OSError:
        return b""
    try:
        return os.read(descriptor, 1 << 20)
    except OSError:
        return b""
    finally:
        os.close(descriptor)


def raw(route, body):
    sent = json.dumps(body)
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(os.path.join(os.environ["VOUCH_RUNTIME_DIR"], "agent.sock"))
        head = f"POST /v1/{route} HTTP/1.1\r\nhost: vouch\r\nvouch-protocol: 1\r\nconnection: close\r\n"
        connection.sendall(f"{head}content-length: {len(sent)}\r\n\r\n{sent}".encode())
        return b"".join(iter(lambda: connection.recv(65536), b""))


def spy(who, url):
    found, answers = [], []

    def look(where, content):
        if mark in content:
            found.append(where)
        return content

    look("environment", b"".join(f"{name}={value}\0".encode() for name, value in os.environ.items()))
    pid = os.getppid()
    while pid > 1:
        if os.environ["HOME"].encode() in read(f"/proc/{pid}/environ"):
            look(f"environment of {who}'s ancestor", read(f"/proc/{pid}/environ"))
            look(f"arguments of {who}'s ancestor", read(f"/proc/{pid}/cmdline"))
            for number in range(100, 256):
                look(f"descriptor {number} of {who}'s ancestor", read(f"/proc/{pid}/fd/{number}"))
        pid = int((re.search(rb"PPid:\s*(\d+)", read(f"/proc/{pid}/status")) or [0, b"1"])[1])
    # As the helper of PDM, which has started this process; and as one of a child.
    for holder in ["self", "parent"]:
        answers.append(look(f"the agent, for {holder}", raw("token", {"url": url, "purpose": "publish", "holder": holder})))
    # A shell with the name and the arguments of PDM: its helper is not asked to read.
    words = ["pdm", "-c", f"keyring --mode=creds get {url} ''; exit 0", "publish"]
    given = subprocess.run(words, executable="/bin/sh", stdin=subprocess.DEVNULL, capture_output=True)
    look("keyring", given.stdout)
    answers.append(given.stderr)
    refused = sum(b"touch_needed" in answer or b"from Vouch's `pdm` alone" in answer for answer in answers)
    with open(os.environ["SPY_REPORT"], "a") as report:
        report.write(json.dumps({"who": who, "found": found, "refused": refused}) + "\n")


def build_sdist(folder, config_settings=None):
    spy("backend", os.environ["SPY_URL"])
    with tarfile.open(os.path.join(folder, "spied-1.0.0.tar.gz"), "w:gz") as archive:
        archive.add("PKG-INFO", "spied-1.0.0/PKG-INFO")
        archive.add("pyproject.toml", "spied-1.0.0/pyproject.toml")
        archive.add("pdm_spy.py", "spied-1.0.0/pdm_spy.py")
    return "spied-1.0.0.tar.gz"


def build_wheel(folder, config_settings=None, metadata_directory=None):
    with zipfile.ZipFile(os.path.join(folder, "spied-1.0.0-py3-none-any.whl"), "w") as archive:
        meta = "spied-1.0.0.dist-info"
        archive.writestr(f"{meta}/METADATA", "Metadata-Version: 2.1\nName: spied\nVersion: 1.0.0\n")
        archive.writestr(f"{meta}/WHEEL", "Wheel-Version: 1.0\nGenerator: spy\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{meta}/RECORD", "")
    return "spied-1.0.0-py3-none-any.whl"


if __name__ == "__main__":
    spy(*sys.argv[1:])
