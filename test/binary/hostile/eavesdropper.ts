/**
 * Somebody in the network between a client and every host: a proxy that answers plain http itself and breaks TLS open
 * with a certificate that nobody trusts. It writes down what it is told.
 */
import { createServer } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { makeCertificates } from "../../sandbox/certificates.ts";

export interface Heard {
  scheme: "http" | "https";
  url: string;
  /** The password of basic authentication; undefined for a request without one. */
  password: string | undefined;
}

export interface Eavesdropper {
  /** The variables by which clients go through it. */
  env: Record<string, string>;
  heard: Heard[];
  stop(): Promise<void>;
}

/** Listens on loopback; `host` is whom it plays, `folder` takes its certificate. Every request is answered with 401, to provoke the password. */
export async function startEavesdropper(host: string, folder: string): Promise<Eavesdropper> {
  const heard: Heard[] = [];
  const hear = (scheme: Heard["scheme"], url: string, authorization: string | null | undefined): void => {
    const encoded = /^Basic (.+)$/.exec(authorization ?? "")?.[1];
    const password =
      encoded &&
      Buffer.from(encoded, "base64")
        .toString()
        .replace(/^[^:]*:/, "");
    heard.push({ scheme, url, password });
  };
  const challenge = { "www-authenticate": 'Basic realm="x"' };
  const { certificate, privateKey } = await makeCertificates([host], folder);
  const tls = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    tls: { cert: certificate, key: privateKey },
    fetch(request) {
      hear("https", request.url, request.headers.get("authorization"));
      return new Response("no\n", { status: 401, headers: challenge });
    },
  });
  const proxy = createServer((request, response) => {
    hear("http", request.url ?? "", request.headers.authorization);
    response.writeHead(401, challenge).end("no\n");
  });
  const open = new Set<Socket>();
  proxy.on("connect", (_, client: Socket, head: Buffer) => {
    const upstream = connect({ host: "127.0.0.1", port: tls.port! }, () => {
      client.write("HTTP/1.1 200 Connection Established\r\n\r\n");
      if (head.length > 0) upstream.write(head);
      client.pipe(upstream).pipe(client);
    });
    for (const socket of [client, upstream]) {
      open.add(socket);
      socket.on("error", () => socket.destroy());
    }
  });
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  const url = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  return {
    env: { HTTPS_PROXY: url, https_proxy: url, HTTP_PROXY: url, http_proxy: url },
    heard,
    async stop() {
      for (const socket of open) socket.destroy();
      await tls.stop(true);
      await new Promise((resolve) => proxy.close(resolve));
    },
  };
}
