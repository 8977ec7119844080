import type { z } from "zod";
import type generic from "./generic-http.ts";

/**
 * Settings of the generic vendor for gateways that have no file of their own: their documentation is given to customers
 * only, or differs between accounts, so a customer completes and may change them. Sender and DLT entity are added by the
 * customer as well.
 */
export interface GenericHttpPreset {
  /** The name of the gateway. */
  name: string;
  /** What each credential is. */
  credentials: Readonly<Record<string, string>>;
  settings: Omit<z.input<typeof generic.config>, "credentials">;
}

const FORM = "application/x-www-form-urlencoded";

export const genericHttpPresets: Readonly<Record<string, GenericHttpPreset>> = {
  /**
   * https://developers.kaleyra.io/docs/send-sms-message, statuses:
   * https://developers.kaleyra.io/docs/sms-status-and-status-trace-codes. Reports: a callback profile made at Kaleyra.
   */
  kaleyra: {
    name: "Kaleyra",
    credentials: { sid: "Account SID", api_key: "API key" },
    settings: {
      url: "https://api.kaleyra.io/v1/{{credentials.sid}}/messages",
      headers: { "api-key": "{{credentials.api_key}}" },
      content_type: FORM,
      body: "to={{to}}&sender={{sender}}&type=TXN&body={{text}}{{#if template_id}}&template_id={{template_id}}{{/if}}&ref={{message_id}}",
      success_value: "data[0].message_id",
      ack_id: "data[0].message_id",
      error_code: "code",
      error_message: "message",
      report_ack_id: "id",
      report_address: "mobile",
      report_statuses: { "SENT - NO DLR": "sent_by_vendor", "NOT-SENT": "delivery_failure" },
    },
  },
  /** https://developer.rmlconnect.net/route-mobile-project/reference/sendsmssecured */
  route_mobile: {
    name: "Route Mobile",
    credentials: { username: "User name", password: "Password" },
    settings: {
      url: "https://sms6.rmlconnect.net:8443/bulksms/bulksms",
      content_type: FORM,
      body:
        "username={{credentials.username}}&password={{credentials.password}}&dlr=1" +
        "&type={{#if unicode}}2{{else}}0{{/if}}&destination={{to_digits}}&source={{sender}}" +
        "&message={{#if unicode}}{{ucs2 text}}{{else}}{{text}}{{/if}}" +
        "{{#if entity_id}}&entityid={{entity_id}}{{/if}}{{#if template_id}}&tempid={{template_id}}{{/if}}",
      success_value: "/^1701\\|/",
      ack_id: "/^1701\\|[^|]*\\|([^\\s,|]+)/",
      error_code: "/^(\\d{4})/",
      error_classes: {
        "1025": "config",
        "1032": "recipient",
        "1702": "message",
        "1703": "config",
        "1704": "message",
        "1705": "message",
        "1706": "recipient",
        "1707": "config",
        "1709": "config",
        "1710": "transient",
        "1715": "transient",
      },
      report_ack_id: "sMessageId",
      report_address: "sMobileNo",
      report_status: "sStatus",
    },
  },
  /** https://product-user-guide.vfirst.com */
  valuefirst: {
    name: "ValueFirst",
    credentials: { username: "User name", password: "Password" },
    settings: {
      url: "https://api.myvfirst.com/psms/servlet/psms.JsonEservice",
      body:
        '{"@VER":"1.2","USER":{"@USERNAME":"{{credentials.username}}","@PASSWORD":"{{credentials.password}}"},' +
        '"DLR":{"@URL":"{{callback_url}}"},"SMS":[{"@UDH":"0","@CODING":"{{#if unicode}}2{{else}}1{{/if}}",' +
        '"@TEXT":"{{text}}","@PROPERTY":"0","@ID":"1","@TEMPLATEINFO":"{{template_id}}",' +
        '"ADDRESS":[{"@FROM":"{{sender}}","@TO":"{{to_digits}}","@SEQ":"1","@TAG":"{{message_id}}"}]}]}',
      success_value: '/^(?!.*"ERROR").*"GUID"\\s*:\\s*"(\\w+)"/s',
      ack_id: '/"GUID"\\s*:\\s*"(\\w+)"/',
      error_code: '/"code"\\s*:\\s*"?(\\w+)/i',
      error_message: '/"desc"\\s*:\\s*"([^"]*)"/i',
      error_classes: {
        "28673": "recipient",
        "28674": "recipient",
        "28675": "config",
        "28680": "config",
        "28682": "recipient",
        "52992": "config",
        "57089": "config",
        "57090": "config",
        "57091": "config",
        "65280": "transient",
      },
    },
  },
  /** The transactional account of ACL, now Sinch in India. */
  acl: {
    name: "ACL (Sinch, India)",
    credentials: { app_id: "Enterprise ID", user_id: "User ID", password: "Password" },
    settings: {
      method: "GET",
      url:
        "https://push3.aclgateway.com/servlet/com.aclwireless.pushconnectivity.listeners.TextListener" +
        "?appid={{credentials.app_id}}&userId={{credentials.user_id}}&pass={{credentials.password}}" +
        "&contenttype={{#if unicode}}3{{else}}1{{/if}}&from={{sender}}&to={{to_digits}}&text={{text}}" +
        "&alert=1&selfid=true&dlrreq=true" +
        "{{#if entity_id}}&dpi={{entity_id}}{{/if}}{{#if template_id}}&dtm={{template_id}}{{/if}}",
      success_value: "/^\\s*\\d[\\w:.-]{7,}\\s*$/",
      ack_id: "/(\\d[\\w:.-]{7,})/",
      report_ack_id: "msgid",
      report_address: "msisdn",
    },
  },
  /** The account for one-time passwords of ACL, now Sinch in India. */
  acl_otp: {
    name: "ACL OTP (Sinch, India)",
    credentials: {
      enterprise_id: "Enterprise ID",
      sub_enterprise_id: "Sub Enterprise ID; the Enterprise ID again if there is none",
      user_id: "User ID",
      password: "Password",
    },
    settings: {
      method: "GET",
      url:
        "https://otp2.aclgateway.com/OTP_ACL_Web/OtpRequestListener" +
        "?enterpriseid={{credentials.enterprise_id}}&subEnterpriseid={{credentials.sub_enterprise_id}}" +
        "&pusheid={{credentials.user_id}}&pushepwd={{credentials.password}}&msisdn={{to_digits}}" +
        "&sender={{sender}}&msgtext={{text}}" +
        "{{#if entity_id}}&dpi={{entity_id}}{{/if}}{{#if template_id}}&dtm={{template_id}}{{/if}}",
      success_value: "/^\\s*\\d[\\w:.-]{7,}\\s*$/",
      ack_id: "/(\\d[\\w:.-]{7,})/",
      report_ack_id: "msgid",
      report_address: "msisdn",
    },
  },
};
