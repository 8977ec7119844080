import { z } from "zod";
import { dltFields } from "../../delivery/vendor/sms.ts";
import { defineVendor } from "../../delivery/vendor/vendor.ts";
import {
  gupshupAccepted,
  gupshupCall,
  gupshupFields,
  gupshupMessageId,
  gupshupRefused,
  readGupshupReports,
} from "../common/phone/gupshup.ts";
import { openSmsApi } from "../common/phone/phone-api.ts";

const SLUG = "gupshup-sms";
const API = "https://enterprise.smsgupshup.com/GatewayAPI/rest";

const config = z.object({ ...gupshupFields, ...dltFields });

/** SMS by Gupshup: see `shared/gupshup.ts`. */
export default defineVendor({
  slug: SLUG,
  vendor: "gupshup",
  channel: "sms",
  name: "Gupshup",
  config,
  open: (settings, deps) =>
    openSmsApi(deps, {
      slug: SLUG,
      sender: settings.sender,
      secrets: [settings.password],
      accepted: gupshupAccepted,
      refused: gupshupRefused,
      call: (sms, message) =>
        gupshupCall(API, settings, {
          method: "SendMessage",
          send_to: sms.digits,
          msg: sms.text,
          msg_type: sms.unicode ? "Unicode_Text" : "TEXT",
          mask: sms.sender || undefined,
          principalEntityId: settings.entity_id || undefined,
          dltTemplateId: sms.template_id || undefined,
          msg_id: gupshupMessageId(message),
        }),
    }),
  webhook: {
    shared_paths: ["webhook/gupshup/sms"],
    read: (request) => readGupshupReports(request),
  },
});
