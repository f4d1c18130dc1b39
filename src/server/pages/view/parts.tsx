/** Parts that pages are made of. Text of strangers goes through `printable`; the factory escapes it. */
import { printable } from "../../../base/words/printable.ts";
import { tokenField } from "../forms.ts";
import type { SignedIn } from "../session.ts";
import { type Child, Fragment, h } from "./jsx.ts";

/** A titled part of a page; `aside` stands at the end of its title's line. */
export function Section(props: { id: string; title: string; about?: Child; children: Child }) {
  return (
    <section class="card" aria-labelledby={props.id}>
      <h2 id={props.id}>{props.title}</h2>
      {props.about === undefined ? null : <p class="about">{props.about}</p>}
      {props.children}
    </section>
  );
}

/** Says how something went; screen readers read it aloud. */
export function Notice({ kind, children }: { kind: "success" | "error"; children: Child }) {
  return (
    <p class={`notice ${kind}`} role={kind === "error" ? "alert" : "status"}>
      {children}
    </p>
  );
}

/** What stands where a list has nothing. */
export function Empty({ children }: { children: Child }) {
  return <p class="empty">{children}</p>;
}

interface FormProps {
  session: SignedIn;
  action: string;
  /** Hidden fields. */
  fields?: Readonly<Record<string, string>>;
  /** How the script sends it: after a touch for exactly this form, or after the registration of a new key. */
  after?: "touch" | "registration";
  class?: string;
  children: Child;
}

/** A form of the session, with its token. */
export function Form({ session, action, fields = {}, after, class: name, children }: FormProps) {
  return (
    <form method="post" action={action} class={name} data-after={after}>
      <input type="hidden" name={tokenField} value={session.formToken} />
      {Object.entries(fields).map(([field, value]) => (
        <input type="hidden" name={field} value={value} />
      ))}
      {children}
      {after === undefined ? null : <p class="status" role="status" data-status />}
    </form>
  );
}

/** A part that is closed until somebody opens it; works without a script. */
export function Disclosure({ label, children }: { label: Child; children: Child }) {
  return (
    <details>
      <summary>{label}</summary>
      <div class="disclosed">{children}</div>
    </details>
  );
}

export interface Column<Row> {
  title: string;
  cell: (row: Row) => Child;
  /** Of the row's header cell: what the row is about. */
  isHeader?: true;
  /** What the cells have says it already: only screen readers read the title. */
  isSelfEvident?: true;
}

interface TableProps<Row> {
  label: string;
  columns: Column<Row>[];
  rows: Row[];
  class?: string;
}

/** A table that a narrow screen shows as one block for each row; the roles keep it a table for screen readers. */
export function Table<Row>({ label, columns, rows, class: name }: TableProps<Row>) {
  return (
    <table role="table" aria-label={label} class={name}>
      <thead role="rowgroup">
        <tr role="row">
          {columns.map(({ title, isSelfEvident }) => (
            <th role="columnheader" scope="col">
              {isSelfEvident === true ? <span class="unseen">{title}</span> : title}
            </th>
          ))}
        </tr>
      </thead>
      <tbody role="rowgroup">
        {rows.map((row) => (
          <tr role="row">
            {columns.map(({ title, cell, isHeader, isSelfEvident }) =>
              isHeader ? (
                <th role="rowheader" scope="row" data-label={title}>
                  {cell(row)}
                </th>
              ) : (
                <td role="cell" data-label={isSelfEvident === true ? undefined : title}>
                  {cell(row)}
                </td>
              ),
            )}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** A time, in seconds since 1970: UTC, which the script turns into the reader's own time. */
export function Time({ at }: { at: number }) {
  const iso = new Date(at * 1000).toISOString();
  return <time datetime={iso}>{`${iso.slice(0, 10)} ${iso.slice(11, 16)} UTC`}</time>;
}

/** A name that a machine or key gives itself, set apart from the server's words: it may be any. */
export function Claimed({ text }: { text: string }) {
  return <q class="claimed">{printable(text)}</q>;
}

/** An email address that a narrow column breaks before its domain. */
export function Email({ address }: { address: string }) {
  const [local, ...domain] = printable(address).split(/(?<=@)(?=[^@]+$)/);
  return (
    <Fragment>
      {local}
      {domain.length === 0 ? null : <wbr />}
      {domain}
    </Fragment>
  );
}

/** Text with its `commands` set as such. */
export function Commands({ text }: { text: string }) {
  return <Fragment>{text.split("`").map((part, index) => (index % 2 === 1 ? <code>{part}</code> : part))}</Fragment>;
}

/** A command to copy. */
export function Command({ children }: { children: string }) {
  return <Copied text={children} />;
}

/** A one-time code to copy. */
export function Code({ children }: { children: string }) {
  return <Copied text={children} kind="large" />;
}

function Copied({ text, kind }: { text: string; kind?: "large" }) {
  return (
    <div class={kind === undefined ? "command" : `command ${kind}`}>
      <pre>
        <code>{text}</code>
      </pre>
      <button type="button" data-copy={text} data-script hidden>
        Copy
      </button>
    </div>
  );
}
