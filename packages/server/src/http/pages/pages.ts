import { readFile } from "node:fs/promises";
import type { FastifyInstance } from "fastify";

/**
 * Pages that the server ships. They hold no data: the browser calls the management API with the token that the user
 * enters. The policy loads nothing from elsewhere and frames only what the page itself makes.
 */
const PAGES = [{ path: "/simulator", file: "simulator.html" }];

const POLICY = [
  "default-src 'none'",
  "script-src 'unsafe-inline'",
  "style-src 'unsafe-inline'",
  "connect-src 'self'",
  "img-src https: data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

export async function registerPages(app: FastifyInstance): Promise<void> {
  for (const { path, file } of PAGES) {
    const html = await readFile(new URL(file, import.meta.url), "utf8");
    app.get(path, async (_request, reply) =>
      reply
        .type("text/html; charset=utf-8")
        .header("content-security-policy", POLICY)
        .header("referrer-policy", "no-referrer")
        .header("x-content-type-options", "nosniff")
        .header("cache-control", "no-store")
        .send(html),
    );
  }
}
