/** Tools that cannot be set up: their entry in the table says why, and what to do instead. */
import type { PackageFormat } from "../base/package-format.ts";
import { VouchError } from "../base/errors.ts";
import type { StoredToken } from "./finding.ts";
import { nothingWritten } from "./nothing-written.ts";
import type { Tool } from "./tool.ts";

export interface RefusedTool {
  format: PackageFormat;
  programs: string[];
  alsoFor?: string[];
  /** Full sentences. */
  refusal: string;
  /** Tokens of the format that something else has stored. */
  storedTokens?: Tool["storedTokens"];
}

/** The entry of a tool that nothing is written for. */
export function refusedTool({ refusal, storedTokens, ...tool }: RefusedTool): Tool {
  return {
    ...tool,
    ...nothingWritten,
    refusal: () => refusal,
    set: () => {
      throw new VouchError("usage", refusal);
    },
    written: () => "nothing",
    next: () => [],
    shims: () => [],
    needsShim: () => false,
    variables: [],
    storedTokens: storedTokens ?? ((): StoredToken[] => []),
  };
}
