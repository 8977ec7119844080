import type { InboundMessage } from "../../delivery/vendor/webhook.ts";

/** What a vendor says of a message from a person; blanks are unknown. */
export interface Received {
  id: string;
  from: string;
  to: string;
  text: string;
  in_reply_to?: string;
  at?: number | null;
}

/** The message, unless nobody is named as its sender. */
export function inbound({ id, from, to, text, in_reply_to = "", at = null }: Received): InboundMessage[] {
  if (from === "") return [];
  return [
    { kind: "inbound", id: id || null, from, to, text: text || null, in_reply_to: in_reply_to || null, at },
  ];
}
