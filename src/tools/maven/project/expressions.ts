/**
 * Which of Maven's expressions (`${…}`) a project's data may have. Maven takes one for a plugin by the getters of its
 * own objects, which hold the user's settings, mirrors and tokens, and takes for such an object every name that only
 * begins like it (`${settingsX.servers}`). Of the objects only what is known to hold no more than the POM's own data
 * passes; a name that leads to no object is a property.
 * https://maven.apache.org/ref/current/maven-core/apidocs/org/apache/maven/plugin/PluginParameterExpressionEvaluator.html
 */

/** The objects' names, in lower case. */
const objects = [
  "executedproject",
  "localrepository",
  "mojo",
  "plugin",
  "pom",
  "project",
  "reactorprojects",
  "repositorysystemsession",
  "session",
  "settings",
];

/** Names without a path that lead to an object. */
const whole = new Set([...objects, "mojodescriptor", "mojoexecution", "projectbuildingrequest"]);

/** What a POM's own elements hold. */
const projectData =
  /^(?:parent\.)*(?:id|groupId|artifactId|version|name|description|url|packaging|inceptionYear|modelVersion|defaultGoal|executionRoot|modules|(?:test)?compileSourceRoots|(?:compile|test|runtime)ClasspathElements|base(?:dir|Uri|Directory)|rootDirectory|(?:file|parentFile|basedir)(?:\.\w+)*|(?:build|scm|organization|issueManagement|ciManagement|reporting|prerequisites|properties|distributionManagement)(?:\.[\w-]+)+|build\.(?:test)?resources\[\d+\]\.\w+|(?:test)?resources\[\d+\]\.\w+|(?:licenses|developers|contributors|mailingLists)\[\d+\](?:\.\w+)+|artifact(?:Map\([\w.:-]+\))?\.(?:id|groupId|artifactId|version|baseVersion|classifier|type|scope|file|selectedVersion(?:\.\w+)?)|artifactMap\([\w.:-]+\))$/i;

/** What Maven's objects hold besides, in lower case: a project's name for a property may not begin so. */
const members = new Set(
  (
    "artifact artifacts model parent dependencies dependencymanagement repositories buildplugins plugins plugin pluginmanagement " +
    "activeprofiles injectedprofileids collectedprojects originalmodel managedversionmap buildextensions projectreferences " +
    "classrealm extensiondependencyfilter executionproject compiledependencies testdependencies runtimedependencies " +
    "systemdependencies reportplugins mojos components lifecyclemappings source dependencynode servers serversasmap " +
    "mirrors proxies activeproxy profiles profilesasmap delegate settings request result container projects project " +
    "currentproject toplevelproject alldata userproperties systemproperties executionproperties configuration mojodescriptor " +
    "forkedexecutions allprojects projectdependencygraph projectmap class"
  ).split(" "),
);
const suspicious = /artifact(?!id\b)|repositor|request|session|settings|auth|passw|descriptor/i;

const sessionData = /^(?:executionRootDirectory|startTime|rootDirectory|topDirectory|request\.startTime)$/;
const pluginData = /^(?:version|artifactId|groupId|id|name|goalPrefix)$/;

/** By what Maven's command line is read, which names the id of a deployment. */
const commandLine = /deploymentrepository|maven_cmd_line_args|java\.command/i;

/** Whether it is known that an expression, without its braces, reads nothing of the user's. */
function isHarmlessExpression(expression: string): boolean {
  const name = expression.trim();
  if (/[${]/.test(name) || commandLine.test(name)) return false;
  if (/^env\b/i.test(name)) return !/vouch|codeartifact|aws_/i.test(name);
  const first = /^[^.[(/\s]*/.exec(name)![0];
  const lower = first.toLowerCase();
  const object = objects.find((each) => lower.startsWith(each));
  if (object === undefined) return true;
  if (first === name) return !whole.has(lower);
  if (name[first.length] !== ".") return false;
  const path = name.slice(first.length + 1);
  switch (lower) {
    case "settings":
      return path === "localRepository";
    case "session":
      return sessionData.test(path);
    case "mojo":
    case "mojoexecution":
    case "reactorprojects":
    case "executedproject":
    case "repositorysystemsession":
    case "localrepository":
      return false;
    default:
      return (object === "plugin" ? pluginData : projectData).test(path) || isNoMember(path);
  }
}

function isNoMember(path: string): boolean {
  return (
    path !== "properties" &&
    /^[\w.-]+$/.test(path) &&
    !members.has(/^[^.]*/.exec(path)![0].toLowerCase()) &&
    !suspicious.test(path)
  );
}

/**
 * Whether a name in a file that a build filters leads into what holds the user's settings. What is not known passes:
 * templates of other programs have such names, too.
 */
export function leadsToSettings(expression: string): boolean {
  if (isHarmlessExpression(expression)) return false;
  if (commandLine.test(expression)) return true;
  const [first = "", ...rest] = expression.split(".");
  if (/^env\s*$/i.test(first)) return true;
  const path = rest.join(".").trim();
  return members.has(/^[\w-]*/.exec(path)![0].toLowerCase()) || suspicious.test(path);
}

/**
 * The first part of a text that is not known to be harmless: an expression, one without its end, or a piece of one.
 * Maven puts texts together, so none `canFollow` another with the brace that would make an expression of its `$`.
 */
export function harmfulPart(text: string, { canFollow }: { canFollow: boolean }): string | undefined {
  for (let at = text.indexOf("${"); at >= 0; at = text.indexOf("${", at)) {
    const end = text.indexOf("}", at);
    if (end < 0) return shortened(text.slice(at));
    if (text[end + 1] === "{") return shortened(text.slice(at, end + 2));
    if (!isHarmlessExpression(text.slice(at + 2, end))) return shortened(text.slice(at, end + 1));
    at = end + 1;
  }
  return canFollow && text.trimStart().startsWith("{") ? shortened(text.trim()) : undefined;
}

/** The beginning of a long text. */
export function shortened(text: string): string {
  return text.length > 100 ? `${text.slice(0, 100)}…` : text;
}
