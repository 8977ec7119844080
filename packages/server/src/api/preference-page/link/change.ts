import { RouteReply } from "../../../http/route.ts";
import { formatAction, parseAction } from "../../../preferences/hosted/actions.ts";
import { changeByLink } from "../../../preferences/hosted/change.ts";
import { definePageRoute } from "../surface.ts";
import { askForNewLink } from "./new-link.ts";
import { findVisit, formOf, GUARDED, linkParams, pageQuery, showDeadLink } from "./visit.ts";

/**
 * What the buttons of the page do: the form's field `do` says which. Answered with the way back to the page, so that
 * loading it again repeats nothing.
 */
export default definePageRoute({
  method: "POST",
  path: "/p/:token/",
  summary: "Change a person's preferences by their page",
  params: linkParams,
  query: pageQuery,
  reply: {
    status: 303,
    description: "Changed; the page shows how it is now. A link that is wrong or has expired has 404.",
  },
  errors: ["invalid_request_error"],
  // A new link is sent in transactions of its own.
  transaction: false,
  async handle(context) {
    const { services, query, raw } = context;
    const wish = formOf(raw).get("do") ?? "";
    const visit = await findVisit(context);
    if (visit === null && wish === "renew") {
      await askForNewLink(context);
      return showDeadLink(context, { done: true });
    }
    if (visit === null) return showDeadLink(context);
    const action = parseAction(wish);
    const undo =
      action === null
        ? null
        : await services.db.tx((tx) => changeByLink(tx, visit.link, action, services), { again: true });
    const kept = new URLSearchParams({
      ...(query.lang === "" ? {} : { lang: query.lang }),
      ...(query.q === "" ? {} : { q: query.q }),
      ...(undo === null ? {} : { undo: formatAction(undo) }),
    });
    const place = action === null || action.kind === "all" ? "" : `#c-${encodeURIComponent(action.category)}`;
    return new RouteReply(303, "", "text/plain; charset=utf-8", {
      ...GUARDED,
      location: `?${kept.toString()}${place}`,
    });
  },
});
