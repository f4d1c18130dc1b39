/** The stylesheet, the script and the icon of the pages, from memory. */
import type { Handler } from "../../context.ts";
import { HttpError } from "../../http/failure.ts";
import { sha256 } from "../../random.ts";
import script from "./pages.client.js" with { type: "text" };
import stylesheet from "./pages.css" with { type: "text" };
import icon from "./pages.svg" with { type: "text" };

interface Asset {
  type: string;
  text: string;
  /** Of the text: with it in the URL, a browser keeps the asset for ever. */
  hash: string;
}

const assets = new Map<string, Asset>([
  ["/assets/pages.css", made("text/css; charset=utf-8", stylesheet)],
  ["/assets/pages.js", made("text/javascript; charset=utf-8", script)],
  ["/assets/pages.svg", made("image/svg+xml", icon)],
]);

function made(type: string, text: string): Asset {
  return { type, text, hash: sha256(text).slice(0, 16) };
}

/** Path of an asset, with its hash. */
export function assetPath(path: string): string {
  return `${path}?${assets.get(path)?.hash}`;
}

/** GET /assets/…: what another version of the server links to is answered, too, but not kept by the browser. */
export const asset: Handler = async (request, { url }) => {
  const { pathname = "", search = "" } = URL.parse(request.url, url) ?? {};
  const found = assets.get(pathname);
  if (found === undefined) throw new HttpError(404, "There is nothing here.");
  const isCurrent = search === `?${found.hash}`;
  const headers = {
    "content-type": found.type,
    "cache-control": isCurrent ? "public, max-age=31536000, immutable" : "no-store",
    "cross-origin-resource-policy": "same-origin",
  };
  return { response: new Response(found.text, { headers }) };
};
