import type { TrackedLink } from "../../delivery/tracking/tracking-link.ts";
import { AppError } from "../../errors.ts";
import type { Claim, IncomingRequest, Principal } from "../../http/request.ts";
import { routesFor, type Surface } from "../../http/route.ts";
import type { Services } from "../../services.ts";

/** A reader's mail program or browser, with an address that we signed. */
export interface Reader extends Principal {
  link: TrackedLink;
  /** False for those who only look where an address leads: it counts as no opening and no click. */
  isOpening: boolean;
}

/** The addresses in mails whose vendor cannot report openings and clicks. */
export const surface: Surface = {
  name: "mail tracking",
  description: "The addresses in mails that are tracked by this server.",
  security: null,
  family: "management",
  errors: ["not_found"],
  authenticate,
};

async function authenticate(
  { method, params, beforeLookup }: IncomingRequest,
  { trackedMails }: Services,
): Promise<Claim<Reader>> {
  beforeLookup();
  const link = await trackedMails.find(params.token ?? "");
  if (link === null) throw new AppError("not_found", "this address is not one of a mail from here");
  return { auth: { principal: `mail ${link.message_id}`, link, isOpening: method === "GET" } };
}

export const defineTrackingRoute = routesFor(authenticate);
