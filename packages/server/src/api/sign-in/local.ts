import { entryReply, presentEntry } from "./present-entry.ts";
import { defineSignInRoute } from "./surface.ts";

export default defineSignInRoute({
  method: "POST",
  path: "/v1/auth/local/",
  summary: "Sign in at the server's own machine, while nobody has a password",
  reply: {
    status: 200,
    body: entryReply,
    description:
      "Only where HOST is loopback and no proxy stands between: neither PUBLIC_URL nor TRUSTED_PROXIES is set.",
  },
  // The sign-in opens its own.
  transaction: false,
  async handle({ auth: { visitor }, services }) {
    return presentEntry(services, await services.people.signIn.locally(visitor));
  },
});
