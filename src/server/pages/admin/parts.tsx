/** Parts of the administrators' pages. */
import type { AdminChange } from "../../administration/change.ts";
import type { GroupSource } from "../../store/people/groups.ts";
import { type LabelledField, labels } from "../fields.ts";
import type { SignedIn } from "../session.ts";
import { type Child, h } from "../view/jsx.ts";
import { Email, Form } from "../view/parts.tsx";
import { changePath, personPath } from "./paths.ts";

/** Who says that a group, or a person in it, is there. */
export const sourceNames: Readonly<Record<GroupSource, string>> = {
  local: "an administrator",
  sso: "single sign-on",
  scim: "SCIM",
};

/** Hidden fields with the id of the person whose address a form has, and of the group, token or profile whose name. */
export const idFields = { person: "person_id", group: "group_id", item: "item_id" } as const;

/** The person as fields of a form. */
export function personFields({ id, email }: { id: string; email: string }) {
  return { email, [idFields.person]: id };
}

/** The group as fields of a form. */
export function groupFields({ id, name }: { id: string; name: string }) {
  return { group: name, [idFields.group]: id };
}

interface ChangeFormProps {
  session: SignedIn;
  type: AdminChange["type"];
  /** Hidden fields. */
  fields?: Readonly<Record<string, string>>;
  class?: string;
  children: Child;
}

/** The form of a change, for which a key is touched. */
export function ChangeForm({ session, type, fields, class: name, children }: ChangeFormProps) {
  return (
    <Form
      session={session}
      action={changePath(type)}
      after="touch"
      {...(fields === undefined ? {} : { fields })}
      {...(name === undefined ? {} : { class: name })}
    >
      {children}
    </Form>
  );
}

export function PersonLink({ email }: { email: string }) {
  return (
    <a href={personPath(email)}>
      <Email address={email} />
    </a>
  );
}

interface FieldProps {
  id: string;
  name: LabelledField;
  value?: string | undefined;
  maxlength: number;
  required?: boolean;
  /** Id of a `datalist`. */
  list?: string;
  hint?: string;
}

/** A field with its label, by which a refusal names it. */
export function TextField({ id, name, value, maxlength, required, list, hint }: FieldProps) {
  return (
    <div>
      <label for={id}>{labels[name]}</label>
      <input
        id={id}
        type="text"
        name={name}
        value={value}
        maxlength={maxlength}
        required={required}
        list={list}
        placeholder={hint}
        autocomplete="off"
        autocapitalize="off"
        spellcheck="false"
      />
    </div>
  );
}

interface SelectProps {
  id: string;
  name: LabelledField;
  value: string | undefined;
  /** Values with their words. */
  options: readonly (readonly [string, string])[];
}

export function Select({ id, name, value, options }: SelectProps) {
  return (
    <div>
      <label for={id}>{labels[name]}</label>
      <select id={id} name={name}>
        {options.map(([option, words]) => (
          <option value={option} selected={option === (value ?? "")}>
            {words}
          </option>
        ))}
      </select>
    </div>
  );
}

interface PagerProps {
  label: string;
  /** Link to the first page; undefined on it. */
  first: { path: string; words: string } | undefined;
  /** Link to the next page; undefined on the last. */
  next: { path: string; words: string } | undefined;
}

/** Links to other pages of a list; nothing for a list of one. */
export function Pager({ label, first, next }: PagerProps) {
  if (first === undefined && next === undefined) return null;
  return (
    <nav class="pager" aria-label={label}>
      {first === undefined ? (
        <span />
      ) : (
        <a class="button" href={first.path}>
          {first.words}
        </a>
      )}
      {next === undefined ? (
        <span>That is all.</span>
      ) : (
        <a class="button" href={next.path}>
          {next.words}
        </a>
      )}
    </nav>
  );
}
