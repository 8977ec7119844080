import { z } from "zod";
import { failure } from "../../delivery/vendor/failure.ts";
import { defineVendor } from "../../delivery/vendor/vendor.ts";
import { accountField, allParameters } from "../../delivery/vendor/whatsapp.ts";
import { callbackFor } from "../common/phone/callback.ts";
import { openWhatsAppApi } from "../common/phone/phone-api.ts";
import { checkTwilio, twilioApi, twilioFields, twilioWebhook } from "../common/phone/twilio.ts";

const SLUG = "twilio-whatsapp";

const config = z
  .object({
    ...twilioFields,
    from: z
      .string()
      .trim()
      .regex(/^(?:\+\d{5,15})?$/, "must be a number with its country code: +14155238886")
      .default("")
      .meta({ title: "From", description: "The WhatsApp number, where no Messaging Service chooses." }),
    ...accountField,
  })
  .superRefine(checkTwilio);

/**
 * WhatsApp by Twilio: the approval's `vendor_template_id` is the content template's SID, whose variables are numbered
 * over the whole template. https://www.twilio.com/docs/content/send-templates-created-with-the-content-template-builder
 */
export default defineVendor({
  slug: SLUG,
  vendor: "twilio",
  channel: "whatsapp",
  name: "Twilio WhatsApp",
  config,
  open(settings, deps) {
    const { messaging_service_sid, from, waba_id } = settings;
    const { call, ...api } = twilioApi(settings);
    return openWhatsAppApi(deps, {
      ...api,
      slug: SLUG,
      uid: waba_id,
      call(whatsapp, message) {
        const { to, template } = whatsapp;
        if (template.id === "") {
          const text = "the approval has no vendor_template_id: the content template's SID";
          return failure("message", "template_without_id", text);
        }
        const values = allParameters(whatsapp).map((value, index) => [String(index + 1), value]);
        return call({
          To: `whatsapp:${to}`,
          MessagingServiceSid: messaging_service_sid || undefined,
          From: from === "" ? undefined : `whatsapp:${from}`,
          ContentSid: template.id,
          ContentVariables: values.length === 0 ? undefined : JSON.stringify(Object.fromEntries(values)),
          StatusCallback: callbackFor(message),
        });
      },
    });
  },
  webhook: { ...twilioWebhook },
});
