/** Says what `textOf` sees in the named pipe of the first argument, into which the second is written before. */
import { constants, openSync, writeSync } from "node:fs";
import { textOf } from "../upload-watch.ts";

const [path = "", text = ""] = process.argv.slice(2);
const pipe = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
if (text !== "") writeSync(pipe, text);
process.stdout.write(JSON.stringify(textOf(`/proc/self/fd/${pipe}`)));
