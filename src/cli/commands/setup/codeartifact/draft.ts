/**
 * In-memory draft of settings and tool files during the planning of a setup or removal: each step sees the changes of
 * earlier steps, and nothing is written.
 */
import type { Environment } from "../../../../base/environment.ts";
import { packageEndpoint } from "../../../../aws/package-endpoints.ts";
import { isMarked, markedAround, replacedIn } from "../../../../editing/marked.ts";
import { VouchError } from "../../../../base/errors.ts";
import { isPublicLine, type ReplacedLines } from "../../../../editing/replaced-lines.ts";
import type { RepositorySettings, Settings } from "../../../../settings/settings.ts";
import { type FileChange, readUserFile } from "../../../../editing/user-file.ts";
import { previewLine } from "./outcome/preview.ts";
import { blockId, sameRepository } from "./request.ts";
import type { ToolEdit } from "../../../../tools/tool.ts";
import { type ToolName, toolNames, tools } from "../../../../tools/tools.ts";

/** A name that nobody can guess. */
function newTokenVariable(): string {
  return `VOUCH_TOKEN_${Buffer.from(crypto.getRandomValues(new Uint8Array(8)))
    .toString("hex")
    .toUpperCase()}`;
}

/** A change of a package manager's file. */
export interface ToolChange extends FileChange {
  tool: ToolName;
}

export interface DraftContext {
  env: Environment;
  /** The path of the vouch executable, as written into files. */
  executable: string;
  /** Stored copies of lines that blocks have replaced. */
  replaced: ReplacedLines[];
}

export class Draft {
  settings: Settings;
  replaced: ReplacedLines[];
  readonly #warnings = new Set<string>();
  /** By file and tool: what the last edit has to say of the file's text when all edits are done. */
  readonly #atEnd = new Map<string, { file: string; warningsOf: (text: string) => string[] }>();
  readonly #changes = new Map<string, ToolChange>();
  readonly #context: DraftContext;
  /** Repositories that earlier steps have removed; other blocks may still repeat their lines. */
  readonly #former: RepositorySettings[];

  constructor(settings: Settings, context: DraftContext) {
    this.settings = settings;
    this.#former = settings.repositories;
    this.replaced = context.replaced;
    this.#context = context;
  }

