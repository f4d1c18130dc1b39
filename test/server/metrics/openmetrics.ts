/** Reads OpenMetrics text by the specification's reference parser, that of the Python client. */
import { existsSync } from "node:fs";

/** Debian's, which has what apt-get installs; another may be on PATH before it. */
const debianPython = "/usr/bin/python3";

interface Sample {
  name: string;
  labels: Record<string, string>;
  value: string;
}

export interface MetricFamily {
  type: string;
  unit: string;
  help: string;
  samples: Sample[];
}

/** Whether the parser is installed. In CI it is, or it throws. */
export function requiresOpenMetrics(): boolean {
  if (
    existsSync(debianPython) &&
    Bun.spawnSync([debianPython, "-c", "import prometheus_client.openmetrics.parser"]).success
  )
    return true;
  if (process.env["CI"] === "true")
    throw new Error("In CI every test runs, but not installed: python3-prometheus-client");
  console.warn("SKIPPED: needs python3-prometheus-client, not installed on this machine");
  return false;
}

/** The families by name. Throws what the parser says. */
export function parseOpenMetrics(text: string): Record<string, MetricFamily> {
  const script = new URL("openmetrics.py", import.meta.url).pathname;
  const { exitCode, stdout, stderr } = Bun.spawnSync([debianPython, script], { stdin: Buffer.from(text) });
  if (exitCode !== 0) throw new Error(`not OpenMetrics: ${stderr.toString().trim().split("\n").at(-1)}`);
  // The parser passes over this, which the specification forbids.
  const series = [...text.matchAll(/^[a-z_]+(?:\{.*\})?(?= \S+$)/gm)].map(([name]) => name);
  if (new Set(series).size !== series.length) throw new Error("not OpenMetrics: a series is there twice");
  return JSON.parse(stdout.toString()) as Record<string, MetricFamily>;
}
