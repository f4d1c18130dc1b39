/** A virtual desktop with a notification server of its own: Xvfb, a session bus, and dunst. */
import { requires } from "./requires.ts";
import { tempFolder } from "./temp-folder.ts";

/** Whether the machine has what a virtual desktop needs; names what is missing. */
export const hasDesktop = requires("Xvfb", "dbus-daemon", "dunst", "dunstctl", "busctl");

interface Shown {
  summary: string;
  body: string;
}

export interface Desktop extends AsyncDisposable {
  /** The variables by which programs find it. */
  env: Record<string, string>;
  /** How many notifications stand there. */
  displayed(): Promise<number>;
  /** Those that were taken away, the last one first; the body as the server has read it. */
  history(): Promise<Shown[]>;
}

export async function startDesktop(): Promise<Desktop> {
  const folder = tempFolder("/tmp");
  const base = { PATH: process.env["PATH"]!, HOME: folder.path, XDG_RUNTIME_DIR: folder.path };
  const stop = new AsyncDisposableStack();
  stop.defer(() => folder[Symbol.dispose]());
  const start = (command: string[], env: Record<string, string>) => {
    const child = Bun.spawn(command, { env, stdin: "ignore", stdout: "pipe", stderr: "ignore" });
    stop.defer(async () => {
      child.kill();
      await child.exited;
    });
    return child;
  };
  const display = await firstLine(
    start(["Xvfb", "-displayfd", "1", "-screen", "0", "800x600x24", "-nolisten", "tcp"], base),
  );
  const address = await firstLine(start(["dbus-daemon", "--session", "--nofork", "--print-address"], base));
  const env = { ...base, DISPLAY: `:${display}`, DBUS_SESSION_BUS_ADDRESS: address };
  start(["dunst"], env);
  const ask = async (...words: string[]) => {
    const child = Bun.spawn(["dunstctl", ...words], { env, stdout: "pipe", stderr: "ignore" });
    return { text: await child.stdout.text(), exitCode: await child.exited };
  };
  while ((await ask("is-paused")).exitCode !== 0) await Bun.sleep(50);
  return {
    env,
    displayed: async () => Number((await ask("count", "displayed")).text),
    async history() {
      const { data } = JSON.parse((await ask("history")).text) as {
        data: Record<"summary" | "body", { data: string }>[][];
      };
      return data.flat().map(({ summary, body }) => ({ summary: summary.data, body: body.data }));
    },
    [Symbol.asyncDispose]: () => stop.disposeAsync(),
  };
}

async function firstLine(child: Bun.Subprocess<"ignore", "pipe", "ignore">): Promise<string> {
  let text = "";
  const decoder = new TextDecoder();
  for await (const chunk of child.stdout) {
    text += decoder.decode(chunk, { stream: true });
    if (text.includes("\n")) break;
  }
  return text.split("\n")[0]!;
}
