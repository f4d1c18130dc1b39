/** The tree of all commands, loaded: the source of help, completions and manual page. */
import type { ArgsDef } from "citty";
import type { Command, CommandEntry, Roles } from "./command.ts";

export interface CommandNode {
  /** Last word of the path: `stop`. */
  name: string;
  /** Full path: `vouch agent stop`. */
  path: string;
  description: string;
  args: ArgsDef;
  teaching: NonNullable<Command["teaching"]>;
  children: CommandNode[];
  /** Without a sub-command it does something, too. */
  runsItself: boolean;
}

/** Loads the tree of the table's commands; its root is `vouch` itself. */
export async function commandTree(commands: Record<string, CommandEntry>, roles: Roles): Promise<CommandNode> {
  const children = Object.entries(commands).map(async ([name, { load }]) => nodeOf(name, "vouch", await load(roles)));
  return {
    name: "vouch",
    path: "vouch",
    description: "private packages from AWS CodeArtifact with a security key and no secret on disk",
    args: {},
    teaching: {},
    children: await Promise.all(children),
    runsItself: false,
  };
}

/** Loads the sub-commands of a command. */
export async function subCommandsOf(command: Command): Promise<Record<string, Command>> {
  const definition = await (typeof command.subCommands === "function" ? command.subCommands() : command.subCommands);
  const loaded = Object.entries(definition ?? {}).map(async ([name, value]) => [
    name,
    await (typeof value === "function" ? value() : value),
  ]);
  return Object.fromEntries(await Promise.all(loaded)) as Record<string, Command>;
}

async function nodeOf(name: string, parent: string, command: Command): Promise<CommandNode> {
  const path = `${parent} ${name}`;
  const below = Object.entries(await subCommandsOf(command));
  return {
    name,
    path,
    description: command.meta.description,
    args: (command.args ?? {}) as ArgsDef,
    teaching: command.teaching ?? {},
    children: await Promise.all(below.map(([word, child]) => nodeOf(word, path, child))),
    runsItself: command.run !== undefined,
  };
}
