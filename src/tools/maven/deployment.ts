/**
 * Where `mvn deploy` goes. `<distributionManagement>` names an id, whose credentials a project could have sent anywhere:
 * only Maven's property `altDeploymentRepository` names id and URL together, from the command line, so that both are
 * Vouch's.
 * https://maven.apache.org/plugins/maven-deploy-plugin/deploy-mojo.html#altDeploymentRepository
 */
import type { EndpointToken } from "../../helper/tokens.ts";
import { VouchError } from "../../base/errors.ts";
import { secretId } from "./names.ts";
import type { Poms } from "./project/poms.ts";

export interface Deployment {
  /** Options for Maven. */
  options: string[];
  /** Why none are given to a deployment. */
  doubt?: VouchError;
  /** Where it goes, if no POM says so. */
  chosen?: string;
}

/** Whether the words name a goal or phase that deploys. */
export function deploys(words: readonly string[]): boolean {
  return words.some((word) => /^(?:[^-].*:)?deploy(?:@\S*)?$/.test(word));
}

/** Whether the words say themselves where to deploy. */
export function namesDeployment(words: readonly string[]): boolean {
  return words.some((word) => /^(?:-D|--define=)?alt(?:Release|Snapshot)?DeploymentRepository(?:=|$)/.test(word));
}

/**
 * The options for a deployment of these POMs: to the repository that `<distributionManagement>` names by its URL, if it
 * is one of the endpoints; else, if no POM names any, to the default one, which is the last.
 */
export function deploymentOf(poms: Poms, endpoints: readonly EndpointToken[]): Deployment {
  const ours = endpoints.filter(({ variable }) => variable !== undefined);
  const byDefault = ours.at(-1);
  if (byDefault === undefined) return { options: [] };
  const named = new Set([...poms.releases, ...poms.snapshots]);
  if (named.size === 0) {
    if (!poms.isPartial) return { options: [option("alt", byDefault)], chosen: byDefault.endpoint };
    return doubt("The parent of this POM, which is not here, may say where to deploy", byDefault);
  }
  const find = (url: string): EndpointToken | undefined => ours.find(({ endpoint }) => bare(endpoint) === bare(url));
  const other = [...named].find((url) => find(url) === undefined);
  if (other?.includes("${")) return doubt(`The POM's address to deploy to is ${other}`, byDefault);
  // Not Vouch's to deploy.
  if (other !== undefined) return { options: [] };
  if (poms.releases.size > 1 || poms.snapshots.size > 1) {
    return doubt("The modules of this project name several addresses to deploy to", byDefault);
  }
  const [release] = [...poms.releases].map(find);
  const [snapshot = release] = [...poms.snapshots].map(find);
  // The plugin before 2.8 knows this one only.
  if (release !== undefined && release === snapshot) return { options: [option("alt", release)] };
  return {
    options: [
      ...(release ? [option("altRelease", release)] : []),
      ...(snapshot ? [option("altSnapshot", snapshot)] : []),
    ],
  };
}

/** With a layout, as versions of the plugin before 3 want it and later ones take it. */
function option(kind: "alt" | "altRelease" | "altSnapshot", { variable, endpoint }: EndpointToken): string {
  return `-D${kind}DeploymentRepository=${secretId(variable!)}::default::${endpoint}`;
}

function doubt(why: string, { endpoint }: EndpointToken): Deployment {
  return {
    options: [],
    doubt: new VouchError("project_untrusted", `${why}: Vouch leads no deployment to your repository.`, {
      hint: `Name it in the POM's <distributionManagement>, with the URL ${endpoint}`,
    }),
  };
}

function bare(url: string): string {
  return url.replace(/\/+$/, "");
}
