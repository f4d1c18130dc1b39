/** Whether the running agent is of this version of vouch: after an update it is the old one until it is replaced. */
import type { StatusReply } from "../../agent/protocol.ts";
import { type BuildInfo, buildInfo } from "../../base/build-info.ts";

/** How an agent of another version stands to this executable; `other`: another build of the same version. */
export type Relation = "older" | "newer" | "other";

export interface OtherVersion {
  relation: Relation;
  /** Sentences: what was found, and what helps. */
  found: string;
  remedy: string;
}

type Version = Pick<BuildInfo, "version" | "build">;

/** Undefined if agent and executable are of one version and build, as far as they say. */
export function otherVersion(agent: Version & Pick<StatusReply, "version">, own: Version = buildInfo) {
  const relation = relationOf(agent, own);
  if (relation === undefined) return undefined;
  const found =
    relation === "other"
      ? `The running agent is of another build of vouch ${own.version} (${agent.build}) than this one (${own.build}).`
      : `The running agent is of vouch ${agent.version}, this is vouch ${own.version}.`;
  const remedy =
    relation === "newer"
      ? "It goes on with this one, too; `which -a vouch` shows where the newer one is."
      : "It goes on until the session ends, or until `vouch login` replaces it.";
  return { relation, found, remedy } satisfies OtherVersion;
}

function relationOf(agent: Version, own: Version): Relation | undefined {
  if (agent.version === own.version) {
    return agent.build === undefined || own.build === undefined || agent.build === own.build ? undefined : "other";
  }
  try {
    return Bun.semver.order(agent.version, own.version) > 0 ? "newer" : "older";
  } catch {
    // No version of ours looks like this: it is replaced as an older one.
    return "older";
  }
}
