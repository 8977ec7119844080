import { z } from "zod";
import { DEFAULT_TENANT } from "../../core/profile/effective-profile.ts";
import type { HttpReply } from "../../delivery/http/http.ts";
import { HttpCallError, retryAfterSeconds } from "../../delivery/http/http.ts";
import { classOfStatus, failure, hideSecrets, secretsInHeaders } from "../../delivery/vendor/failure.ts";
import type { ReplyReader } from "../../delivery/vendor/reply-reader.ts";
import { compileReader } from "../../delivery/vendor/reply-reader.ts";
import type { Place, Template } from "../../delivery/vendor/request-template.ts";
import { createRequestTemplates } from "../../delivery/vendor/request-template.ts";
import { secret } from "../../delivery/vendor/secret.ts";
import { readSms, type Sms } from "../../delivery/vendor/sms.ts";
import type { Outcome, OutgoingMessage, VendorConnection, VendorDeps } from "../../delivery/vendor/vendor.ts";
import { defineVendor, outcomeOf } from "../../delivery/vendor/vendor.ts";
import { callbackFor } from "../common/phone/callback.ts";
import { readMappedReports, reportFields } from "../common/phone/report-map.ts";

const SLUG = "generic-http-sms";

const template = z.string().max(10_000);
const reader = z.string().max(500).default("").refine(isReader, "neither a path nor a /pattern/");

