/**
 * The key of `gem push` by a plugin of RubyGems, which reads it once, from the pipe of helper/one-shot.ts, as gem starts.
 * RubyGems itself takes a key from a variable, or from one file of the user's for all hosts.
 * https://guides.rubygems.org/plugins/
 */
import type { Environment } from "../../base/environment.ts";
import { pluginFolder, searchPathWith } from "../plugin-folder.ts";

/** Tells the plugin the repository and, behind a space, the pipe. */
export const pipeVariable = "VOUCH_GEM";

const pluginText = `# Vouch writes this file: it hands gem push a key that can be read once, for one repository.
require "rubygems/gemcutter_utilities"

repository, pipe = ENV.fetch("${pipeVariable}", "").split(" ", 2)
if pipe
  key = begin
    File.read(pipe)
  rescue SystemCallError
    ""
  end
  Gem::GemcutterUtilities.prepend(Module.new do
    define_method(:api_key) do
      next super() unless host == repository
      next key unless key.empty?
      alert_error "vouch: the key to push with can be read once, and the gem that it was for has read it. " \\
        "Start gem by itself: vouch then asks again."
      terminate_interaction 1
    end
  end)
end
`;

/**
 * The variables by which gem finds the key in the pipe at `path`, for a push to `repository`, a URL as gem has it. Writes
 * the plugin, which holds no secret. Throws `agent_untrusted`, `file_error`.
 */
export function pushVariables(repository: string, path: string, env: Environment): Record<string, string> {
  const folder = pluginFolder("gem", { "rubygems_plugin.rb": pluginText });
  return { RUBYLIB: searchPathWith(folder, env["RUBYLIB"]), [pipeVariable]: `${repository} ${path}` };
}
