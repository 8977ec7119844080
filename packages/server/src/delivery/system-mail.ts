import type { JsonObject } from "../core/json.ts";
import type { Db } from "../db/db.ts";
import type { Log } from "../log.ts";
import type { VendorAdmin } from "./vendor-admin.ts";
import { isSimulator } from "./vendor-table.ts";

/**
 * Mail of Carillon itself: codes to sign in, invitations. It goes out through the first workspace that can send e-mail, and
 * no log keeps it: who may read messages must not find there what somebody else signs in with.
 */
export interface SystemMailDeps {
  db: Db;
  log: Log;
  vendors: Pick<VendorAdmin, "test">;
  /** The content of the channel. */
  render: (subject: string, text: string) => JsonObject;
}

export type SystemMail = (to: string, subject: string, text: string) => Promise<boolean>;

const PATIENCE_MS = 20_000;

interface Route {
  workspace_id: number;
  workspace: string;
  vendor_config_id: string;
  vendor_slug: string;
}

/** True: a vendor has taken it. What vendors say otherwise is logged, and the next one is tried. Never rejects. */
export function createSystemMail({ db, log, vendors, render }: SystemMailDeps): SystemMail {
  const readRoutes = () =>
    db.query<Route>(
      `select r.workspace_id, w.uid as workspace, r.vendor_config_id, c.vendor_slug
         from vendor_route r join vendor_config c on c.workspace_id = r.workspace_id and c.id = r.vendor_config_id
         join workspace w on w.workspace_id = r.workspace_id
        where r.channel = 'email' and r.root_category = 'system' and r.tenant_id = 'default'
        order by w.mode = 'production' desc, r.workspace_id, r.position`,
    );
  return async (to, subject, text) => {
    try {
      for (const route of await readRoutes()) {
        if (isSimulator(route.vendor_slug)) continue;
        const { workspace_id, workspace, vendor_config_id } = route;
        const message = { workspace, to, content: render(subject, text), callback_url: null };
        const signal = AbortSignal.timeout(PATIENCE_MS);
        const outcome = await vendors.test(workspace_id, vendor_config_id, message, signal);
        // One that did not answer may have sent it: a second mail would do no harm, but a second vendor may hang, too.
        if (outcome !== null && outcome.kind !== "failed") return true;
        log.warn(
          { vendor_config_id, code: outcome?.code, reason: outcome?.message },
          "a mail of the system was refused by a vendor",
        );
      }
    } catch (error) {
      log.error({ err: error }, "a mail of the system was not sent");
    }
    return false;
  };
}
