/** The profile that a command is about. */
export const profileArg = {
  profile: { type: "positional", description: "The profile's name.", valueHint: "NAME", required: true },
} as const;
