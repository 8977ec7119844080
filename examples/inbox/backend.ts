import { readFile } from "node:fs/promises";
import { createUserTokens, type Carillon } from "@carillon/sdk";
import { type Kind, madeUp, slugOf, templates } from "./notifications.ts";

/**
 * The backend of the sample app, in the web's own requests and answers, so that it fits any server. Two of its routes
 * are what a team writes: one that gives the browser a token for the user who is logged in, and one that triggers.
 */
export interface Sample {
  carillon: Carillon;
  /** Where browsers reach Carillon: its origin. */
  host: string;
  publicKey: string;
  /** The private half of the workspace's signing key, which never leaves this process. */
  signingKey: string;
  /** Where the app is: `http://127.0.0.1:3000/demo/`. */
  app: string;
  /** The built elements, by path: `element.js`, `chunks/….js`. */
  elements: ReadonlyMap<string, string>;
}

/** Nobody logs in to the sample: everyone is Ada. */
const USER = "ada";

const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

const FILES: Record<string, string> = {
  "app.js": "text/javascript",
  "app.css": "text/css",
};
const FACES: Record<string, [string, string]> = {
  grace: ["#4263eb", "#7048e8"],
  alan: ["#0ca678", "#1098ad"],
  katherine: ["#e8590c", "#c2255c"],
};

/** Answers a request under `sample.app`; null where there is nothing. */
export function createSample(sample: Sample): (request: Request) => Promise<Response | null> {
  const tokens = createUserTokens(sample.signingKey);
  const home = new URL(sample.app).pathname;

  return async (request) => {
    const { pathname } = new URL(request.url);
    const path = pathname.startsWith(home) ? pathname.slice(home.length) : null;
    if (path === null) return null;
    if (request.method === "POST") {
      // Another site's page cannot read an answer, but could send one's visitors here.
      const origin = request.headers.get("origin");
      if (origin !== null && origin !== new URL(sample.app).origin) return text("another site", 403);
      if (path === "token") return text(await tokens.sign(USER, { ttl: 900 }), 200);
      if (path === "send") return send(sample, await request.json().catch(() => null));
      return null;
    }
    if (path === "") return page(sample);
    if (Object.hasOwn(FILES, path)) {
      return new Response(await readFile(new URL(path, import.meta.url), "utf8"), {
        headers: { "content-type": `${FILES[path]}; charset=utf-8`, "cache-control": "no-store" },
      });
    }
    const face = /^faces\/(\w+)\.svg$/.exec(path)?.[1] ?? "";
    if (Object.hasOwn(FACES, face)) return drawFace(face);
    const element = path.startsWith("carillon/")
      ? sample.elements.get(path.slice("carillon/".length))
      : undefined;
    if (element === undefined) return null;
    return new Response(element, {
      headers: { "content-type": "text/javascript; charset=utf-8", "cache-control": "no-store" },
    });
  };
}

/** Triggers the workflow of a kind for the user. */
async function send({ carillon, app }: Sample, body: unknown): Promise<Response> {
  const kind = (body as { kind?: unknown } | null)?.kind;
  if (typeof kind !== "string" || !Object.hasOwn(templates, slugOf(kind as Kind))) {
    return text(`"kind" must be one of those that the page has buttons for.`, 400);
  }
  await carillon.workflows.trigger(slugOf(kind as Kind), { to: USER, data: madeUp(app) });
  return text("accepted", 202);
}

async function page({ host, publicKey }: Sample): Promise<Response> {
  const html = await readFile(new URL("index.html", import.meta.url), "utf8");
  const values: Record<string, string> = { host, publicKey, user: USER };
  const filled = html.replaceAll(/\{\{(\w+)\}\}/g, (_match, name: string) => escaped(values[name] ?? ""));
  return new Response(filled, {
    headers: {
      "content-type": "text/html; charset=utf-8",
      "content-security-policy": POLICY,
      "cache-control": "no-store",
    },
  });
}

function drawFace(name: string): Response {
  const [from, to] = FACES[name] ?? ["", ""];
  const letter = name.charAt(0).toUpperCase();
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="72" height="72"><linearGradient id="g" x2="1" y2="1"><stop stop-color="${from}"/><stop offset="1" stop-color="${to}"/></linearGradient><rect width="72" height="72" fill="url(#g)"/><text x="36" y="46" font-family="sans-serif" font-size="28" font-weight="600" fill="#fff" text-anchor="middle">${letter}</text></svg>`;
  return new Response(svg, { headers: { "content-type": "image/svg+xml", "cache-control": "max-age=3600" } });
}

const text = (body: string, status: number) =>
  new Response(body, { status, headers: { "content-type": "text/plain; charset=utf-8" } });

const escaped = (value: string) =>
  value.replaceAll(/[&<>"']/g, (character) => `&#${character.codePointAt(0)};`);
