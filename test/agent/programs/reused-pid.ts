/**
 * In a process id namespace of its own: an agent, and a process that has connected to it and ended. Its id is given to a
 * program that gets a touch; then who still holds the connection asks for that program's token, and for what it reads.
 * Prints both answers.
 */
import { routes } from "../../../src/agent/protocol.ts";
import { AgentHarness, cargoUrl, repository } from "../harness.ts";

const publisher = "arn:aws:iam::123456789012:role/publisher";
await using harness = new AgentHarness([{ ...repository, publishRoleArn: publisher }]);
await harness.login();

const script = `
import json, os, signal, socket, sys, time
signal.alarm(50)
path, url = sys.argv[1:]

def request(route, body):
    text = json.dumps(body)
    head = f"POST {route} HTTP/1.1\\r\\nhost: vouch\\r\\nvouch-protocol: 1\\r\\nconnection: close\\r\\n"
    return f"{head}content-length: {len(text)}\\r\\n\\r\\n{text}".encode()

def connect():
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(path)
    return connection

def answer(connection, route, body):
    connection.sendall(request(route, body))
    return json.loads(b"".join(iter(lambda: connection.recv(65536), b"")).split(b"\\r\\n\\r\\n", 1)[1])

ours, theirs = socket.socketpair()
first = os.fork()
if first == 0:
    socket.send_fds(theirs, [b"xx"], [connect().detach(), connect().detach()])
    os._exit(0)
held = [socket.socket(fileno=one) for one in socket.recv_fds(ours, 2, 2)[1]]
os.waitpid(first, 0)
# Start times are in ticks of 10 ms, by which a kernel before 6.5 has to tell the two.
ended = time.clock_gettime(time.CLOCK_BOOTTIME)
while time.clock_gettime(time.CLOCK_BOOTTIME) < ended + 0.02:
    pass
with open("/proc/sys/kernel/ns_last_pid", "w") as last:
    last.write(str(first - 1))
second = os.fork()
if second == 0:
    begun = answer(connect(), "${routes.publishStart}", {"url": url})
    answer(connect(), "${routes.publishFinish}", {"ceremony": begun["ceremony"], "approval": {"id": "AA"}})
    own = answer(connect(), "${routes.token}", {"url": url, "purpose": "publish"})
    theirs.sendall(b"given" if "token" in own else b"wrong")
    theirs.recv(1)
    os._exit(0)
given = ours.recv(5).decode()
asked = [answer(held[0], "${routes.token}", {"url": url, "purpose": "publish"}), answer(held[1], "${routes.token}", {"url": url})]
ours.sendall(b"x")
print(json.dumps({"reused": first == second, "own": given, "publish": asked[0], "read": asked[1]}))
`;
const driver = Bun.spawn(["python3", "-c", script, harness.socketPath, cargoUrl], { stdout: "pipe" });
console.log(await driver.stdout.text());
