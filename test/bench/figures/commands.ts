/** What else a person waits for: commands, over the runtime's own start, and the login until it asks for the PIN. */
import { closeSync, openSync } from "node:fs";
import { dlopen } from "bun:ffi";
import { executable, type Laptop, sandboxExecutable } from "../../laptop.ts";
import { runInTerminal } from "../../pty.ts";
import { names } from "../../sandbox/main.ts";
import { compileProgram } from "../floor.ts";
import { attempt, reportRatio, skip } from "../report.ts";
import { type Timed, timeInTurn } from "../timing.ts";

const runs = 60;
/** A cold start reads a hundred megabytes. */
const coldRuns = 15;
const loginRuns = 15;
const coldFigure = "helper_cold_over_floor_cold";
const loginFigure = "login_to_prompt_over_floor";

/** Measures on a laptop that is logged in and set up. */
export async function measureCommands(laptop: Laptop, folder: string): Promise<void> {
  const { env } = laptop;
  const floorProgram = await compileProgram(folder, "commands-floor", "process.exit(0);\n");
  const floor: Timed = { commands: [[floorProgram]], env };
  const repository = ["--domain", names.domain, "--repository", names.repository];
  for (const [figure, words] of [
    ["version_over_floor", ["--version"]],
    ["status_over_floor", ["status"]],
    ["setup_over_floor", ["setup", "codeartifact", "--dry-run", ...repository]],
  ] as const) {
    await attempt([figure], async () => {
      const [times, floorTimes] = await timeInTurn([{ commands: [[executable, ...words]], env }, floor], runs);
      reportRatio(figure, `\`vouch ${words.join(" ")}\``, times!, "a compiled program that only exits", floorTimes!);
    });
  }
  await attempt([loginFigure], () => measureLogin(laptop, floor));
  await attempt([coldFigure], () => measureCold(floor, floorProgram, env));
}

/** From Enter to the question for the PIN: the server and the security key are asked before it. */
async function measureLogin({ env }: Laptop, floor: Timed): Promise<void> {
  const times: number[] = [];
  const floorTimes: number[] = [];
  for (let run = -1; run < loginRuns; run++) {
    const before = performance.now();
    let time = 0;
    await runInTerminal([sandboxExecutable, "login"], { env }, async ({ see, type }) => {
      await see("PIN of your security key");
      time = performance.now() - before;
      type("\x03");
    });
    const [[floorTime]] = (await timeInTurn([floor], 1)) as [[number]];
    if (run < 0) continue;
    times.push(time);
    floorTimes.push(floorTime);
  }
  const what = "`vouch login` until it asks for the PIN";
  reportRatio(loginFigure, what, times, "a compiled program that only exits", floorTimes);
}

/** With nothing of the program in the page cache, as after the machine's start. */
async function measureCold(floor: Timed, floorProgram: string, env: Record<string, string>): Promise<void> {
  if (process.platform !== "linux") return skip(coldFigure, "only Linux lets a program leave the page cache");
  const helper: Timed = {
    commands: [[executable, "exec", "--", "/bin/true"]],
    env,
    prepare: () => leavePageCache(executable),
  };
  const cold: Timed = { ...floor, prepare: () => leavePageCache(floorProgram) };
  const [times, floorTimes] = await timeInTurn([helper, cold], coldRuns);
  reportRatio(coldFigure, "a cold `vouch exec -- /bin/true`", times!, "the floor, cold too", floorTimes!);
}

/** posix_fadvise(2), POSIX_FADV_DONTNEED. */
function leavePageCache(path: string): void {
  const functions = { posix_fadvise: { args: ["i32", "i64", "i64", "i32"], returns: "i32" } } as const;
  const libc = dlopen("libc.so.6", functions);
  const file = openSync(path, "r");
  try {
    libc.symbols.posix_fadvise(file, 0, 0, 4);
  } finally {
    closeSync(file);
    libc.close();
  }
}
