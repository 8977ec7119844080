import { appendImage, replaceLinks } from "../../channels/html/track-html.ts";
import type { JsonObject } from "../../core/json.ts";
import type { Db } from "../../db/db.ts";
import type { Workspaces } from "../../workspaces/workspaces.ts";
import type { MailTracking } from "../vendor/tracking.ts";
import { readTrackedLink, signTrackedLink, type TrackedLink, trackingKey } from "./tracking-link.ts";

/** Learns of openings and clicks of mails whose vendor cannot report them, by addresses of our own in the mail. */
export interface TrackedMails {
  /** The link that a token stands for; null: we have not signed it. */
  find: (token: string) => Promise<TrackedLink | null>;
  /** Records that it was used. Of what is recorded already, or of a message that is gone, nothing comes. */
  note: (link: TrackedLink) => Promise<void>;
}

export interface TrackedMessage {
  workspace_id: number;
  id: string;
  tenant_id: string;
  category: string;
  /** 0: of the system category. */
  lane: number;
  content: JsonObject;
}

/** The content as it is sent: the one that is kept has the links as they were written. */
export function trackContent(
  { workspace_id, id: message_id, tenant_id, category, lane, content }: TrackedMessage,
  { opens, clicks, except_categories, except_tenants }: MailTracking,
  base_url: string,
  secret: string,
): JsonObject {
  const { html } = content;
  const isExcepted = lane === 0 || except_categories.includes(category) || except_tenants.includes(tenant_id);
  if (isExcepted || typeof html !== "string" || html === "") return content;
  const key = trackingKey(secret);
  const address = (kind: "open" | "click", url: string | null) =>
    `${base_url}/t/${kind}/${signTrackedLink({ workspace_id, message_id, url }, key)}`;
  const linked = clicks ? replaceLinks(html, (url) => address("click", url)) : html;
  return { ...content, html: opens ? appendImage(linked, address("open", null)) : linked };
}

export function createTrackedMails({ db, workspaces }: { db: Db; workspaces: Workspaces }): TrackedMails {
  return {
    async find(token) {
      const said = readTrackedLink(token);
      if (said === null) return null;
      const [known] = await db.query<{ workspace_id: number }>(
        "select workspace_id from workspace where workspace_id = $1",
        [said.link.workspace_id],
      );
      if (known === undefined) return null;
      const { inbox_secret } = await workspaces.getById(known.workspace_id);
      return said.isSigned(trackingKey(inbox_secret)) ? said.link : null;
    },
    async note({ workspace_id, message_id, url }) {
      const status = url === null ? "seen" : "clicked";
      await db.query(
        `insert into due_receipt (workspace_id, message_id, status, due_at)
         select m.workspace_id, m.id, $3, now() from message m
          where m.workspace_id = $1 and m.id = $2 and case $3 when 'seen' then m.seen_at else m.clicked_at end is null`,
        [workspace_id, message_id, status],
        "mail_tracking_note",
      );
    },
  };
}
