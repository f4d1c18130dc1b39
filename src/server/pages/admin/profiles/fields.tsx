/** Fields of the form that sets a profile. */
import { labels } from "../../fields.ts";
import { type Child, h } from "../../view/jsx.ts";
import { TextField } from "../parts.tsx";

/** Characters of the text that announces something: with a touch, and percent-encoded, a form is below its limit. */
export const maxProfileText = 16_000;

interface Props {
  /** Groups that the field proposes. */
  groups: { name: string }[];
  group: string | undefined;
  text: string;
  /** Fields before them. */
  children?: Child;
}

export function WhatAndWhom({ groups, group, text, children }: Props) {
  return (
    <div class="stack">
      {children}
      <TextField
        id="for-group"
        name="group"
        value={group}
        maxlength={64}
        list="known-groups"
        hint="empty: for everybody"
      />
      <datalist id="known-groups">
        {groups.map(({ name }) => (
          <option value={name} />
        ))}
      </datalist>
      <div>
        <label for="profile-text">{labels.text}</label>
        <textarea
          id="profile-text"
          name="text"
          class="code"
          rows={16}
          maxlength={maxProfileText}
          required
          spellcheck="false"
          autocapitalize="off"
          autocomplete="off"
        >
          {text}
        </textarea>
      </div>
    </div>
  );
}
