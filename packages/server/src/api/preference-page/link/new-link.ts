import type { JsonObject } from "../../../core/json.ts";
import { chooseLanguage } from "../../../preferences/hosted/languages.ts";
import { linkExpiry, pageAddress, signLink } from "../../../preferences/hosted/link.ts";
import { readNows } from "../../../workspaces/clock.ts";
import { findVisit, type Visit, type VisitContext } from "./visit.ts";

/** How long the next one has to wait: a link that somebody found must not fill its person's mailbox. */
const PAUSE = "1 hour";

/**
 * Mails a new link to the addresses that its person has, if a link of ours has expired: never to one that is given, and
 * nothing at all for a link that we did not make. The answer is the same either way.
 */
export async function askForNewLink(
  context: Pick<VisitContext, "auth" | "db" | "services" | "log">,
): Promise<void> {
  const { db, services, log } = context;
  const visit = await findVisit(context, { late: true });
  const written = visit === null ? null : await contentOf(context, visit);
  const content = services.channels.get("email")?.content.parse(written ?? {});
  if (visit === null || written === null || content === undefined) return;
  const { workspace_id, recipient_id, tenant_id } = visit.link;
  const claimed = await db.query(
    `insert into preference_link_request (workspace_id, recipient_id) values ($1, $2)
     on conflict (workspace_id, recipient_id) do update set requested_at = now()
      where preference_link_request.requested_at < now() - interval '${PAUSE}'
     returning 1`,
    [workspace_id, recipient_id],
  );
  const people = await services.recipients.loadById(db, workspace_id, [recipient_id], []);
  const person = people.get(recipient_id);
  if (claimed.length === 0 || person === undefined) return;
  const { object_type, distinct_id } = person;
  const sent = await services.engine.sendTrial({
    mock: {
      workspace_id,
      tenant_id,
      payload: {},
      batch_count: 0,
      recipient: { object_type, distinct_id },
      actor: null,
    },
    tried: {
      kind: "notice",
      workflow: { slug: "carillon.preference-link", name: "New link to the preference page" },
      template: { slug: "", version_no: 0 },
      variant: {
        channel: "email",
        id: "default",
        tenant_id: null,
        locale: "en",
        conditions: [],
        content,
        needs_vendor_approval: false,
        is_sendable: true,
        vendor_approvals: [],
        seq_no: 1,
        hash: "",
      },
    },
    identities: [],
    category: "system",
  });
  if (!sent.ok) log.info({ recipient_id, reason: sent.reason }, "no new preference link was sent");
}

/** Null: nobody knows where the page is. */
async function contentOf(
  { db, services }: Pick<VisitContext, "db" | "services">,
  { workspace, link, wishes }: Visit,
): Promise<JsonObject | null> {
  const { workspace_id } = workspace;
  const base = (await services.catalog.findTenant(workspace_id, link.tenant_id))?.page_base ?? null;
  const now = (await readNows(db, [workspace_id], await services.engine.clock(db))).get(workspace_id);
  if (base === null || now === undefined) return null;
  const { texts } = chooseLanguage(wishes);
  const address = pageAddress(base, signLink({ ...link, expires_at: linkExpiry(now) }, workspace.link_keys));
  return {
    subject: texts.title,
    body: { type: "plain_text", plain_text: { text: `${texts.renewText}\n\n${address}` } },
    list_unsubscribe: "",
  };
}
