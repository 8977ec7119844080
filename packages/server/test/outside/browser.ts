import type { Server } from "../harness.ts";

/** A browser at a page of the server's own: it keeps cookies, and sends Origin with what changes something. */
export interface Browser {
  call: (method: Method, url: string, body?: unknown, headers?: Record<string, string>) => Promise<Page>;
  cookies: Map<string, string>;
  /** The attributes with which each cookie was last set. */
  attributes: Map<string, string>;
}

type Method = "GET" | "POST" | "PATCH" | "PUT" | "DELETE";

export interface Page {
  status: number;
  headers: Record<string, unknown>;
  text: string;
  /** Null for what is no JSON. */
  // Each test knows what it asks for.
  // oxlint-disable-next-line typescript/no-explicit-any
  body: any;
}

export interface BrowserOptions {
  /** The Host header. */
  host?: string;
  /** The address of the connection's other end. */
  peer?: string;
  headers?: Record<string, string>;
}

export function createBrowser(
  { app }: Pick<Server, "app">,
  { host = "localhost:3000", peer = "127.0.0.1", headers: always = {} }: BrowserOptions = {},
): Browser {
  const cookies = new Map<string, string>();
  const attributes = new Map<string, string>();
  return {
    cookies,
    attributes,
    async call(method, url, body, headers = {}) {
      const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join("; ");
      const answer = await app.inject({
        method,
        url,
        remoteAddress: peer,
        headers: {
          host,
          ...(cookie === "" ? {} : { cookie }),
          ...(method === "GET" ? {} : { origin: `http://${host}` }),
          ...always,
          ...headers,
        },
        ...(body === undefined ? {} : { payload: JSON.stringify(body) }),
      });
      for (const set of [answer.headers["set-cookie"] ?? []].flat()) {
        const [pair = "", ...rest] = set.split("; ");
        const [name = "", ...value] = pair.split("=");
        attributes.set(name, rest.join("; "));
        if (rest.includes("Max-Age=0")) cookies.delete(name);
        else cookies.set(name, value.join("="));
      }
      return {
        status: answer.statusCode,
        headers: answer.headers,
        text: answer.body,
        body: isJson(answer.headers["content-type"]) ? answer.json() : null,
      };
    },
  };
}

function isJson(type: string | string[] | number | undefined): boolean {
  return String(type).startsWith("application/json");
}

/** A browser in which somebody is signed in, with these roles; null is the workspace of all. */
export async function signedIn(
  server: Server,
  roles: { workspace: string | null; role: string }[],
  email = `${Math.random().toString(36).slice(2)}@example.com`,
): Promise<Browser & { email: string; member_id: string }> {
  const invited = await server.app.inject({
    method: "POST",
    url: "/v1/people/invitation/",
    headers: { authorization: `ServiceToken ${server.serviceToken}` },
    payload: JSON.stringify({ email, name: "Somebody", roles }),
  });
  const { path } = invited.json<{ path: string }>();
  const browser = createBrowser(server);
  const token = path.replace(/^.*#token=/, "");
  const entered = await browser.call("POST", "/v1/auth/invitation/", { token });
  if (entered.status !== 200) throw new Error(`not signed in: ${JSON.stringify(entered.body)}`);
  return { ...browser, email, member_id: entered.body.member.id as string };
}
