/** Members of tools that no file is written for: their shim is enough, or they cannot be set up. */
import type { Tool } from "./tool.ts";

export const nothingWritten = {
  path: () => "",
  unset: (text: string) => text,
  hasDefault: false,
  settings: [],
  takesAll: () => false,
  warnings: () => [],
  check: () => [],
} satisfies Partial<Tool>;
