/** A browser at a Vouch server: keeps cookies, follows nothing by itself. */
import { origin, type TestServer } from "../test-server.ts";
import type { StrangeProvider } from "./strange-provider.ts";

export interface Page {
  status: number;
  headers: Headers;
  text: string;
}

export class Browser {
  readonly #server: TestServer;
  readonly cookies = new Map<string, string>();

  constructor(server: TestServer) {
    this.#server = server;
  }

  async get(path: string): Promise<Page> {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join("; ");
    const response = await fetch(this.#server.base + path, {
      redirect: "manual",
      headers: cookie === "" ? {} : { cookie },
    });
    for (const set of response.headers.getSetCookie()) {
      const [, name = "", value = ""] = /^([^=]+)=([^;]*)/.exec(set) ?? [];
      this.cookies.set(name, value);
    }
    return { status: response.status, headers: response.headers, text: await response.text() };
  }

  /** Begins a sign-on; returns where the browser is sent. */
  async begin(purpose: string): Promise<string> {
    const { status, headers, text } = await this.get(`/sso/begin?for=${purpose}`);
    if (status !== 303) throw new Error(`expected a redirect, got ${status}: ${text}`);
    return headers.get("location")!;
  }

  /** The way back from the provider. */
  async comeBack(url: URL): Promise<Page> {
    if (url.origin !== origin) throw new Error(`expected ${origin}, got ${url.origin}`);
    return await this.get(url.pathname + url.search);
  }

  /** A whole sign-on. */
  async signOn(provider: Pick<StrangeProvider, "signIn">, purpose = "enroll"): Promise<Page> {
    return await this.comeBack(provider.signIn(await this.begin(purpose)));
  }
}

/** The enrolment code that a page shows; undefined without one. */
export function shownCode({ text }: Page): string | undefined {
  return /<code>([0-9A-Z]{4}(?:-[0-9A-Z]{4}){3})<\/code>/.exec(text)?.[1];
}
