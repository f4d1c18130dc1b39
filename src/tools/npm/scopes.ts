/** Tools of npm's format: a registry serves all packages, or some scopes, by which alone packages are bound to it. */
import type { Tool } from "../tool.ts";

/** What such a tool does with the scopes of a repository's settings; `name` is its own, for messages. */
export function boundByScope(name: string): Pick<Tool, "hasDefault" | "settings" | "takesAll" | "extra"> {
  return {
    hasDefault: true,
    settings: ["npmScopes"],
    takesAll: ({ npmScopes }) => !npmScopes,
    extra: {
      refusal: ({ npmScopes }) =>
        npmScopes ? undefined : `${name} binds packages to a registry by their scope only: give --scope @NAME`,
    },
  };
}
