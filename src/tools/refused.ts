/** Tools that cannot be set up: their entry in the table says why, and what to do instead. */
import type { PackageFormat } from "../base/package-format.ts";
import { VouchError } from "../base/errors.ts";
import { nothingWritten } from "./nothing-written.ts";
import type { Tool } from "./tool.ts";

export interface RefusedTool {
  format: PackageFormat;
  programs: string[];
  alsoFor?: string[];
  /** Full sentences. */
  refusal: string;
}

/** The entry of a tool that nothing is written for. */
export function refusedTool({ refusal, ...tool }: RefusedTool): Tool {
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
    tokenPlaces: () => [],
  };
}
