import type { Approver } from "../../../delivery/vendor/approval.ts";
import { callVendor, probe, type Reading, type VendorCall } from "../../../delivery/vendor/call.ts";
import { readSms, type Sms } from "../../../delivery/vendor/sms.ts";
import type {
  Failed,
  OutgoingMessage,
  VendorConnection,
  VendorDeps,
} from "../../../delivery/vendor/vendor.ts";
import { readWhatsApp, type WhatsApp } from "../../../delivery/vendor/whatsapp.ts";

/*
 * What vendors share that take a message to a number as one HTTP request. Their connections have no state: everything is
 * in each request.
 */

interface PhoneApi extends Reading {
  slug: string;
  /** The cheap call that proves the credentials. */
  probe?: VendorCall;
}

export interface SmsApi extends PhoneApi {
  /** Where the template names no registered header. */
  sender: string;
  /** A failure: the message has no form that this vendor takes. */
  call: (sms: Sms, message: OutgoingMessage) => VendorCall | Failed;
}

export function openSmsApi(deps: VendorDeps, api: SmsApi): VendorConnection {
  return openApi(deps, api, (message) => {
    const read = readSms(message, api);
    return read.ok ? api.call(read.sms, message) : read.failure;
  });
}

export interface WhatsAppApi extends PhoneApi, Approver {
  call: (whatsapp: WhatsApp, message: OutgoingMessage) => VendorCall | Failed;
}

export function openWhatsAppApi(deps: VendorDeps, api: WhatsAppApi): VendorConnection {
  return openApi(deps, api, (message) => {
    const read = readWhatsApp(message, api);
    return read.ok ? api.call(read.whatsapp, message) : read.failure;
  });
}

function openApi(
  { http }: VendorDeps,
  api: PhoneApi,
  callOf: (message: OutgoingMessage) => VendorCall | Failed,
): VendorConnection {
  const { probe: proof } = api;
  return {
    async send(message, signal) {
      const call = callOf(message);
      return "kind" in call ? call : callVendor(http, call, api, signal);
    },
    ...(proof === undefined ? {} : { verify: (signal: AbortSignal) => probe(http, proof, api, signal) }),
  };
}
