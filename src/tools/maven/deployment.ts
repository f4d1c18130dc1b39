/**
 * Where `mvn deploy` goes. `<distributionManagement>` names an id, whose credentials a project could have sent anywhere:
 * only Maven's property `altDeploymentRepository` names id and URL together, from the command line, so that both are
 * Vouch's. The id is for one run, and a POM that has a word of its own about that property gets none.
 * https://maven.apache.org/plugins/maven-deploy-plugin/deploy-mojo.html#altDeploymentRepository
 */
import type { EndpointToken } from "../../helper/tokens.ts";
import { VouchError } from "../../base/errors.ts";
import { newDeploymentId } from "./names.ts";
import type { Poms } from "./project/poms.ts";

export interface Deployment {
  /** Options for Maven. */
  options: string[];
  /** Why none are given to a deployment. */
  doubt?: VouchError;
  /** Where it goes, if no POM says so. */
  chosen?: string;
}

type Kind = "alt" | "altRelease" | "altSnapshot";
/** The plugin before 2.8 knows the first one only; of a parent's own, the others would come before it. */
const every: readonly Kind[] = ["alt", "altRelease", "altSnapshot"];

/** Whether the words name a goal or phase that deploys. */
export function deploys(words: readonly string[]): boolean {
  return words.some((word) => /^(?:[^-].*:)?deploy(?:@\S*)?$/.test(word));
}

/** Whether the words say themselves where to deploy. */
export function namesDeployment(words: readonly string[]): boolean {
  return words.some((word) => /^(?:-D|--define=)?alt(?:Release|Snapshot)?DeploymentRepository(?:=|$)/.test(word));
}

/** An endpoint with the id that its credentials are bound to for a deployment of this run. */
export interface Target {
  variable: string;
  endpoint: string;
  id: string;
}

/** The endpoints whose token Maven's settings name, each with a new id. */
export function deploymentIds(endpoints: readonly EndpointToken[]): Target[] {
  return endpoints.flatMap(({ variable, endpoint }) =>
    variable === undefined ? [] : [{ variable, endpoint, id: newDeploymentId() }],
  );
}

/**
 * The options for a deployment of these POMs: to the repository that `<distributionManagement>` names by its URL, if it
 * is one of the endpoints; else, if no POM names any, to the default one, which is the last.
 */
export function deploymentOf(poms: Poms, ours: readonly Target[]): Deployment {
  const byDefault = ours.at(-1);
  if (byDefault === undefined) return { options: [] };
  const named = new Set([...poms.releases, ...poms.snapshots]);
  if (poms.alternative !== undefined) {
    return doubt(
      `${poms.alternative} has a word of its own about altDeploymentRepository`,
      byDefault,
      "Take it out of the POM, or give -DaltDeploymentRepository on the command line if you deploy elsewhere.",
    );
  }
  if (named.size === 0) {
    if (!poms.isPartial) return { options: option(every, byDefault), chosen: byDefault.endpoint };
    return doubt("The parent of this POM, which is not here, may say where to deploy", byDefault);
  }
  const find = (url: string): Target | undefined => ours.find(({ endpoint }) => bare(endpoint) === bare(url));
  const other = [...named].find((url) => find(url) === undefined);
  if (other?.includes("${")) return doubt(`The POM's address to deploy to is ${other}`, byDefault);
  // Not Vouch's to deploy.
  if (other !== undefined) return { options: [] };
  if (poms.releases.size > 1 || poms.snapshots.size > 1) {
    return doubt("The modules of this project name several addresses to deploy to", byDefault);
  }
  const [release] = [...poms.releases].map(find);
  const [snapshot = release] = [...poms.snapshots].map(find);
  if (release !== undefined && release === snapshot) return { options: option(every, release) };
  return {
    options: [
      ...(release ? option(["altRelease"], release) : []),
      ...(snapshot ? option(["altSnapshot"], snapshot) : []),
    ],
  };
}

/** With a layout, as versions of the plugin before 3 want it and later ones take it. */
function option(kinds: readonly Kind[], { id, endpoint }: Target): string[] {
  return kinds.map((kind) => `-D${kind}DeploymentRepository=${id}::default::${endpoint}`);
}

function doubt(
  why: string,
  { endpoint }: Target,
  hint = `Name it in the POM's <distributionManagement>, with the URL ${endpoint}`,
): Deployment {
  return {
    options: [],
    doubt: new VouchError("project_untrusted", `${why}: Vouch leads no deployment to your repository.`, {
      hint,
    }),
  };
}

function bare(url: string): string {
  return url.replace(/\/+$/, "");
}