  /** Full sentences for the user. */
  get warnings(): string[] {
    const atEnd = [...this.#atEnd.values()].flatMap(({ file, warningsOf }) => warningsOf(this.#read(file) ?? ""));
    return [...this.#warnings, ...atEnd];
  }

  /** The files with their text before and after all steps. */
  get changes(): ToolChange[] {
    return [...this.#changes.values()];
  }

  /**
   * Adds the repository, with the endpoints of these tools, to the settings and to the tools' files: at index `place`,
   * else last. The last is the default repository, as in the files of pip and npm. Cargo has no default: set up for
   * Cargo alone, an existing repository keeps its index. Returns the merged repository.
   */
  add(repository: RepositorySettings, names: ToolName[], place?: number): RepositorySettings {
    const { env } = this.#context;
    const old = this.settings.repositories.find((other) => sameRepository(other, repository));
    const files = Object.fromEntries(names.map((tool) => [tool, tools[tool].path(env)]));
    const merged: RepositorySettings = {
      ...old,
      ...repository,
      endpoints: { ...old?.endpoints, ...repository.endpoints },
      files: { ...old?.files, ...files },
    };
    if (names.some((tool) => tools[tool].needsVariable)) merged.tokenVariable ??= newTokenVariable();
    if (!repository.extra) delete merged.extra;
    for (const key of names.flatMap((tool) => tools[tool].settings)) {
      if (repository[key] === undefined) delete merged[key];
    }
    for (const tool of names) {
      const { path } = tools[tool];
      const formerFile = old?.files?.[tool];
      if (old && formerFile !== undefined && formerFile !== path(env)) this.#unset(formerFile, tool, old);
      this.#set(path(env), tool, merged, old);
    }
    const stays = names.every((tool) => !tools[tool].hasDefault);
    const index = old && this.settings.repositories.indexOf(old);
    // The last is the default: one beside the public registry goes before all others.
    const own = repository.extra ? (old?.extra ? index : 0) : stays ? index : undefined;
    const at = place ?? own;
    const repositories = this.settings.repositories.filter((other) => other !== old);
    repositories.splice(at ?? repositories.length, 0, merged);
    this.settings = { ...this.settings, repositories };
    return merged;
  }

  /** Removes the repository from the tools' files, and from the settings if no tool remains. */
  remove(repository: RepositorySettings, names: ToolName[]): void {
    const rest = structuredClone(repository);
    for (const tool of names) {
      const { format } = tools[tool];
      for (const file of this.#places(tool, repository)) {
        try {
          this.#unset(file, tool, repository);
        } catch (error) {
          // A file in which the repository was not set up, and that cannot be read: nothing of Vouch's is in it.
          if (repository.files?.[tool] === file || !(error instanceof VouchError)) throw error;
        }
      }
      delete rest.files?.[tool];
      const others = toolNames.filter((other) => other !== tool && rest.files?.[other] !== undefined);
      if (!others.some((other) => tools[other].format === format)) delete rest.endpoints[format];
      for (const key of tools[tool].settings) {
        const isShared = toolNames.some(
          (other) => rest.files?.[other] !== undefined && tools[other].settings.includes(key),
        );
        if (!isShared) delete rest[key];
      }
    }
    if (!toolNames.some((tool) => tools[tool].needsVariable && rest.files?.[tool] !== undefined)) {
      delete rest.tokenVariable;
    }
    const repositories = this.settings.repositories.flatMap((other) => {
      if (!sameRepository(other, repository)) return [other];
      return Object.keys(rest.endpoints).length > 0 ? [rest] : [];
    });
    this.settings = { ...this.settings, repositories };
  }

  /** Returns the file that was edited, and the one that the tool currently reads. */
  #places(tool: ToolName, repository: RepositorySettings): Set<string> {
    const { path } = tools[tool];
    const edited = repository.files?.[tool];
    try {
      return new Set([edited, path(this.#context.env)].filter((file) => file !== undefined));
    } catch (error) {
      // The environment now tells the tool to read no file; the earlier edit must still be undone.
      if (edited !== undefined) return new Set([edited]);
      throw error;
    }
  }

  #set(file: string, tool: ToolName, repository: RepositorySettings, old: RepositorySettings | undefined): void {
    if (file === "") return;
    const id = blockId(repository);
    const before = this.#read(file);
    const clean =
      old && before !== undefined && this.#lostItsMarks(before, tool, old, file)
        ? this.#drop(file, before, tool, old)
        : before;
    const { text, warnings, atEnd } = tools[tool].set(clean, repository, this.#edit(file, tool, repository));
    for (const warning of warnings) this.#warnings.add(warning);
    if (atEnd) this.#atEnd.set(`${tool} ${file}`, { file, warningsOf: atEnd });
    this.#write(file, tool, text);
    this.#remember(file, id, replacedIn(text, id, file));
  }

  /** Blocks around the repository's may repeat its lines: they are taken out with it, and set again without them. */
  #unset(file: string, tool: ToolName, repository: RepositorySettings): void {
    if (file === "") return;
    const around = markedAround(this.#read(file) ?? "", blockId(repository), file).flatMap(
      (id) => this.settings.repositories.find((each) => blockId(each) === id) ?? [],
    );
    for (const each of around) this.#takeOut(file, tool, each);
    this.#takeOut(file, tool, repository);
    for (const each of around.toReversed()) this.#set(file, tool, each, undefined);
  }

  #takeOut(file: string, tool: ToolName, repository: RepositorySettings): void {
    const before = this.#read(file);
    const id = blockId(repository);
    if (before !== undefined) {
      const after = this.#lostItsMarks(before, tool, repository, file)
        ? this.#drop(file, before, tool, repository)
        : tools[tool].unset(before, id, this.#edit(file, tool, repository), (line) => {
            this.#warnings.add(
              `${file}: you have changed or added this line in Vouch's block, and it stays: ${previewLine(line)}`,
            );
          });
      this.#write(file, tool, after);
    }
    this.#remember(file, id, undefined);
  }

  /** Removes the lines of a repository whose block marks are gone, and restores the lines that they had replaced. */
  #drop(file: string, text: string, tool: ToolName, repository: RepositorySettings): string | undefined {
    const { drop, format } = tools[tool];
    if (drop === undefined || repository.endpoints[format] === undefined) return text;
    const known = this.replaced.find((each) => each.path === file && each.id === blockId(repository));
    const dropped = drop(text, repository, known?.lines ?? []);
    if (dropped === undefined) {
      this.#passOn(file, tool, repository, known);
      return text;
    }
    if (known === undefined || known.withheld > 0) {
      this.#warnings.add(
        `${file} was written anew by another program, without its comments. ${
          known === undefined
            ? "What Vouch's lines had replaced, if anything, is not known."
            : "A line that Vouch's had replaced may have held a secret, so Vouch kept no copy: set it again."
        }`,
      );
    }
    return known?.existed === false && /^\s*(\[global\]\s*)?$/.test(dropped) ? undefined : dropped;
  }

  /** If a later repository's block replaced this one's lines, lets that block restore the original lines instead. */
  #passOn(file: string, tool: ToolName, repository: RepositorySettings, known: ReplacedLines | undefined): void {
    if (known === undefined) return;
    const endpoint = repository.endpoints[tools[tool].format]!;
    const heir = this.replaced.find(
      (each) =>
        each !== known && each.path === file && each.lines.some((line) => line.includes(new URL(endpoint).pathname)),
    );
    if (heir) {
      const { lines, withheld, existed } = known;
      this.replaced = this.replaced.map((each) => (each === heir ? { ...heir, lines, withheld, existed } : each));
    } else if (known.lines.length > 0) {
      const lines = known.lines.map(previewLine).join(", ");
      this.#warnings.add(
        `${file} has other lines in the place of Vouch's. What Vouch's had replaced is not put back: ${lines}`,
      );
    }
  }

  /** Whether the settings record an edit of this file, but the file has no marks of it. */
  #lostItsMarks(text: string, tool: ToolName, repository: RepositorySettings, path: string): boolean {
    return repository.files?.[tool] === path && !isMarked(text, blockId(repository), path);
  }

  #remember(path: string, id: string, found: { existed: boolean; lines: string[] } | undefined): void {
    const rest = this.replaced.filter((each) => each.path !== path || each.id !== id);
    const lines = found?.lines.filter(isPublicLine) ?? [];
    this.replaced = found
      ? [...rest, { path, id, existed: found.existed, lines, withheld: found.lines.length - lines.length }]
      : rest;
  }

  #edit(file: string, tool: ToolName, repository: RepositorySettings): ToolEdit {
    const { format } = tools[tool];
    const all = [...this.settings.repositories, ...this.#former, repository].map(({ endpoints }) => endpoints[format]);
    const endpoints = [...all, packageEndpoint({ ...repository, format })].filter((each) => each !== undefined);
    return { id: blockId(repository), file, executable: this.#context.executable, endpoints };
  }

  #read(path: string): string | undefined {
    const change = this.#changes.get(path);
    return change ? change.after : readUserFile(path);
  }

  #write(path: string, tool: ToolName, after: string | undefined): void {
    const before = this.#changes.has(path) ? this.#changes.get(path)!.before : readUserFile(path);
    this.#changes.set(path, { tool, path, before, after });
  }
}
