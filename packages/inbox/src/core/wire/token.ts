import { RequestError } from "../failure.ts";

/** Milliseconds before its end at which a token is replaced. */
const MARGIN = 30_000;

export interface Tokens {
  /** A token that is good for a while; undefined where the page gives none. Throws a RequestError. */
  get: () => Promise<string | undefined>;
  /** The server refused it: the next `get` asks for another. False where there is none to be had. */
  refuse: (token: string | undefined) => boolean;
}

/** Asks the page for user tokens, at most once at a time. */
export function createTokens(ask: (() => Promise<string>) | undefined): Tokens {
  let token: string | undefined;
  let asking: Promise<string> | null = null;

  async function renew(ask: () => Promise<string>): Promise<string> {
    try {
      token = await ask();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new RequestError("token", `token() failed: ${reason}`, 0, 0, error);
    } finally {
      asking = null;
    }
    if (typeof token === "string" && token !== "") return token;
    throw new RequestError("token", "token() has to give a text: the user's token");
  }

  return {
    async get() {
      if (ask === undefined) return undefined;
      if (token !== undefined && endOf(token) - Date.now() > MARGIN) return token;
      asking ??= renew(ask);
      return asking;
    },
    refuse(refused) {
      if (refused === token) token = undefined;
      return ask !== undefined;
    },
  };
}

/** Epoch milliseconds; of a token that cannot be read, never: the server judges it. */
function endOf(token: string): number {
  try {
    const payload = (token.split(".")[1] ?? "").replaceAll("-", "+").replaceAll("_", "/");
    const { exp } = JSON.parse(atob(payload)) as { exp?: unknown };
    return typeof exp === "number" ? exp * 1000 : Infinity;
  } catch {
    return Infinity;
  }
}
