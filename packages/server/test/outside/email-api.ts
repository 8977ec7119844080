import { expect, it } from "vitest";
import type { z } from "zod";
import type { HttpReply, HttpRequest } from "../../src/delivery/http/http.ts";
import type { Vendor, Verification } from "../../src/delivery/vendor/vendor.ts";
import { attached, mailMessage } from "./smtp.ts";
import { type Answer, closed, dial, scriptedHttp, webhookRequest } from "./vendor-contract.ts";

/*
 * What the tests of vendors with an e-mail API share.
 */

/** A mail that uses everything: copies of each kind, headers, a file, and other scripts wherever they may stand. */
export const fullMail = () =>
  mailMessage(
    {
      from_name: "Änne, Billing",
      from_address: "billing@acme.test",
      subject: "Grüße",
      html: "<p>Grüße</p>",
      text: "Grüße",
      extra_to: ["Eve <eve@example.com>"],
      cc: ['"Bob, Jr" <bob@bücher.example>'],
      bcc: ["carol@example.com"],
      reply_to: "Help <help@acme.test>",
      headers: {
        "List-Unsubscribe": "<https://acme.test/u>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
      },
    },
    {
      to: "ann@bücher.example",
      attachments: [attached("Einladung ü.ics", "text/calendar; method=REQUEST", "BEGIN:VCALENDAR")],
    },
  );

/** The bytes of the file of `fullMail`, in base64. */
export const FULL_MAIL_FILE = "QkVHSU46VkNBTEVOREFS";

export const jsonReply = (
  status: number,
  json: unknown,
  headers: Record<string, string> = {},
): HttpReply => ({ status, headers, body: json === undefined ? "" : JSON.stringify(json) });

/** The body of the only request, as JSON. */
export function jsonBody(requests: HttpRequest[]): unknown {
  const [request, ...more] = requests;
  if (request === undefined || more.length > 0) throw new Error(`${requests.length} requests`);
  return JSON.parse(String(request.body));
}

/** What a vendor says of its credentials when the other side is a function, and what it asked for. */
export async function verifyThrough<Config extends z.ZodObject>(
  vendor: Vendor<Config>,
  config: z.input<Config>,
  answer: Answer,
): Promise<{ verification: Verification | undefined; requests: HttpRequest[] }> {
  const requests: HttpRequest[] = [];
  const http = scriptedHttp((request) => {
    requests.push(request);
    return answer(request);
  });
  const connection = vendor.open(vendor.config.parse(config), { http, dial, now: Date.now });
  return { verification: await connection.verify?.(new AbortController().signal), requests };
}

/** What holds for the reports of a vendor that calls an address with a user and a password in it. */
export function loginContract<Config extends z.ZodObject>(
  vendor: Vendor<Config>,
  config: z.input<Config> & { webhook_user: string; webhook_password: string },
): void {
  it("is proven by the login in its address", () => {
    const prove = (headers: Record<string, string>, more = {}) =>
      vendor.webhook?.verify?.(
        webhookRequest({ headers }),
        vendor.config.parse({ ...config, ...more }),
        closed,
      );
    const login = Buffer.from(`${config.webhook_user}:${config.webhook_password}`).toString("base64");
    expect(prove({ authorization: `Basic ${login}` })).toBe("verified");
    expect(prove({ authorization: `Basic ${login.slice(0, -4)}` })).toBe("forged");
    expect(prove({})).toBe("forged");
    expect(prove({}, { webhook_user: "", webhook_password: "" })).toBe("unsigned");
  });
}
