/** A desktop without a screen (Xvfb), and a person in front of it (xdotool). */
import { until } from "./agent/harness.ts";
import { firstLine } from "./laptop.ts";

export const desktopPrograms = ["Xvfb", "xdotool"];

export interface DialogueDesktop {
  /** The value of DISPLAY. */
  display: string;
  /** Waits for a new window of that title. */
  see(title: string): Promise<void>;
  /** Waits for a new window of that title, and types into it: keys by the names that X11 has for them. */
  answer(title: string, ...input: ({ keys: string } | { text: string })[]): Promise<void>;
  /** How many windows of that title there are. */
  count(title: string): number;
  stop(): Promise<void>;
}

/** Starts a desktop with no window on it. */
export async function startDialogueDesktop(): Promise<DialogueDesktop> {
  // Without -noreset it restarts, and refuses clients meanwhile, whenever the last window is closed.
  const screen = ["-screen", "0", "1024x768x24", "-nolisten", "tcp", "-noreset"];
  const server = Bun.spawn(["Xvfb", ...screen, "-displayfd", "1"], { stdio: ["ignore", "pipe", "ignore"] });
  const display = `:${await firstLine(server.stdout)}`;
  /** The programs whose windows have been answered: an id of a window is used again. */
  const seen = new Set<string>();

  function xdotool(...args: string[]): string {
    const { stdout } = Bun.spawnSync(["xdotool", ...args], {
      env: { ...process.env, DISPLAY: display },
      stderr: "ignore",
    });
    return stdout.toString().trim();
  }

  const search = (title: string) =>
    xdotool("search", "--onlyvisible", "--name", `^${title}$`).split("\n").filter(Boolean);

  async function newWindow(title: string): Promise<string> {
    let found: string | undefined;
    await until(() => {
      found = search(title).find((window) => {
        const program = xdotool("getwindowpid", window);
        return program !== "" && !seen.has(program) && seen.add(program);
      });
      return found !== undefined;
    });
    return found!;
  }

  return {
    display,
    async see(title) {
      await newWindow(title);
    },
    async answer(title, ...input) {
      const window = await newWindow(title);
      xdotool("windowfocus", "--sync", window);
      for (const one of input) {
        if ("keys" in one) xdotool("key", ...one.keys.split(" "));
        else xdotool("type", one.text);
      }
    },
    count: (title) => search(title).length,
    async stop() {
      server.kill();
      await server.exited;
    },
  };
}
