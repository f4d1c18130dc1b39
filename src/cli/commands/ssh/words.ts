/** The words after `--`: options of ssh, then a command, as `ssh HOST …` takes them. */
import { usage } from "../../framework/arguments.ts";

export interface SshWords {
  /** For both connections: how the host is reached, and as whom. */
  options: string[];
  /** For the first connection only: forwardings of the user's own. */
  forwardings: string[];
  /** For the second only: terminal, agent, X11. */
  session: string[];
  command: string[];
}

const withValue = "BbcDEeFIiJLlmOoPpQRSWw";
const forwarding = "DLRw";
const ofSession = "tTAaXxYnq";
/** They make no session, or are what `vouch ssh` sets itself. */
const taken = "MNSOWfsGQV";

/** Sorts the words. Throws `usage` for an option that does not fit. */
export function sshWords(words: readonly string[], commandName: string): SshWords {
  const sorted: SshWords = { options: [], forwardings: [], session: [], command: [] };
  let index = 0;
  for (; index < words.length; index++) {
    const word = words[index]!;
    if (word === "--") {
      index++;
      break;
    }
    if (!/^-[^-]/.test(word)) break;
    for (let place = 1; place < word.length; place++) {
      const letter = word[place]!;
      if (taken.includes(letter)) throw usage(`ssh's -${letter} cannot be used with ${commandName}.`, commandName);
      if (!withValue.includes(letter)) {
        (ofSession.includes(letter) ? sorted.session : sorted.options).push(`-${letter}`);
        continue;
      }
      const value = word.slice(place + 1) || words[++index];
      if (value === undefined) throw usage(`ssh's -${letter} expects a value.`, commandName);
      (forwarding.includes(letter) ? sorted.forwardings : sorted.options).push(`-${letter}`, value);
      break;
    }
  }
  return { ...sorted, command: words.slice(index) };
}
