import { writeResult } from "../../base/system/output.ts";
import { exampleFile } from "../configuration/documentation.ts";
import { defineServerCommand } from "./definition.ts";

const example = defineServerCommand({
  meta: {
    name: "example",
    description: "Print a configuration file with every setting, its meaning and default, as comments.",
  },
  teaching: { examples: [["vouch server config example > server.toml", "Begin a configuration file."]] },
  async run() {
    writeResult(exampleFile());
  },
});

export const config = defineServerCommand({
  meta: { name: "config", description: "The configuration file of the server." },
  subCommands: { example },
});
