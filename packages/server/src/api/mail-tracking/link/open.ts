import { z } from "zod";
import { RouteReply } from "../../../http/route.ts";
import { defineTrackingRoute } from "../surface.ts";

/** One transparent point. */
const IMAGE = Buffer.from("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7", "base64");

export default defineTrackingRoute({
  method: "GET",
  path: "/t/open/:token/",
  summary: "The image by which the opening of a mail is known.",
  params: z.object({ token: z.string() }),
  reply: { status: 200, body: z.string(), content_type: "image/gif", description: "One transparent point." },
  async handle({ auth: { link, isOpening }, services }) {
    if (isOpening) await services.trackedMails.note({ ...link, url: null });
    return new RouteReply(200, IMAGE, "image/gif", { "cache-control": "no-store, private" });
  },
});
