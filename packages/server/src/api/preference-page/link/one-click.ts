import { z } from "zod";
import { AppError } from "../../../errors.ts";
import { optOutByLink } from "../../../preferences/hosted/change.ts";
import { definePageRoute } from "../surface.ts";
import { findVisit, linkParams } from "./visit.ts";

/**
 * The unsubscribe button of mail programs (https://www.rfc-editor.org/rfc/rfc8058): no cookies, no further question, and
 * the same answer however often it comes. It works after the link has expired as well: who wants to get less need not
 * first ask for a new one.
 */
export default definePageRoute({
  method: "POST",
  path: "/p/:token/one-click/",
  summary: "Opt out of what a mail was about, by the button of a mail program",
  params: linkParams,
  reply: {
    status: 200,
    body: z.string(),
    content_type: "text/plain",
    description: "Opted out, or there was nothing to opt out of any more.",
  },
  errors: ["validation_error", "not_found"],
  async handle(context) {
    const { db, services, raw } = context;
    if (context.auth.proven === null) throw new AppError("not_found", "this link does not work");
    if (!isOneClick(raw)) {
      throw new AppError("validation_error", "the body must be the form List-Unsubscribe=One-Click");
    }
    const visit = await findVisit(context, { late: true });
    if (visit !== null) await optOutByLink(db, visit.link, services);
    return "You are unsubscribed.\n";
  },
});

/** A form of either kind: `application/x-www-form-urlencoded` or `multipart/form-data`. */
function isOneClick(raw: Buffer | null): boolean {
  const text = raw?.toString("latin1") ?? "";
  const part = /name="?List-Unsubscribe"?\s[^]*?\r?\n\r?\nOne-Click\s*(?:\r?\n|$)/i;
  return /^\s*List-Unsubscribe=One-Click\s*$/i.test(text) || part.test(text);
}
