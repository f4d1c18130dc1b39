/**
 * How the release came to be: an in-toto statement (https://in-toto.io/Statement/v1) with SLSA's provenance as its
 * predicate (https://slsa.dev/spec/v1.0/provenance), the form that GitHub's attestations have. The release workflow
 * has GitHub make and sign its own; this unsigned one says the same of a build made elsewhere.
 */
import { bunVersion, runtimeIntegrity } from "./runtime.ts";
import type { Target } from "./targets.ts";

export interface ProvenanceInput {
  repository: string;
  /** The commit, 40 hexadecimal digits. */
  commit: string;
  targets: readonly Target[];
  /** The published files with their SHA-256 in hexadecimal. */
  files: Record<string, string>;
}

/** The statement as JSON text. It names no time and no machine: the same commit gives the same bytes. */
export function provenance({ repository, commit, targets, files }: ProvenanceInput): string {
  const source = `git+${repository}`;
  const statement = {
    _type: "https://in-toto.io/Statement/v1",
    subject: Object.entries(files).map(([name, sha256]) => ({ name, digest: { sha256 } })),
    predicateType: "https://slsa.dev/provenance/v1",
    predicate: {
      buildDefinition: {
        buildType: `${repository}/blob/${commit}/docs/install.md#build-it-yourself`,
        externalParameters: { source: `${source}@${commit}`, targets: targets.map(({ name }) => name) },
        resolvedDependencies: [
          { uri: source, digest: { gitCommit: commit } },
          ...targets.map((target) => ({
            uri: `pkg:npm/${target.runtime.replace("@", "%40")}@${bunVersion}`,
            digest: { sha512: Buffer.from(runtimeIntegrity(target).replace("sha512-", ""), "base64").toString("hex") },
          })),
        ],
      },
      runDetails: { builder: { id: `${repository}/blob/${commit}/build.ts` } },
    },
  };
  return `${JSON.stringify(statement, undefined, 2)}\n`;
}
