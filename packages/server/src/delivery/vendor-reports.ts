import type { Db } from "../db/db.ts";
import { AppError } from "../errors.ts";
import type { SecretBox } from "../workspaces/crypto.ts";
import { HttpCallError, type HttpClient } from "./http/http.ts";
import type { Vendor } from "./vendor/vendor.ts";
import {
  MalformedReport,
  type Proof,
  type VendorWebhook,
  type WebhookDeps,
  type WebhookReply,
  type WebhookRequest,
} from "./vendor/webhook.ts";
import { insertReports, messageOf, type NewReport } from "./reports/report-store.ts";

/**
 * Takes what vendors report: proves where it comes from, reads it, and stores it before it is answered. Applying it to
 * messages is the sweep's, so that a vendor never waits for it.
 */
export interface VendorReports {
  /** The settings whose own address a request came to; null: there are none. */
  find: (webhook_uid: string) => Promise<Reporter | null>;
  /** A call to the address of one vendor's settings. Throws `AppError` for a wrong signature, and for what is no report. */
  receive: (reporter: Reporter, call: ReportCall) => Promise<WebhookReply>;
  /** Whether existing installations have entered this address, without slashes at its ends, at their vendors. */
  isShared: (path: string) => boolean;
  /**
   * A call to an address that names no settings: each of the vendor's settings takes what it can prove to be its own, by
   * its signature or by the ids of its messages. Throws `AppError` when none can, and for what is no report.
   */
  receiveShared: (path: string, call: ReportCall) => Promise<WebhookReply>;
}

/** A call as it came in. */
export interface ReportCall {
  method: string;
  /** Path and query exactly as on the wire. */
  target: string;
  headers: Readonly<Record<string, string | string[] | undefined>>;
  body: Buffer;
}

/** Stored settings of a vendor that reports. */
export interface Reporter {
  workspace_id: number;
  vendor_config_id: string;
  webhook: VendorWebhook<unknown>;
  config: unknown;
}

export interface VendorReportsDeps {
  db: Db;
  box: SecretBox;
  http: HttpClient;
  /** The server's own address as vendors know it, which some of them sign; null: what the call itself says. */
  base_url: string | null;
  vendors: ReadonlyMap<string, Vendor>;
}

/** Some vendors would send the text of an answer to the person who wrote to us. */
const RECEIVED: WebhookReply = { status: 200, body: "" };

interface Row {
  workspace_id: number;
  id: string;
  vendor_slug: string;
  config: Buffer;
}

export function createVendorReports({ db, box, http, base_url, vendors }: VendorReportsDeps): VendorReports {
  const shared = Map.groupBy(
    [...vendors.values()].flatMap(({ slug, webhook }) =>
      (webhook?.shared_paths ?? []).map((path) => ({ path, slug })),
    ),
    ({ path }) => path,
  );

  function toReporter(row: Row): Reporter[] {
    const vendor = vendors.get(row.vendor_slug);
    if (vendor?.webhook === undefined) return [];
    const config = vendor.config.parse(JSON.parse(box.open(row.config)));
    const webhook = vendor.webhook as VendorWebhook<unknown>;
    return [{ workspace_id: row.workspace_id, vendor_config_id: row.id, webhook, config }];
  }

  return {
    async find(webhook_uid) {
      const rows = await db.query<Row>(
        "select workspace_id, id, vendor_slug, config from vendor_config where webhook_uid = $1",
        [webhook_uid],
        "reporter_find",
      );
      return rows.flatMap(toReporter)[0] ?? null;
    },
    async receive(reporter, call) {
      const request = toRequest(call, base_url);
      const { webhook, config } = reporter;
      const greeting = (await webhook.greet?.(request, config, { http })) ?? null;
      if (greeting !== null) return greeting;
      if ((await prove(reporter, request, { http })) === "forged") throw forged();
      await insertReports(db, read(reporter, request));
      return RECEIVED;
    },
    isShared: (path) => shared.has(path),
    async receiveShared(path, call) {
      const request = toRequest(call, base_url);
      const slugs = (shared.get(path) ?? []).map(({ slug }) => slug);
      const rows = await db.query<Row>(
        "select workspace_id, id, vendor_slug, config from vendor_config where vendor_slug = any($1)",
        [slugs],
        "reporters_of",
      );
      const reporters = rows.flatMap(toReporter);
      const proofs = await Promise.all(reporters.map((reporter) => prove(reporter, request, { http })));
      const believed = reporters.filter((_one, index) => proofs[index] !== "forged");
      if (believed.length === 0) throw forged();
      const reports = await Promise.all(
        believed.map(async (reporter) => {
          const reports = read(reporter, request);
          return proofs[reporters.indexOf(reporter)] === "verified" ? reports : ownOf(reporter, reports);
        }),
      );
      await insertReports(db, reports.flat());
      return RECEIVED;
    },
  };

  /** Without a signature, only reports about messages that these settings have sent. */
  async function ownOf(reporter: Reporter, reports: NewReport[]): Promise<NewReport[]> {
    const ids = reports.map(({ report }) => messageOf(report));
    const rows = await db.query<{ id: string }>(
      `select id from message where workspace_id = $1 and id = any($2) and vendor_config_id = $4
       union all
       select vendor_message_id from vendor_ack
        where workspace_id = $1 and vendor_message_id = any($3) and vendor_config_id = $4`,
      [
        reporter.workspace_id,
        ids.map(({ message_id }) => message_id),
        ids.map(({ vendor_message_id }) => vendor_message_id),
        reporter.vendor_config_id,
      ],
      "reports_own",
    );
    const known = new Set(rows.map(({ id }) => id));
    return reports.filter(({ report }) => {
      const { message_id, vendor_message_id } = messageOf(report);
      return known.has(message_id ?? vendor_message_id ?? "");
    });
  }
}

async function prove(
  { webhook, config }: Reporter,
  request: WebhookRequest,
  deps: WebhookDeps,
): Promise<Proof> {
  try {
    return (await webhook.verify?.(request, config, deps)) ?? "unsigned";
  } catch (error) {
    if (!(error instanceof HttpCallError)) throw error;
    const text = `the signature of the report could not be checked: ${error.message}`;
    throw new AppError("vendor_unreachable", text, { cause: error });
  }
}

function read(
  { workspace_id, vendor_config_id, webhook, config }: Reporter,
  request: WebhookRequest,
): NewReport[] {
  try {
    return webhook.read(request, config).map((report) => ({ workspace_id, vendor_config_id, report }));
  } catch (error) {
    if (!(error instanceof MalformedReport)) throw error;
    throw new AppError("validation_error", error.message, { cause: error });
  }
}

function forged(): AppError {
  return new AppError("authentication_failed", "the signature of the report is missing, wrong or too old");
}

function toRequest({ method, target, headers, body }: ReportCall, base_url: string | null): WebhookRequest {
  const named = Object.entries(headers).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, Array.isArray(value) ? value.join(", ") : value] as const],
  );
  const read = Object.fromEntries(named);
  return {
    method,
    url: `${base_url ?? `http://${read.host ?? "localhost"}`}${target}`,
    query: new URLSearchParams(target.split("?")[1] ?? ""),
    headers: read,
    body,
    received_at: Date.now(),
  };
}