const config = z
  .object({
    method: z.enum(["POST", "GET", "PUT", "PATCH"]).default("POST").meta({ title: "Method" }),
    url: template
      .regex(/^https?:\/\//i, "must start with https:// or http://")
      .meta({ title: "URL", description: "A template. Values in it are percent-encoded." }),
    content_type: z
      .string()
      .regex(/^[\w.+-]+\/[\w.+-]+(?:;[^\r\n]*)?$/, "not a media type")
      .default("application/json")
      .meta({ title: "Content type", description: "Decides how values in the body are escaped." }),
    body: template.default("").meta({ title: "Body", description: "A template. Blank: no body." }),
    headers: z
      .record(z.string().regex(/^[\w!#$%&'*+.^`|~-]{1,100}$/, "not a header name"), secret(template))
      .default({})
      .meta({ title: "Headers", description: "Templates, kept secret." }),
    credentials: z
      .record(z.string().regex(/^\w{1,100}$/, "only letters, digits and _"), secret(z.string().max(10_000)))
      .default({})
      .meta({ title: "Credentials", description: "Secrets for the templates: {{credentials.password}}." }),
    sender: z
      .string()
      .max(100)
      .default("")
      .meta({ title: "Sender", description: "{{sender}}; a DLT header wins." }),
    entity_id: z.string().max(100).default("").meta({ title: "DLT entity id", description: "{{entity_id}}" }),
    success_status: z
      .array(z.number().int().min(200).max(599))
      .max(50)
      .default([])
      .meta({ title: "Statuses of success", description: "None: every 2xx." }),
    success_value: reader.meta({
      title: "Value of success",
      description: "A path into the reply, or a /pattern/ over it. Blank: the status decides alone.",
    }),
    success_equals: z.array(z.string().max(200)).max(50).default([]).meta({
      title: "Success when the value is",
      description: "One of these. None: when there is a value.",
    }),
    ack_id: reader.meta({ title: "Message id", description: "A path or a /pattern/." }),
    error_code: reader.meta({ title: "Error code", description: "A path or a /pattern/." }),
    error_message: reader.meta({ title: "Error text", description: "A path or a /pattern/." }),
    error_classes: z
      .record(z.string().max(100), z.enum(["recipient", "message", "config", "throttled", "transient"]))
      .default({})
      .meta({ title: "Meaning of error codes", description: "What is not here is judged by the status." }),
    timeout_seconds: z.number().int().min(1).max(120).default(30).meta({ title: "Timeout in seconds" }),
    ...reportFields,
  })
  .superRefine((settings, context) => {
    for (const { field, problem } of problemsOf(settings)) {
      context.addIssue({ code: "custom", path: [field], message: problem });
    }
  });

type Config = z.output<typeof config>;

/**
 * Any SMS gateway that takes one HTTP request per message, described by its settings: the request as templates (see
 * `delivery/vendor/request-template.ts` for how values are encoded), the reply as paths and patterns (see
 * `delivery/vendor/reply-reader.ts`), its reports as names of fields (see `shared/report-map.ts`). The templates can use these values:
 *
 * `to` (+4915112345678) · `to_digits` (without the plus) · `text` · `sender` · `entity_id` · `template_id` (blank
 * unless the template has one) · `message_id` and `nid` (the same, unique for the message: pass it on if the gateway
 * takes a reference) · `callback_url` (where delivery reports go, with `?message_id=…` at its end; blank while the server
 * does not know its own address) · `unicode` (whether the text needs 16-bit characters) · `recipient` · `tenant_id` ·
 * `workspace` · `category` · `attempt` · `credentials.*`
 */
export default defineVendor({
  slug: SLUG,
  vendor: "generic-http",
  channel: "sms",
  name: "Generic HTTP",
  config,
  open,
  webhook: { read: readMappedReports },
});

function open(settings: Config, { http }: VendorDeps): VendorConnection {
  const request = compileRequest(settings);
  const judge = compileJudge(settings);

  return {
    send: async (message, signal) => {
      const read = readSms(message, { slug: SLUG, sender: settings.sender });
      if (!read.ok) return read.failure;
      const values = valuesOf(message, read.sms, settings);
      let rendered: RenderedRequest;
      try {
        rendered = request(values);
      } catch (error) {
        return failure(
          "config",
          "invalid_template",
          error instanceof Error ? error.message : "not renderable",
        );
      }
      try {
        const timeout_ms = settings.timeout_seconds * 1000;
        return judge(await http.request({ ...rendered, timeout_ms, max_response_bytes: 100_000, signal }));
      } catch (error) {
        if (error instanceof HttpCallError) {
          return outcomeOf(error);
        }
        throw error;
      }
    },
  };
}

interface RenderedRequest {
  method: string;
  url: string;
  headers: Record<string, string>;
  body?: string;
}

type Values = ReturnType<typeof valuesOf>;

function valuesOf(message: OutgoingMessage, sms: Sms, settings: Config) {
  return {
    to: sms.to,
    to_digits: sms.digits,
    text: sms.text,
    sender: sms.sender,
    entity_id: settings.entity_id,
    template_id: sms.template_id,
    message_id: message.message_id,
    nid: message.message_id,
    callback_url: callbackFor(message) ?? "",
    unicode: sms.unicode,
    recipient: message.recipient,
    tenant_id: message.tenant_id,
    workspace: message.workspace,
    category: message.category,
    attempt: message.attempt,
    credentials: settings.credentials,
  };
}

function compileRequest(settings: Config): (values: Values) => RenderedRequest {
  const { compile, share } = createRequestTemplates();
  const url = compile(settings.url, "url");
  const body = settings.body === "" ? null : compile(settings.body, placeOf(settings.content_type));
  const headers = Object.entries(settings.headers).map(([name, source]): [string, Template] => [
    name.toLowerCase(),
    compile(source, "text"),
  ]);
  const render = (values: Values): RenderedRequest => ({
    method: settings.method,
    url: url(values),
    headers: {
      ...(body === null ? {} : { "content-type": settings.content_type }),
      ...Object.fromEntries(headers.map(([name, template]) => [name, template(values)])),
    },
    ...(body === null ? {} : { body: body(values) }),
  });
  return (values) => share(() => render(values));
}

function placeOf(contentType: string): Place {
  const type = (contentType.split(";")[0] ?? "").trim().toLowerCase();
  if (type === "application/x-www-form-urlencoded") {
    return "form";
  }
  if (/[/+]json$/.test(type)) {
    return "json";
  }
  return /[/+]xml$/.test(type) ? "xml" : "text";
}

const SAMPLE: OutgoingMessage = {
  message_id: "01JD0000000000000000000000",
  workspace: "workspace",
  tenant_id: DEFAULT_TENANT,
  recipient: "recipient",
  category: "category",
  attempt: 1,
  to: "+15550101234",
  content: {},
  attachments: [],
  only_to: null,
  callback_url: "https://notify.example/webhook/generic-http/sms/uid/",
};

const SAMPLE_SMS: Sms = {
  to: "+15550101234",
  digits: "15550101234",
  text: 'Sample "text" & <more>',
  unicode: false,
  sender: "SAMPLE",
  dlt: false,
  template_id: "",
  provider_template_id: "",
  parameters: [],
};

/** Tries the settings on a sample message, so that a mistake is found by its author and not by the first recipient. */
function problemsOf(settings: Config): { field: keyof Config; problem: string }[] {
  const sample = valuesOf(SAMPLE, SAMPLE_SMS, settings);
  const problems: { field: keyof Config; problem: string }[] = [];
  const { compile, share } = createRequestTemplates();
  const attempt = (
    field: keyof Config,
    source: string,
    place: Place,
    isSound: (text: string) => boolean,
  ): void => {
    try {
      if (!isSound(compile(source, place)(sample))) {
        problems.push({ field, problem: `does not render to valid ${place}` });
      }
    } catch (error) {
      problems.push({ field, problem: error instanceof Error ? error.message : "not a template" });
    }
  };
  const place = placeOf(settings.content_type);
  share(() => {
    attempt("url", settings.url, "url", (url) => URL.canParse(url));
    // JSON that is declared a form is a forgotten content type.
    const isSound = (body: string) =>
      place === "json" ? isJson(body) : place !== "form" || !/^\s*[[{]/.test(body);
    attempt("body", settings.body, place, (body) => body === "" || isSound(body));
    for (const source of Object.values(settings.headers)) {
      attempt("headers", source, "text", (value) => !/[\r\n\0]/.test(value));
    }
  });
  return problems;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function isReader(source: string): boolean {
  try {
    return source === "" || typeof compileReader(source) === "function";
  } catch {
    return false;
  }
}

function compileJudge(settings: Config): (reply: HttpReply) => Outcome {
  const [successValue, ackId, errorCode, errorMessage] = [
    settings.success_value,
    settings.ack_id,
    settings.error_code,
    settings.error_message,
  ].map((source): ReplyReader | null => (source === "" ? null : compileReader(source)));
  const secrets = [...Object.values(settings.credentials), ...secretsInHeaders(settings.headers)];

  const isSuccess = ({ status, body }: HttpReply): boolean => {
    const expected =
      settings.success_status.length > 0
        ? settings.success_status.includes(status)
        : status >= 200 && status < 300;
    if (!expected || !successValue) {
      return expected;
    }
    const value = successValue(body);
    const { success_equals: values } = settings;
    return value !== undefined && (values.length > 0 ? values.includes(value) : value !== "");
  };

  return (reply) => {
    if (isSuccess(reply)) {
      return { kind: "sent", vendor_message_id: ackId?.(reply.body)?.slice(0, 200) || null };
    }
    const code = errorCode?.(reply.body)?.replaceAll(/\s+/g, "_").slice(0, 100) || `http_${reply.status}`;
    const said = errorMessage?.(reply.body) || reply.body;
    const wait = retryAfterSeconds(reply.headers);
    const known = Object.hasOwn(settings.error_classes, code) ? settings.error_classes[code] : undefined;
    return {
      ...failure(
        known ?? classOfStatus(reply.status),
        code,
        hideSecrets(said, secrets) || `HTTP ${reply.status}`,
      ),
      ...(wait === undefined ? {} : { retry_after: wait }),
    };
  };
}
