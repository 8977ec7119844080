import { z } from "zod";
import type { Json } from "../../../core/json.ts";
import { getAtPath, parseJsonPath } from "../../../core/json/json-path.ts";
import { textAt } from "../../../delivery/vendor/call.ts";
import { parseReply } from "../../../delivery/vendor/reply-reader.ts";
import { MalformedReport, type VendorReport, type WebhookRequest } from "../../../delivery/vendor/webhook.ts";
import { calledBackId, fieldsOf } from "./callback.ts";
import { lost, progress } from "../report.ts";
import { smppStatus } from "./smpp.ts";

/*
 * Reports of a vendor that a customer describes: which of their fields says what. A field is written as its name in a
 * form or a query, or as a path into JSON: `status`, `data[0].state`.
 */

const field = z
  .string()
  .trim()
  .max(200)
  .default("")
  .refine((text) => text === "" || parseJsonPath(text) !== null, "not a field's name or path");

export const reportFields = {
  report_list: field.meta({
    title: "Reports: list",
    description: "Where several reports of one request stand. Blank: the request is one report, or a list.",
  }),
  report_message_id: field.meta({
    title: "Reports: our id",
    description: "The field with {{message_id}}. Blank: it is in the address, as {{callback_url}} has it.",
  }),
  report_ack_id: field.meta({
    title: "Reports: gateway's id",
    description: "The field with the id that the gateway's reply had.",
  }),
  report_address: field.meta({ title: "Reports: number" }),
  report_status: field.default("status").meta({ title: "Reports: status" }),
  report_reason: field.meta({ title: "Reports: reason", description: "What went wrong." }),
  report_statuses: z
    .record(z.string().max(100), z.enum(["sent_by_vendor", "delivered", "delivery_failure"]))
    .default({})
    .meta({
      title: "Meaning of statuses",
      description: "What is not here is read as SMPP's words: DELIVRD, UNDELIV, EXPIRED, REJECTD.",
    }),
};

export type ReportMap = z.output<z.ZodObject<typeof reportFields>>;

/** The names of the fields where the settings are unknown. */
const DEFAULTS: ReportMap = z.object(reportFields).parse({});

export function readMappedReports(request: WebhookRequest, map: ReportMap = DEFAULTS): VendorReport[] {
  const entries = entriesOf(request, map.report_list);
  const called = entries.length === 1 ? calledBackId(request) : null;
  return entries.flatMap((entry) => {
    const at = (path: string) => (path === "" ? "" : valueAtField(entry, path));
    const about = {
      message_id: at(map.report_message_id) || called,
      vendor_message_id: at(map.report_ack_id) || null,
      address: at(map.report_address) || null,
    };
    if (about.message_id === null && about.vendor_message_id === null) return [];
    const word = at(map.report_status);
    const status = Object.hasOwn(map.report_statuses, word) ? map.report_statuses[word] : smppStatus(word);
    if (status === undefined) return [];
    if (status !== "delivery_failure") return [progress(about, status)];
    return [lost(about, at(map.report_reason) || word)];
  });
}

function entriesOf(request: WebhookRequest, list: string): Json[] {
  const json = parseReply(request.body.toString("utf8"));
  const query = Object.fromEntries(request.query);
  if (json === undefined) return [Object.fromEntries(fieldsOf(request))];
  const found = list === "" ? json : getAtPath(json, parseJsonPath(list) ?? []);
  if (typeof found !== "object" || found === null) {
    throw new MalformedReport(list === "" ? "the body is not a report" : `there is nothing at ${list}`);
  }
  return Array.isArray(found) ? found : [{ ...query, ...found }];
}

/** A name with dots in it comes before a path. */
function valueAtField(entry: Json, path: string): string {
  const named = textAt(entry, path);
  if (named !== "") return named.trim();
  return textAt({ found: getAtPath(entry, parseJsonPath(path) ?? []) }, "found").trim();
}
