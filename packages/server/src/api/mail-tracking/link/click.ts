import { z } from "zod";
import { AppError } from "../../../errors.ts";
import { RouteReply } from "../../../http/route.ts";
import { defineTrackingRoute } from "../surface.ts";

export default defineTrackingRoute({
  method: "GET",
  path: "/t/click/:token/",
  summary: "Leads a reader on to where a link of a mail was written to.",
  params: z.object({ token: z.string() }),
  reply: {
    status: 302,
    body: z.string(),
    content_type: "text/plain",
    description: "`Location` has the address.",
  },
  async handle({ auth: { link, isOpening }, services }) {
    if (link.url === null) throw new AppError("not_found", "this address is not one of a link");
    if (isOpening) await services.trackedMails.note(link);
    const headers = {
      location: new URL(link.url).href,
      "cache-control": "no-store, private",
      "referrer-policy": "no-referrer",
    };
    return new RouteReply(302, "", "text/plain; charset=utf-8", headers);
  },
});
