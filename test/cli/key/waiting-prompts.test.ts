/** Every state of the desk as docs/security-keys.md shows it: the compiled executable, a terminal, keys on sockets. */
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { chmodSync, copyFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import type { Fault } from "../../authenticator/hid/faults.ts";
import { type RunningAuthenticator, startAuthenticator } from "../../authenticator/start.ts";
import { documentedLines } from "../../docs/states.ts";
import { type Laptop, person as owner, sandboxExecutable, startLaptop } from "../../laptop.ts";
import { type Person, runInTerminal } from "../../pty.ts";
import { requires } from "../../requires.ts";
import { tempFolder } from "../../temp-folder.ts";

const timeoutMs = 60_000;

let laptop: Laptop;
/** Has no credential; what the person's own key is next to. */
let other: RunningAuthenticator;

beforeAll(async () => {
  laptop = await startLaptop();
  await laptop.startAgent();
  await laptop.enroll();
  other = await startAuthenticator({ socketPath: join(laptop.folder, "other.sock"), pin: owner.pin });
}, timeoutMs);

afterAll(async () => {
  await other.stop();
  await laptop.stop();
});

/** The ports that keys are plugged into: links to their sockets. */
const port = (name: string): string => join(laptop.folder, name);

function plug(name: string, key: RunningAuthenticator): string {
  symlinkSync(join(laptop.folder, key === other ? "other.sock" : "security-key.sock"), port(name));
  return port(name);
}

function pull(name: string, key: RunningAuthenticator): void {
  rmSync(port(name));
  key.powerCycle();
}

beforeEach(() => {
  for (const name of ["a", "b", "c"]) rmSync(port(name), { force: true });
  for (const { settings } of [laptop.key, other]) Object.assign(settings, { fault: undefined, touch: "auto" });
});

async function isBlinking({ ctap2 }: RunningAuthenticator): Promise<void> {
  while (!ctap2.touch.isAwaited) await Bun.sleep(5);
}

interface Scene {
  state: string;
  /** The options of `vouch login`. */
  args?: string[];
  exitCode: number;
  /** What happens when a line has been seen; the PIN is typed all the same. */
  onLine?: (line: string, person: Person) => void | Promise<void>;
}

/** `vouch login` with keys in the ports `ports`: shows the documented lines, one after the other, and ends with the code. */
async function play(ports: string[], { state, args = [], exitCode, onLine }: Scene): Promise<void> {
  const run = await runInTerminal(
    [sandboxExecutable, "login", ...args],
    {
      env: { ...laptop.env, NO_COLOR: "1", VOUCH_SANDBOX_KEY: ports.map(port).join(delimiter) },
      timeoutMs: timeoutMs / 3,
    },
    async (person) => {
      for (const line of documentedLines("security-keys.md", state)) {
        // How much time is left depends on the machine.
        await person.see(
          line.replaceAll("/dev/hidraw0", port("a")).replace(/Asking again for 58 seconds…$/, "Asking again for"),
        );
        await onLine?.(line, person);
        if (line.startsWith("PIN of")) person.type(`${owner.pin}\r`);
      }
    },
  );
  expect(run).toMatchObject({ exitCode, restored: true });
}

const interrupt = (line: string, { type }: Person): void => void (line === "Cancelled." || type("\x03"));
const spoil = (command: "INIT" | "CBOR", fault: Fault): void => {
  laptop.key.settings.fault = { in: command, fault };
};

test(
  "vouch login waits for a key and goes on when one is plugged in",
  async () => {
    await play(["a"], {
      state: "No key is plugged in, then one is",
      exitCode: 0,
      onLine: (line) => void (line.startsWith("Plug in") && plug("a", laptop.key)),
    });
  },
  timeoutMs,
);

test(
  "vouch login ends with 3 when no key comes",
  () => play(["a"], { state: "No key is plugged in, and none comes", args: ["--timeout", "2"], exitCode: 3 }),
  timeoutMs,
);

test(
  "vouch login ends with 130 on Ctrl-C while it waits for a key",
  () => play(["a"], { state: "Ctrl-C while a key is waited for", exitCode: 130, onLine: interrupt }),
  timeoutMs,
);

/** Both keys in their ports; neither is touched before the test says so. */
function twoKeys(own: string): void {
  plug("a", other);
  plug(own, laptop.key);
  for (const { settings } of [laptop.key, other]) settings.touch = "withheld";
}

/** Touches the own key, and from then on whenever it blinks. */
async function touchOwn(): Promise<void> {
  await isBlinking(laptop.key);
  laptop.key.settings.touch = "auto";
  laptop.key.ctap2.touch.press();
}

test(
  "vouch login uses the key that is touched",
  async () => {
    twoKeys("b");
    await play(["a", "b"], {
      state: "Two keys: the second is touched",
      exitCode: 0,
      onLine: (line) => (line.startsWith("Touch the") ? touchOwn() : undefined),
    });
    expect(other.ctap2.touch.isAwaited).toBe(false);
  },
  timeoutMs,
);

test(
  "vouch login shows a key that is plugged in during the choice",
  async () => {
    const third = await startAuthenticator({ socketPath: join(laptop.folder, "third.sock"), touch: "withheld" });
    try {
      plug("a", other);
      symlinkSync(join(laptop.folder, "third.sock"), port("c"));
      for (const { settings } of [laptop.key, other]) settings.touch = "withheld";
      await play(["a", "b", "c"], {
        state: "Two keys, and a third is plugged in while they blink",
        exitCode: 0,
        onLine: async (line) => {
          if (line.endsWith("Key 3.")) plug("b", laptop.key);
          else if (line.endsWith("Key 2.") && line.startsWith("Touch the")) await touchOwn();
        },
      });
    } finally {
      await third.stop();
    }
  },
  timeoutMs,
);

test(
  "vouch login ends with an error when no key is touched",
  async () => {
    twoKeys("b");
    await play(["a", "b"], { state: "Two keys, and none is touched", args: ["--timeout", "2"], exitCode: 3 });
    for (const { ctap2 } of [laptop.key, other]) expect(ctap2.touch.isAwaited).toBe(false);
  },
  timeoutMs,
);

test(
  "vouch login ends with 130 on Ctrl-C while it waits for a touch of one of several keys",
  async () => {
    twoKeys("b");
    await play(["a", "b"], {
      state: "Ctrl-C while several keys blink",
      exitCode: 130,
      onLine: async (line, person) => {
        if (!line.startsWith("Touch the")) return;
        await Promise.all([laptop.key, other].map(isBlinking));
        person.type("\x03");
      },
    });
    for (const { ctap2 } of [laptop.key, other]) expect(ctap2.touch.isAwaited).toBe(false);
  },
  timeoutMs,
);

test(
  "vouch login waits for a key again when all are pulled out",
  async () => {
    twoKeys("b");
    await play(["a", "b"], {
      state: "All keys are pulled out while they blink, then one is plugged in",
      exitCode: 0,
      onLine: async (line) => {
        if (line.startsWith("Touch the")) {
          await Promise.all([laptop.key, other].map(isBlinking));
          pull("a", other);
          pull("b", laptop.key);
        } else if (line.startsWith("Plug in")) {
          laptop.key.settings.touch = "auto";
          plug("b", laptop.key);
        }
      },
    });
  },
  timeoutMs,
);

test(
  "vouch login refuses a U2F key",
  async () => {
    const old = await startAuthenticator({ socketPath: port("a"), ctap: "u2f" });
    try {
      await play(["a"], { state: "The key speaks only U2F", exitCode: 3 });
      plug("b", laptop.key);
      await play(["a", "b"], { state: "One key speaks only U2F, another FIDO2", exitCode: 0 });
    } finally {
      await old.stop();
    }
  },
  timeoutMs,
);

test(
  "vouch login waits for a busy key that becomes free",
  async () => {
    plug("a", laptop.key);
    spoil("INIT", 0x06);
    await play(["a"], {
      state: "The key is busy with another program, then free",
      exitCode: 0,
      onLine: () => void (laptop.key.settings.fault = undefined),
    });
  },
  timeoutMs,
);

test(
  "vouch login ends with an error when a key stays busy",
  async () => {
    plug("a", laptop.key);
    spoil("INIT", 0x06);
    await play(["a"], { state: "The key stays busy with another program", args: ["--timeout", "1"], exitCode: 3 });
    await play(["a"], { state: "Ctrl-C while the key is busy", exitCode: 130, onLine: interrupt });
  },
  timeoutMs,
);

test(
  "vouch login reports a key that is listed but has no device",
  async () => {
    // Nobody listens on a plain file.
    writeFileSync(port("a"), "");
    await play(["a"], { state: "The key is listed, but its device file is missing (a container)", exitCode: 3 });
  },
  timeoutMs,
);

test(
  "vouch login ends with an error when a key does not answer",
  async () => {
    plug("a", laptop.key);
    spoil("INIT", "mute");
    await play(["a"], { state: "The key does not answer", args: ["--timeout", "1"], exitCode: 3 });
    const before = laptop.key.initializations;
    const run = await runInTerminal(
      [sandboxExecutable, "login"],
      { env: { ...laptop.env, VOUCH_SANDBOX_KEY: port("a") } },
      async (person) => {
        while (laptop.key.initializations === before) await Bun.sleep(5);
        person.type("\x03");
        for (const line of documentedLines("security-keys.md", "Ctrl-C while the key does not answer")) {
          await person.see(line);
        }
      },
    );
    expect(run).toMatchObject({ exitCode: 130, restored: true });
  },
  timeoutMs,
);

test(
  "vouch login asks a key again that does not answer while another program waits for a touch on it",
  async () => {
    plug("a", laptop.key);
    spoil("INIT", "mute");
    await play(["a"], {
      state: "The key does not answer while another program waits for a touch on it, then it does",
      exitCode: 0,
      onLine: (line) => void (line.includes("does not answer") && (laptop.key.settings.fault = undefined)),
    });
  },
  timeoutMs,
);

test.each<[string, Fault]>([
  ["One of two keys does not answer", "mute"],
  ["One of two keys is busy with another program", 0x06],
])(
  "vouch login shows what docs/security-keys.md says: %s",
  async (state, fault) => {
    plug("a", other);
    plug("b", laptop.key);
    other.settings.fault = { in: "INIT", fault };
    await play(["a", "b"], { state, exitCode: 0 });
  },
  timeoutMs,
);

test(
  "vouch login reports a key that breaks the protocol",
  async () => {
    plug("a", laptop.key);
    spoil("CBOR", "wrong sequence");
    await play(["a"], { state: "The key breaks the USB protocol", exitCode: 3 });
  },
  timeoutMs,
);

test.each<[string, string]>([
  ["The key is pulled out at the PIN", "PIN of"],
  ["The key is pulled out while it waits for the touch", "Touch your"],
])(
  "vouch login shows what docs/security-keys.md says: %s",
  async (state, when) => {
    plug("a", laptop.key);
    laptop.key.settings.touch = "withheld";
    await play(["a"], {
      state,
      exitCode: 3,
      onLine: async (line) => {
        if (!line.startsWith(when)) return;
        if (when === "Touch your") await isBlinking(laptop.key);
        pull("a", laptop.key);
      },
    });
  },
  timeoutMs,
);

describe("vouch doctor", () => {
  /** The lines on security keys, with the remedies below them. */
  async function doctor(command: string[], env: Record<string, string>): Promise<string> {
    const { stdout, stderr } = await laptop.run([...command, "doctor"], {
      cwd: laptop.folder,
      env: { NO_COLOR: "1", ...env },
    });
    if (!stdout.includes("This machine")) throw new Error(stdout + stderr);
    return stdout.slice(stdout.indexOf("This machine"));
  }

  test(
    "probes every key",
    async () => {
      plug("a", laptop.key);
      const old = await startAuthenticator({ socketPath: port("b"), ctap: "u2f" });
      try {
        const said = await doctor([sandboxExecutable], { VOUCH_SANDBOX_KEY: ["a", "b"].map(port).join(delimiter) });
        expect(said).toContain(
          "  ok    Software Security Key is plugged in and answers; its PIN is set, 8 tries are left.\n",
        );
        expect(said).toContain(
          "  FAIL  Software Security Key 2 speaks only U2F (CTAP1), which cannot verify a PIN.\n" +
            "        → Use a FIDO2 security key.\n",
        );
      } finally {
        await old.stop();
      }
    },
    timeoutMs,
  );

  test(
    "tells a blocked key from one that answers",
    async () => {
      plug("a", other);
      other.ctap2.pin.pinRetries = 0;
      try {
        const said = await doctor([sandboxExecutable], { VOUCH_SANDBOX_KEY: port("a") });
        expect(said).toContain(
          "  FAIL  Software Security Key: The PIN of this security key is blocked after too many wrong ones.\n" +
            "        → Log in with another enrolled security key. Only a reset",
        );
        expect(said).not.toContain("Key is plugged in and answers");
      } finally {
        other.ctap2.pin.pinRetries = 8;
      }
    },
    timeoutMs,
  );

  test.skipIf(process.platform !== "linux" || !requires("setpriv"))(
    "prints the udev rule, its file and the commands for a key that may not be opened",
    async () => {
      using folder = tempFolder();
      try {
        // Root may open everything: then somebody else asks, who needs a program to start and a home folder.
        const isRoot = process.getuid?.() === 0;
        const program = join(folder.path, "vouch");
        copyFileSync(sandboxExecutable, program);
        const socket = join(folder.path, "key.sock");
        symlinkSync(join(laptop.folder, "security-key.sock"), socket);
        chmodSync(laptop.folder, 0o755);
        chmodSync(join(laptop.folder, "security-key.sock"), 0);
        for (const path of [folder.path, program]) chmodSync(path, 0o777);
        const asNobody = isRoot ? ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] : [];
        const said = await doctor([...asNobody, program], {
          VOUCH_SANDBOX_KEY: socket,
          HOME: folder.path,
          XDG_CONFIG_HOME: join(folder.path, ".config"),
          TMPDIR: folder.path,
          VOUCH_RUNTIME_DIR: join(folder.path, "run"),
        });
        expect(said).toContain(`  FAIL  Cannot open Software Security Key (${socket}): permission denied.\n`);
        expect(said).toMatch(
          /→ Install the udev rule: `echo 'SUBSYSTEM=="hidraw", .*TAG\+="uaccess".*' \| sudo tee \/etc\/udev\/rules\.d\/70-security-key\.rules`, then `sudo udevadm control --reload && sudo udevadm trigger --subsystem-match=hidraw`\./,
        );
      } finally {
        chmodSync(join(laptop.folder, "security-key.sock"), 0o755);
      }
    },
    timeoutMs,
  );
});
