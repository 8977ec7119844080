import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import fastifyStatic from "@fastify/static";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";

/**
 * The pages that the server ships: the dashboard, a client of the API like any other, and the frame in which it shows
 * mail. They hold no data. Every address that no endpoint has and that a browser navigates to is the dashboard's; whatever
 * else asks for one gets the API's own answer.
 */
export interface PageOptions {
  /** The built dashboard: `index.html`, and `assets/` with hashed names, each also compressed. */
  dashboard: string;
}

/** Loads nothing from elsewhere, runs no inline script, is framed by nobody. */
const APP_POLICY = policy({
  "default-src": "'none'",
  "script-src": "'self'",
  "style-src": "'self'",
  "img-src": "'self' data:",
  "connect-src": "'self'",
  "frame-src": "'self'",
  "base-uri": "'none'",
  "form-action": "'none'",
  "frame-ancestors": "'none'",
});

/**
 * Mail is someone else's HTML: it has styles of its own, and nothing else. The one script that may run there puts it in
 * place; the sandbox gives the frame no origin, so that it has no session to use.
 */
const mailPolicy = (images: string) =>
  policy({
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'unsafe-inline'",
    "img-src": images,
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'self'",
    sandbox: "allow-scripts",
  });

const YEAR_S = 31_536_000;
const NOT_BUILT = "This server has no dashboard yet: `npm run build` builds it. The API is at work.\n";

export async function registerPages(app: FastifyInstance, { dashboard }: PageOptions): Promise<void> {
  if (existsSync(join(dashboard, "assets"))) {
    await app.register(fastifyStatic, {
      root: join(dashboard, "assets"),
      prefix: "/assets/",
      decorateReply: false,
      index: false,
      preCompressed: true,
      immutable: true,
      maxAge: YEAR_S * 1000,
      setHeaders: (reply) => {
        reply.header("x-content-type-options", "nosniff");
      },
    });
  }
  await registerMailFrame(app);
  app.get("/assets/", (_request, reply) => reply.callNotFound());
  app.get("/", (_request, reply) => sendApp(reply, dashboard));
  app.get("/*", async (request, reply) =>
    isNavigation(request) ? sendApp(reply, dashboard) : reply.callNotFound(),
  );
}

/** Read anew each time: a build while the server runs gives it other assets. */
async function sendApp(reply: FastifyReply, dashboard: string): Promise<FastifyReply> {
  const html = await readFile(join(dashboard, "index.html"), "utf8").catch(() => null);
  if (html === null) return reply.code(404).type("text/plain; charset=utf-8").send(NOT_BUILT);
  return sendPage(reply, html, APP_POLICY);
}

async function registerMailFrame(app: FastifyInstance): Promise<void> {
  const html = await readFile(new URL("mail-frame.html", import.meta.url), "utf8");
  const script = await readFile(new URL("mail-frame.js", import.meta.url), "utf8");
  app.get("/mail-frame", async (request, reply) => {
    const wantsImages = new URLSearchParams(request.url.split("?")[1]).get("images") === "1";
    return sendPage(reply, html, mailPolicy(wantsImages ? "https: data:" : "data:"));
  });
  app.get("/mail-frame.js", async (_request, reply) =>
    reply
      .type("text/javascript; charset=utf-8")
      .header("x-content-type-options", "nosniff")
      .header("cache-control", "no-cache")
      .send(script),
  );
}

function sendPage(reply: FastifyReply, html: string, csp: string): FastifyReply {
  return reply
    .type("text/html; charset=utf-8")
    .header("content-security-policy", csp)
    .header("cross-origin-opener-policy", "same-origin")
    .header("referrer-policy", "no-referrer")
    .header("x-content-type-options", "nosniff")
    .header("cache-control", "no-store")
    .send(html);
}

/** What a browser asks for when an address is opened, unlike what scripts, tools and `<img>` ask for. */
function isNavigation({ headers }: FastifyRequest): boolean {
  return /\btext\/html\b/.test(headers.accept ?? "");
}

function policy(directives: Record<string, string>): string {
  return Object.entries(directives)
    .map(([name, value]) => `${name} ${value}`)
    .join("; ");
}
