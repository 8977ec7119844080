import type { WhatsApp, WhatsAppButton, WhatsAppHeader } from "../../../delivery/vendor/whatsapp.ts";

/**
 * A template message in the form of Meta's Cloud API, which other vendors pass through:
 * https://developers.facebook.com/docs/whatsapp/cloud-api/guides/send-message-templates
 */
export function metaTemplate({ template, header, body, buttons }: WhatsApp) {
  const components = [
    ...(header === null ? [] : headerComponents(header)),
    ...(body.parameters.length === 0
      ? []
      : [{ type: "body", parameters: body.parameters.map(textParameter) }]),
    ...buttons.flatMap(buttonComponents),
  ];
  return {
    name: template.name,
    language: { code: template.language, policy: "deterministic" },
    ...(components.length === 0 ? {} : { components }),
  };
}

function headerComponents(header: WhatsAppHeader) {
  if (header.kind === "text") {
    const parameters = header.parameters.map(textParameter);
    return parameters.length === 0 ? [] : [{ type: "header", parameters }];
  }
  const { kind, link, filename } = header;
  const media = { link, ...(kind === "document" && filename !== "" ? { filename } : {}) };
  return [{ type: "header", parameters: [{ type: kind, [kind]: media }] }];
}

function buttonComponents({ parameter, index }: WhatsAppButton) {
  if (parameter === null) return [];
  return [{ type: "button", sub_type: "url", index: String(index), parameters: [textParameter(parameter)] }];
}

function textParameter(text: string) {
  return { type: "text", text };
}
