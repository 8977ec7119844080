import { z } from "zod";
import { readSms } from "../../delivery/vendor/sms.ts";
import { defineVendor } from "../../delivery/vendor/vendor.ts";
import { callbackFor } from "../shared/report.ts";
import { openTwilio, twilioFields, twilioWebhook } from "../shared/twilio.ts";

const SLUG = "twilio-sms";

const config = z
  .object({
    ...twilioFields,
    from: z
      .string()
      .trim()
      .max(20)
      .default("")
      .meta({ title: "From", description: "A number or sender name, where no Messaging Service chooses." }),
  })
  .refine(({ messaging_service_sid, from }) => messaging_service_sid !== "" || from !== "", {
    message: "a Messaging Service or a From number is needed",
    path: ["messaging_service_sid"],
  });

/** SMS by Twilio: see `shared/twilio.ts`. */
export default defineVendor({
  slug: SLUG,
  vendor: "twilio",
  channel: "sms",
  name: "Twilio",
  config,
  open(settings, deps) {
    const { send, verify } = openTwilio(settings, deps);
    return {
      async send(message, signal) {
        const read = readSms(message, { slug: SLUG, sender: settings.from });
        if (!read.ok) return read.failure;
        const { to, text, sender } = read.sms;
        const form = {
          To: to,
          ...(settings.messaging_service_sid === ""
            ? { From: sender }
            : { MessagingServiceSid: settings.messaging_service_sid }),
          Body: text,
          StatusCallback: callbackFor(message),
        };
        return send(form, signal);
      },
      verify,
    };
  },
  webhook: { shared_paths: ["webhook/twilio/sms"], ...twilioWebhook },
});
