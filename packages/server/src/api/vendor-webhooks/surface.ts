import type { Reporter } from "../../delivery/vendor-reports.ts";
import { AppError } from "../../errors.ts";
import type { Claim, IncomingRequest, Principal } from "../../http/request.ts";
import { routesFor, type Surface } from "../../http/route.ts";
import type { Services } from "../../services.ts";

/** A vendor that calls one of our addresses. */
export interface ReportingVendor extends Principal {
  /** The settings that the address belongs to; null: an address that existing installations share. */
  reporter: Reporter | null;
  /** The address without slashes at its ends. */
  path: string;
  call: Pick<IncomingRequest, "method" | "url" | "headers">;
}

/**
 * Where vendors report what became of messages. The part of the address beyond guessing names the settings; a vendor
 * that signs is believed only with its signature. Reports are stored before they are answered and may come repeatedly.
 */
export const surface: Surface = {
  name: "vendor webhooks",
  description: "Where vendors report what became of messages.",
  security: {
    type: "apiKey",
    in: "header",
    name: "Signature",
    description: "Whatever the vendor signs with, under the secret in the vendor's settings.",
  },
  family: "management",
  errors: ["authentication_failed", "validation_error", "not_found", "vendor_unreachable"],
  authenticate,
};

async function authenticate(
  { method, url, headers, params, beforeLookup }: IncomingRequest,
  { vendorReports }: Services,
): Promise<Claim<ReportingVendor>> {
  const path = (url.split("?")[0] ?? "").replaceAll(/^\/+|\/+$/g, "");
  const call = { method, url, headers };
  if (vendorReports.isShared(path)) return { auth: { principal: path, reporter: null, path, call } };
  beforeLookup();
  const reporter = params.uid === undefined ? null : await vendorReports.find(params.uid);
  if (reporter === null) throw new AppError("not_found", `no vendor reports to '/${path}/'`);
  return { auth: { principal: `vendor ${reporter.vendor_config_id}`, reporter, path, call } };
}

export const defineReportRoute = routesFor(authenticate);
