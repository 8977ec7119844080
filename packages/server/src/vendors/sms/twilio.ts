import { z } from "zod";
import { defineVendor } from "../../delivery/vendor/vendor.ts";
import { callbackFor } from "../common/phone/callback.ts";
import { openSmsApi } from "../common/phone/phone-api.ts";
import { checkTwilio, twilioApi, twilioFields, twilioWebhook } from "../common/phone/twilio.ts";

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
  .superRefine(checkTwilio);

/** SMS by Twilio: see `shared/twilio.ts`. */
export default defineVendor({
  slug: SLUG,
  vendor: "twilio",
  channel: "sms",
  name: "Twilio",
  config,
  open(settings, deps) {
    const { messaging_service_sid, from } = settings;
    const { call, ...api } = twilioApi(settings);
    return openSmsApi(deps, {
      ...api,
      slug: SLUG,
      sender: from,
      call: ({ to, text, sender }, message) =>
        call({
          To: to,
          ...(messaging_service_sid === ""
            ? { From: sender }
            : { MessagingServiceSid: messaging_service_sid }),
          Body: text,
          StatusCallback: callbackFor(message),
        }),
    });
  },
  webhook: { shared_paths: ["webhook/twilio/sms"], ...twilioWebhook },
});
