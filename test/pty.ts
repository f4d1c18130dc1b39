/** Runs a program on a terminal of its own and plays the person in front of it. */

export interface Person {
  /** Waits until the text appears behind what was waited for before. Throws, with all that was seen, when it does not. */
  see: (text: string | RegExp) => Promise<void>;
  /** Types text as it is: "\r" is Enter, "\x03" is Ctrl-C, "\x7f" is Backspace. */
  type: (text: string) => void;
  /** Sends a signal to the program. */
  signal: (signal: NodeJS.Signals) => void;
  /** Whether the terminal shows what is typed. */
  echoes: () => boolean;
}

export interface TerminalRun {
  /** The exit code; undefined when a signal ended the program. */
  exitCode: number | undefined;
  signal: NodeJS.Signals | undefined;
  /** Everything that appeared on the terminal, with "\r\n" as "\n". */
  screen: string;
  /** Whether the terminal was left as it was found. */
  restored: boolean;
}

interface TerminalOptions {
  /** The whole environment but for TERM; without it that of this process. */
  env?: Record<string, string | undefined>;
  cwd?: string;
  /** The width of the terminal; 120 if not given. */
  cols?: number;
  /** The limit on each wait and on the end of the program. */
  timeoutMs?: number;
}

const ECHO = 0o10;

const ignore = (): void => {};

/**
 * Runs `command` with a new terminal as its controlling terminal (stdin, stdout, stderr and /dev/tty), lets `script`
 * play the person, and waits for the end. To capture stderr, give a shell that redirects it.
 */
export async function runInTerminal(
  command: string[],
  options: TerminalOptions,
  script: (person: Person) => Promise<void>,
): Promise<TerminalRun> {
  const timeoutMs = options.timeoutMs ?? 240_000;
  const decoder = new TextDecoder();
  let screen = "";
  let seenUpTo = 0;
  let onData = ignore;
  const child = Bun.spawn(command, {
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    env: { TERM: "xterm", ...(options.env ?? process.env) },
    terminal: {
      cols: options.cols ?? 120,
      data(_, data) {
        const text = decoder.decode(data, { stream: true });
        // A terminal answers the question where the cursor is; Nushell waits for that before each prompt.
        if (text.includes("\x1b[6n")) terminal.write("\x1b[1;1R");
        screen += text;
        onData();
      },
    },
  });
  const terminal = child.terminal!;
  const flags = (): number[] => [terminal.localFlags, terminal.inputFlags, terminal.outputFlags];
  const before = flags();

  function find(text: string | RegExp): boolean {
    const rest = screen.slice(seenUpTo);
    const match = typeof text === "string" ? { index: rest.indexOf(text), length: text.length } : matchOf(rest, text);
    if (match.index < 0) return false;
    seenUpTo += match.index + match.length;
    return true;
  }

  const person: Person = {
    async see(text) {
      const { promise, resolve, reject } = Promise.withResolvers<void>();
      const fail = (why: string): void => reject(new Error(`Expected ${text} ${why}, got:\n${screen.slice(seenUpTo)}`));
      const timer = setTimeout(() => fail(`within ${timeoutMs} ms`), timeoutMs);
      onData = () => find(text) && resolve();
      onData();
      void child.exited.then(() => fail("before the program ended"));
      try {
        await promise;
      } finally {
        clearTimeout(timer);
        onData = ignore;
      }
    },
    type: (text) => void terminal.write(text),
    signal: (signal) => child.kill(signal),
    echoes: () => (terminal.localFlags & ECHO) !== 0,
  };

  const timer = setTimeout(() => child.kill("SIGKILL"), timeoutMs * 3);
  try {
    await script(person);
    await child.exited;
    const restored = before.every((value, index) => value === flags()[index]);
    return {
      exitCode: child.exitCode ?? undefined,
      signal: (child.signalCode as NodeJS.Signals | null) ?? undefined,
      screen: screen.replaceAll("\r\n", "\n"),
      restored,
    };
  } finally {
    clearTimeout(timer);
    child.kill("SIGKILL");
    terminal.close();
  }
}

function matchOf(text: string, pattern: RegExp): { index: number; length: number } {
  const match = pattern.exec(text);
  return match ? { index: match.index, length: match[0].length } : { index: -1, length: 0 };
}
