/** What a person is told while it is found out which security key they mean. */
import type { DeskOptions } from "../hid/desk.ts";
import { announce } from "./prompt.ts";

export const deskAnnouncements = {
  onWaiting: (leftMs) => announce(`Plug in your security key. Waiting for ${Math.ceil(leftMs / 1000)} seconds…`),
  onSelect: (products) => announce(`Touch the security key that you want to use: ${products.join(", ")}.`),
  onLeftOut: ({ message }) => announce(`${message} It is left out.`),
  onBusy: (product) => announce(`${product} is busy with another program. Waiting until it is free…`),
} satisfies DeskOptions;
