/** What build.ts has put into this executable. */
import packageJson from "../../package.json" with { type: "json" };

/** Defined by build.ts; from the sources there are no such names. */
declare const VOUCH_HAS_FIRST_STAGE: boolean;
declare const VOUCH_BUILD: string;

export interface BuildInfo {
  version: string;
  /** Names the sources, so that two builds of one version can be told apart; absent as `firstStage`. */
  build?: string;
  /** The version of Bun. */
  runtime: string;
  /** `linux-x64`, as Node.js names platform and architecture. */
  platform: string;
  /**
   * Whether the native first stage answers the plain cases of helpers, without starting the runtime. Linux only; absent
   * where the sources run without having been built.
   */
  firstStage?: boolean;
}

export const buildInfo: BuildInfo = {
  version: packageJson.version,
  ...(typeof VOUCH_BUILD === "string" && { build: VOUCH_BUILD }),
  runtime: `bun ${Bun.version}`,
  platform: `${process.platform}-${process.arch}`,
  ...(typeof VOUCH_HAS_FIRST_STAGE === "boolean" && { firstStage: VOUCH_HAS_FIRST_STAGE }),
};
