import { existsSync, readFileSync, statSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join } from "node:path";

const TYPES: Record<string, string> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".wasm": "application/wasm",
};

/** What the script of a worker needs where the page is isolated. */
const ISOLATED = { "cross-origin-embedder-policy": "require-corp" };

export interface Page {
  readonly body: string;
  readonly headers?: Record<string, string>;
}

export interface Server {
  readonly origin: string;
  close(): Promise<void>;
}

/** Serves `pages` by path and `folders` by the first part of a path, on a free port of the loopback interface. */
export function serve(pages: Record<string, Page>, folders: Record<string, string>): Promise<Server> {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://localhost");
    const type = TYPES[extname(pathname)] ?? "application/octet-stream";
    const page = pages[pathname];
    const [, folder, ...rest] = pathname.split("/");
    const file = folder in folders ? join(folders[folder], ...rest) : undefined;
    if (page) response.writeHead(200, { "content-type": type, ...page.headers }).end(page.body);
    else if (file && existsSync(file) && statSync(file).isFile())
      response.writeHead(200, { "content-type": type, ...ISOLATED }).end(readFileSync(file));
    else response.writeHead(404).end();
  });
  const close = () =>
    new Promise<void>((resolve, reject) => {
      server.close((error) => (error ? reject(error) : resolve()));
      server.closeAllConnections();
    });
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () =>
      resolve({ origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, close }),
    );
  });
}
