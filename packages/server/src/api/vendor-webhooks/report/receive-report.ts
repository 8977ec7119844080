import { z } from "zod";
import { type RouteContext, RouteReply } from "../../../http/route.ts";
import type { ReportingVendor } from "../surface.ts";

type ReportContext = Omit<RouteContext<unknown, unknown, unknown>, "auth"> & { auth: ReportingVendor };

/** What all addresses of vendors' reports have in common. Bodies are the vendor's: JSON, forms, whatever it sends. */
export const reception = {
  reply: {
    status: 200,
    body: z.string(),
    content_type: "text/plain",
    description: "Stored. Empty, unless the vendor expects an answer of its own.",
  },
  // Storing is one statement; a transaction would hold a connection while a vendor's signature is checked.
  transaction: false,
  handle: receiveReport,
};

async function receiveReport({ auth, raw, services: { vendorReports } }: ReportContext): Promise<RouteReply> {
  const { reporter, path, call } = auth;
  const received = {
    method: call.method,
    target: call.url,
    headers: call.headers,
    body: raw ?? Buffer.alloc(0),
  };
  const { status, body, content_type } =
    reporter === null
      ? await vendorReports.receiveShared(path, received)
      : await vendorReports.receive(reporter, received);
  return new RouteReply(status, body, content_type ?? "text/plain; charset=utf-8");
}
