/** What build.ts has put into this executable. */
import packageJson from "../../package.json" with { type: "json" };

/** Defined by build.ts; from the sources there is no such name. */
declare const VOUCH_HAS_FIRST_STAGE: boolean;

export interface BuildInfo {
  version: string;
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
  runtime: `bun ${Bun.version}`,
  platform: `${process.platform}-${process.arch}`,
  ...(typeof VOUCH_HAS_FIRST_STAGE === "boolean" && { firstStage: VOUCH_HAS_FIRST_STAGE }),
};
