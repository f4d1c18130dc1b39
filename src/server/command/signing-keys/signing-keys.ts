import { defineServerCommand } from "../definition.ts";
import { encrypt } from "./encrypt.ts";
import { list } from "./list.ts";
import { retire } from "./retire.ts";
import { replaceLost } from "./replace-lost.ts";
import { rotate } from "./rotate.ts";

export const signingKeys = defineServerCommand({
  meta: {
    name: "signing-keys",
    description:
      "The keys that sign identity tokens: which there are, a new one, the end of one that leaked or was lost, encryption.",
  },
  teaching: {
    details: [
      "A key is published, then it signs, then it is retired and stays published until the last token that it signed has ended; then it is gone. Running servers follow by themselves, all at the same time.",
    ],
  },
  subCommands: { list, rotate, retire, encrypt, "replace-lost": replaceLost },
});
