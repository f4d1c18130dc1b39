/** Arguments that the commands about groups share. */
import { databaseArg } from "../database/database.ts";

/** The group that a command is about. */
export const groupArg = {
  group: { type: "positional", description: "The group's name.", valueHint: "GROUP", required: true },
} as const;

export const emailArg = {
  email: { type: "positional", description: "The person.", valueHint: "EMAIL", required: true },
} as const;

export const commonArgs = {
  ...databaseArg,
  json: { type: "boolean", description: "Print one JSON object." },
} as const;
