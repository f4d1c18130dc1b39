/** `PLATFORM TEXT`: becomes a shell that reads the text twice, and once more from a child. */
import { becomeWithText } from "../../../src/helper/one-shot.ts";

const [platform, text] = process.argv.slice(2);
const script = 'cat "$FILE"; printf "|"; cat "$FILE"; sh -c \'cat "$FILE"\' 2>&-; printf "|"; exit 7';
process.exitCode = await becomeWithText(
  "/bin/sh",
  ["-c", script],
  text!,
  (path) => ({ PATH: process.env["PATH"], FILE: path }),
  platform as NodeJS.Platform,
);
