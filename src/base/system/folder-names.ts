/** The names in folders that may not be there. */
import { readdirSync } from "node:fs";

/** The names in the folder, in no order; none if it cannot be read. */
export function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
