/** The pictures of docs/pictures: what each shows, and how. */

export interface Picture {
  /** The file's name, without `.png`. */
  name: string;
  /** Where the browser is led. */
  path: string;
  /** Whose browser it is: an administrator who is signed in, or a newcomer whom the identity provider knows. */
  who: "administrator" | "newcomer";
  /** In pixels. */
  width: number;
  scheme: "light" | "dark";
  /** A selector of the last element of the page that is in the picture. */
  until: string;
}

const desk = { who: "administrator", width: 1200, scheme: "light", until: "main" } as const;

export const pictures: readonly Picture[] = [
  { ...desk, name: "my-page", path: "/", until: ".card:nth-of-type(3)" },
  { ...desk, name: "my-page-phone", path: "/", width: 390, until: ".card" },
  { ...desk, name: "overview", path: "/admin", until: "table.events tbody tr:nth-child(5)" },
  { ...desk, name: "overview-dark", path: "/admin", scheme: "dark", until: ".card" },
  { ...desk, name: "people", path: "/admin/people", until: "main > :last-child" },
  { ...desk, name: "person", path: "/admin/person?email=elif.yildiz@example.com", until: ".card:nth-of-type(3)" },
  { ...desk, name: "audit-log", path: "/admin/audit", until: "table.events tbody tr:nth-child(9)" },
  { ...desk, name: "sign-in", path: "/", who: "newcomer", until: "main > :last-child" },
  { ...desk, name: "enrolment-code", path: "/sso/begin?for=enroll", who: "newcomer", until: "main > :last-child" },
];
