"""Starts a command whose stdout is a pipe that is full and does not block, reads only when the command waits, and prints what came behind what the pipe was filled with."""

import fcntl
import os
import select
import subprocess
import sys

reader, writer = os.pipe()
fcntl.fcntl(writer, fcntl.F_SETFL, fcntl.fcntl(writer, fcntl.F_GETFL) | os.O_NONBLOCK)
filled = 0
for size in (4096, 1):
    try:
        while True:
            filled += os.write(writer, b"x" * size)
    except BlockingIOError:
        pass
child = subprocess.Popen(sys.argv[1:], stdout=writer, stdin=subprocess.DEVNULL)


def used() -> int:
    """The processor time that the command has used so far, in ticks of 10 ms."""
    with open(f"/proc/{child.pid}/stat") as stat:
        fields = stat.read().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


# What it asks for on this machine comes in milliseconds: nearly idle for so long, it waits for the pipe, or has ended.
# While it waits it looks at the pipe a hundred times a second, which costs a slow machine some ticks.
before, now = 0, used() + 100
while now - before > 4:
    before = used()
    select.select([], [], [], 0.3)
    now = used()
os.close(writer)
data = b""
while chunk := os.read(reader, 65536):
    data += chunk
sys.stdout.buffer.write(data[filled:])
sys.exit(child.wait())
