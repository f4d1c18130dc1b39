/**
 * The plugin that yarn 4 loads beside the project's: it asks Vouch for the token of a registry, and puts it into
 * the requests that go there, whatever the project's files say about registries and tarballs. Token and variable reach
 * no script. Yarn itself says what it has read, and in which file, so that nothing is parsed twice.
 * https://yarnpkg.com/advanced/plugin-tutorial
 */

import { answerLimitMs } from "../../agent/wire/answer-limits.ts";

/**
 * The plugin's text; `executable` is the path of vouch, `limitMs` how long an answer may take. It runs in Node.js, in
 * yarn's process, and imports yarn's core.
 */
export function pluginText(executable: string, limitMs: { read: number; publish: number } = answerLimitMs): string {
  return `"use strict";
const { execFile } = require("node:child_process");
const { homedir } = require("node:os");
const { dirname } = require("node:path");

const vouch = ${JSON.stringify(executable)};
/** What getNpmAuthenticationHeader says, so that yarn publishes; no request carries it. */
const placeholder = "Bearer in-the-plugin-of-vouch";
/** The root of a repository in AWS CodeArtifact: https://HOST/npm/REPOSITORY/, in a VPC /npm/d/DOMAIN/REPOSITORY/. */
const repository = /^https:\\/\\/([a-z0-9.-]*\\.codeartifact(?:-fips)?\\.[a-z0-9.-]+)(?::443)?(\\/npm\\/(?:d\\/[\\w.-]+\\/)?[\\w.-]+)(?:\\/|$)/;

const answers = new Map();
let isRefusalShown = false;

/** The token for a URL, for what the request does: asked once for each repository and purpose; undefined if Vouch has none, which it says itself on stderr. */
function tokenFor(url, method) {
  const [, host, path] = repository.exec(url) ?? [];
  if (host === undefined) return Promise.resolve(undefined);
  const endpoint = "https://" + host + path + "/";
  const purpose = /^(?:PUT|DELETE)$/i.test(method ?? "") ? "publish" : "read";
  const question = purpose + " " + endpoint;
  if (!answers.has(question)) {
    answers.set(question, new Promise((resolve) => {
      const options = { encoding: "utf8", maxBuffer: 1 << 20, timeout: ${JSON.stringify(limitMs)}[purpose], killSignal: "SIGKILL" };
      execFile(vouch, ["credential", "codeartifact", "--endpoint", endpoint, "--purpose", purpose], options, (error, stdout, stderr) => {
        if (stderr) process.stderr.write(stderr);
        if (error && error.killed) process.stderr.write("vouch: No answer in time.\\n  Run \`vouch doctor\`.\\n");
        else if (error && typeof error.code === "string") process.stderr.write("vouch: " + clean(vouch) + " cannot be started (" + error.code + ").\\n  Run \`vouch doctor\`.\\n");
        resolve(error ? undefined : stdout.trim() || undefined);
      });
    }));
  }
  return answers.get(question);
}

/** Text of a project, such as the name of a folder, on one line, without what changes a terminal's output. */
function clean(text) {
  return text.replace(/[\\p{Cc}\\p{Cf}\\p{Cs}\\p{Zl}\\p{Zp}]+/gu, "\\ufffd");
}

/** The files, of those that yarn has read the setting from, that are the project's. */
function filesOf(name, configuration) {
  const sources = (configuration.sources.get(name) ?? "<default>").split(", ");
  return sources.filter((source) => !/^(?:<.*>|undefined)$/.test(source) && dirname(source) !== homedir());
}

/** The project's setting that decides about the connection to the URL; undefined if all are the user's own. */
function projectSetting(url, configuration, core) {
  const isOwn = (name) => filesOf(name, configuration).length === 0;
  if (!configuration.get("enableStrictSsl") && !isOwn("enableStrictSsl")) return "enableStrictSsl";
  const network = core.httpUtils.getNetworkSettings(url, { configuration });
  for (const name of ["httpProxy", "httpsProxy", "httpsCaFilePath", "httpsCertFilePath", "httpsKeyFilePath"]) {
    const value = network[name];
    if (value === null || value === undefined) continue;
    const isGlobal = configuration.settings.has(name) && configuration.get(name) === value;
    if (!isOwn(isGlobal ? name : "networkSettings")) return isGlobal ? name : "networkSettings";
  }
  return undefined;
}

module.exports = {
  name: "@vouch/yarn-plugin",
  factory(requireOfYarn) {
    const core = requireOfYarn("@yarnpkg/core");
    if (!(Number.parseInt(core.YarnVersion, 10) >= 4)) {
      // Before yarn 4 a plugin cannot add a header to a request.
      if (!isRefusalShown && /^(undefined|install|add|up|npm|dlx|workspaces|plugin)$/.test(process.argv[2])) {
        process.stderr.write("vouch: yarn 2 and 3 get no token.\\n  Use yarn 4: \`yarn set version stable\`.\\n");
      }
      isRefusalShown = true;
      return { hooks: {} };
    }
    return {
      hooks: {
        async getNpmAuthenticationHeader(header, registry) {
          return header ?? ((await tokenFor(registry)) === undefined ? header : placeholder);
        },
        async wrapNetworkRequest(executor, extra) {
          const { authorization, ...headers } = extra.headers ?? {};
          if (authorization === placeholder) extra.headers = headers;
          const url = new URL(extra.target);
          const token = url.username || url.password ? undefined : await tokenFor(url.href, extra.method);
          if (token === undefined) return executor;
          const setting = projectSetting(url, extra.configuration, core);
          if (setting !== undefined) {
            if (!isRefusalShown) {
              process.stderr.write(
                "vouch: yarn gets no token here: " + setting + " in " + clean(filesOf(setting, extra.configuration).join(", ")) +
                  (/proxy$/i.test(setting) ? " decides through whom the connection goes" : " decides whom the connection trusts") +
                  ".\\n  Remove it there. What is yours belongs into ~/.yarnrc.yml.\\n",
              );
            }
            isRefusalShown = true;
            return executor;
          }
          extra.headers = { ...headers, authorization: "Bearer " + token };
          return executor;
        },
        async setupScriptEnvironment(project, env) {
          delete env.YARN_PLUGINS;
          if (env.${ownPlugins} !== undefined) env.YARN_PLUGINS = env.${ownPlugins};
          delete env.${ownPlugins};
        },
      },
    };
  },
};
`;
}

/** The variable that keeps the user's own YARN_PLUGINS for scripts. */
export const ownPlugins = "VOUCH_YARN_PLUGINS";
