/** How the demo speaks: headings, the command as typed, its output behind a bar. Colour only on a terminal. */
const color = process.stdout.isTTY && !process.env["NO_COLOR"];
const style = (code: number, text: string) => (color ? `\x1b[${code}m${text}\x1b[0m` : text);

let number = 0;

export function heading(title: string): void {
  number += 1;
  console.log(`\n${style(1, `${number}. ${title}`)}\n`);
}

export function say(text: string): void {
  console.log(text);
}

export function showCommand(line: string): void {
  console.log(`${style(32, "$")} ${style(1, line)}`);
}

/** Shows what a command said, each line behind a bar, without blank lines at the ends and without control codes. */
export function showOutput(text: string): void {
  // oxlint-disable-next-line no-control-regex -- terminals are told by control characters
  const plain = text.replaceAll(/\x1b\[[0-9;?]*[A-Za-z]|\r/g, "").trim();
  if (plain !== "") console.log(plain.replaceAll(/^/gm, style(2, "  | ")));
  console.log("");
}

/** Shows a command that ran on a terminal, and its screen. */
export function show(line: string, { screen }: { screen: string }): void {
  showCommand(line);
  showOutput(screen);
}
