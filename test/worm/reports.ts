/**
 * Listens for what the worms report: one connection each, a line with the worm, the attempt and whether it was made, then
 * what it got.
 */
import { createServer } from "node:net";

export interface Report {
  worm: string;
  attempt: string;
  /** "made"; else `got` says why not. */
  state: string;
  got: string;
}

export interface ReportListener {
  /** The path of its Unix socket. */
  path: string;
  reports: Report[];
  /** Resolves as soon as the worm has come to this end, false when it has not in time. */
  ended(worm: string, end: string, timeoutMs: number): Promise<boolean>;
  stop(): void;
}

const maxReportBytes = 64 << 20;

export async function startReportListener(path: string): Promise<ReportListener> {
  const reports: Report[] = [];
  let changed = (): void => {};
  const server = createServer((socket) => {
    const parts: Buffer[] = [];
    let size = 0;
    socket.on("error", () => {});
    socket.on("data", (data: Buffer) => {
      size += data.length;
      if (size > maxReportBytes) socket.destroy();
      else parts.push(data);
    });
    socket.on("end", () => {
      const text = Buffer.concat(parts).toString("latin1");
      const line = text.indexOf("\n");
      const [worm = "", attempt = "", state = ""] = text.slice(0, line).split("\t");
      reports.push({ worm, attempt, state, got: text.slice(line + 1) });
      changed();
    });
  });
  await new Promise<void>((resolve) => void server.listen(path, resolve));
  return {
    path,
    reports,
    async ended(worm, end, timeoutMs) {
      const has = () => reports.some((report) => report.worm === worm && report.attempt === end);
      const { promise, resolve } = Promise.withResolvers<boolean>();
      const timer = setTimeout(() => resolve(false), timeoutMs);
      changed = () => has() && resolve(true);
      changed();
      try {
        return await promise;
      } finally {
        clearTimeout(timer);
      }
    },
    stop: () => void server.close(),
  };
}
