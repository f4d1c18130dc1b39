import { afterAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { notifyReady } from "../../../src/base/system/readiness.ts";
import { requires } from "../../requires.ts";
import { tempFolderUntil } from "../../temp-folder.ts";

const folder = tempFolderUntil(afterAll);

/** Binds a datagram socket, says so, and prints the first message that comes. */
const receiver = `import socket, sys
name = sys.argv[1]
receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
receiver.bind("\\0" + name[1:] if name.startswith("@") else name)
print("bound", flush=True)
print(receiver.recv(100).decode())`;

describe.skipIf(process.platform !== "linux" || !requires("python3"))("a service manager", () => {
  test.each([join(folder, "notify"), `@vouch-test-${crypto.randomUUID()}`])("hears READY=1 at %p", async (name) => {
    const manager = Bun.spawn(["python3", "-c", receiver, name], { stdio: ["ignore", "pipe", "inherit"] });
    let heard = "";
    let isNotified = false;
    for await (const chunk of manager.stdout) {
      heard += new TextDecoder().decode(chunk);
      if (!isNotified && heard.startsWith("bound\n")) {
        notifyReady({ NOTIFY_SOCKET: name });
        isNotified = true;
      }
    }
    expect(heard).toBe("bound\nREADY=1\n");
  });

  test("that is not there is an error, as is a name that no socket has", () => {
    const gone = join(folder, "gone");
    expect(() => notifyReady({ NOTIFY_SOCKET: gone })).toThrow(`${gone} of NOTIFY_SOCKET takes no message`);
    expect(() => notifyReady({ NOTIFY_SOCKET: "vsock:2:1234" })).toThrow("Expected a path or @NAME");
    expect(() => notifyReady({ NOTIFY_SOCKET: `/${"x".repeat(108)}` })).toThrow("Expected a path or @NAME");
  });

  test("that wants to hear nothing is told nothing", () => {
    notifyReady({});
    notifyReady({ NOTIFY_SOCKET: "" });
  });
});
