/** What is being built: the commit, its time, and where the project is published. */
import { join } from "node:path";
import packageJson from "../package.json" with { type: "json" };

const root = join(import.meta.dir, "..");

export interface Source {
  version: string;
  /** 40 hexadecimal digits. */
  commit: string;
  /** Seconds since 1970: SOURCE_DATE_EPOCH, else the commit's time. https://reproducible-builds.org/specs/source-date-epoch/ */
  time: number;
  /** `https://github.com/OWNER/NAME`, without a slash at its end. */
  repository: string;
}

/**
 * Reads it. On GitHub Actions the repository is the one that the workflow runs in, so that a fork publishes downloads
 * that come from the fork; elsewhere the one in package.json. Throws outside of a git repository.
 */
export function readSource(env: Record<string, string | undefined> = process.env): Source {
  const repository = env["GITHUB_REPOSITORY"];
  const changed = git("status", "--porcelain", "--untracked-files=no");
  if (changed !== "") console.warn(`for trial only: not what the commit has\n${changed}`);
  return {
    version: packageJson.version,
    commit: git("rev-parse", "HEAD"),
    time: sourceTime(env),
    repository:
      repository === undefined
        ? packageJson.repository.url.replace(/^git\+|\.git$/g, "")
        : `${env["GITHUB_SERVER_URL"] ?? "https://github.com"}/${repository}`,
  };
}

/** The time of what is built, as {@link Source.time}; 1970 without git or its repository. Throws for another SOURCE_DATE_EPOCH. */
export function sourceTime(env: Record<string, string | undefined> = process.env): number {
  const time = env["SOURCE_DATE_EPOCH"] ?? (commitTime() || "0");
  if (!/^\d{1,12}$/.test(time)) throw new Error(`expected SOURCE_DATE_EPOCH in seconds, got ${time}`);
  return Number(time);
}

function commitTime(): string {
  if (Bun.which("git") === null) return "";
  const { stdout } = Bun.spawnSync(["git", "log", "-1", "--format=%ct"], { cwd: root, stderr: "ignore" });
  return stdout.toString().trim();
}

function git(...args: string[]): string {
  const { exitCode, stdout, stderr } = Bun.spawnSync(["git", ...args], { cwd: root });
  if (exitCode !== 0) throw new Error(`a release is built from a commit: git ${args[0]}: ${stderr.toString().trim()}`);
  return stdout.toString().trim();
}
