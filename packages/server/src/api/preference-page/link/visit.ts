import { randomBytes } from "node:crypto";
import { z } from "zod";
import { singleText } from "../../filter-values.ts";
import type { Queryable } from "../../../db/db.ts";
import { headerOf } from "../../../http/request.ts";
import { type RouteContext, RouteReply } from "../../../http/route.ts";
import type { Workspace } from "../../../workspaces/workspaces.ts";
import { DEFAULT_TENANT } from "../../../core/profile/effective-profile.ts";
import type { PageAction } from "../../../preferences/hosted/actions.ts";
import {
  acceptedLanguages,
  chooseLanguage,
  type PageLanguage,
} from "../../../preferences/hosted/languages.ts";
import type { LinkClaims } from "../../../preferences/hosted/link.ts";
import {
  type PageBrand,
  type PageDocument,
  renderDeadLink,
  renderHostedPage,
} from "../../../preferences/hosted/page-html.ts";
import { readRecipientPage } from "../../../preferences/recipient-page.ts";
import { findCurrentId } from "../../../recipients/current-id.ts";
import { readNows } from "../../../workspaces/clock.ts";
import type { Services } from "../../../services.ts";
import type { Visitor } from "../surface.ts";

/** What the endpoints of a link have in common. */
export type VisitContext = Omit<RouteContext<unknown, PageQuery, unknown>, "auth" | "params" | "body"> & {
  auth: Visitor;
};

export type PageQuery = z.output<typeof pageQuery>;

const word = singleText.default("").transform((text) => text.slice(0, 200));

export const pageQuery = z.object({
  lang: word.describe(
    "The page's language, chosen on it. Absent: the message's, the person's, the browser's.",
  ),
  q: word.describe("Which categories are shown: those whose name or description has this text."),
  undo: word.describe("What a button took back would do, after a change."),
});

export const linkParams = z.object({ token: z.string().describe("The signed part of the link.") });

/** A link that works, and the person whose it is by now. */
export interface Visit {
  workspace: Workspace;
  /** `recipient_id` is that of the row, also after a merge. */
  link: LinkClaims;
  /** The languages that the person wants. */
  wishes: string[];
}

/** Null: the link is none of ours, has expired, or its person or tenant is gone. `late`: one that has expired will do. */
export async function findVisit(
  { auth: { proven }, db, services }: Pick<VisitContext, "auth" | "db" | "services">,
  { late = false } = {},
): Promise<Visit | null> {
  if (proven === null) return null;
  const { workspace, link } = proven;
  const { workspace_id } = workspace;
  if (!late && (await hasExpired(db, link, services))) return null;
  const recipient_id = await findCurrentId(db, workspace_id, link.recipient_id);
  if (recipient_id === null) return null;
  const tenants = [link.tenant_id];
  const person = (await services.recipients.loadById(db, workspace_id, [recipient_id], tenants)).get(
    recipient_id,
  );
  const tenant = await services.catalog.findTenant(workspace_id, link.tenant_id);
  if (person === undefined || tenant === null) return null;
  const properties = { ...person.properties, ...person.tenant_profiles[0]?.properties };
  const wishes = [link.locale, properties.$locale, properties.$preferred_language];
  return {
    workspace,
    link: { ...link, recipient_id },
    wishes: wishes.filter((wish) => typeof wish === "string"),
  };
}

async function hasExpired(db: Queryable, link: LinkClaims, { engine }: Services): Promise<boolean> {
  const now = (await readNows(db, [link.workspace_id], await engine.clock(db))).get(link.workspace_id);
  return now === undefined || now >= link.expires_at;
}

/** The page of a visit. `home`: where it is, as seen from the address that is asked for. */
export async function showPage(
  context: Pick<VisitContext, "db" | "services" | "query" | "headers">,
  { workspace, link, wishes }: Visit,
  { done = null, home = "" }: { done?: PageAction | null; home?: string } = {},
): Promise<RouteReply> {
  const { db, services, query } = context;
  const language = languageFor(context, wishes);
  const { workspace_id } = workspace;
  const { recipient_id, tenant_id, channel, category } = link;
  const page = await readRecipientPage(db, workspace_id, recipient_id, {
    tenant_id,
    locale: language.locale,
    tags: null,
    show_opt_out_channels: true,
  });
  const brand = await readBrand(workspace, tenant_id, services);
  const view = { language, brand, channel, first: category, page, search: query.q, done, home };
  return reply(200, language, (nonce) => renderHostedPage(view, nonce));
}

/** The same for a wrong link and an expired one. `done`: a new one was asked for. */
export function showDeadLink(
  context: Pick<VisitContext, "query" | "headers">,
  { done = false, home = "" } = {},
): RouteReply {
  const language = languageFor(context, []);
  return reply(done ? 200 : 404, language, (nonce) => renderDeadLink({ language, home, done }, nonce));
}

/** What the reader has chosen here, then what their link and profile say, then what their browser says. */
function languageFor(
  { query, headers }: Pick<VisitContext, "query" | "headers">,
  wishes: string[],
): PageLanguage {
  return chooseLanguage([query.lang, ...wishes, ...acceptedLanguages(headerOf(headers, "accept-language"))]);
}

async function readBrand(workspace: Workspace, tenant_id: string, { catalog }: Services): Promise<PageBrand> {
  const own = await catalog.findTenant(workspace.workspace_id, tenant_id);
  const fallback = await catalog.findTenant(workspace.workspace_id, DEFAULT_TENANT);
  const logo = own?.logo ?? null;
  return {
    name: own?.tenant_name ?? "",
    logo: logo !== null && /^https?:/.test(logo) && URL.canParse(logo) ? logo : null,
    color: own?.primary_color ?? fallback?.primary_color ?? null,
  };
}

function reply(status: number, { code }: PageLanguage, render: (nonce: string) => PageDocument): RouteReply {
  const { text, policy } = render(randomBytes(16).toString("base64"));
  return new RouteReply(status, text, "text/html; charset=utf-8", {
    ...GUARDED,
    "content-language": code,
    "content-security-policy": policy,
  });
}

/** A link is a secret: no cache keeps its page, no other site learns its address, no search engine lists it. */
export const GUARDED = {
  "cache-control": "no-store",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "x-robots-tag": "noindex, nofollow",
};

/** The fields of a form, however it was encoded. */
export function formOf(raw: Buffer | null): URLSearchParams {
  return new URLSearchParams(raw?.toString("utf8") ?? "");
}
