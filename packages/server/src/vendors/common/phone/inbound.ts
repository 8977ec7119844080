import type { InboundMessage } from "../../../delivery/vendor/webhook.ts";

/** What a vendor says of a message from a person; blanks are unknown. Numbers are as the vendor writes them. */
export interface Received {
  id: string;
  from: string;
  to: string;
  text: string;
  in_reply_to?: string;
  at?: number | null;
}

/** The message, unless nobody is named as its sender. Numbers are as profiles have them, so that a STOP finds its own. */
export function inbound({ id, from, to, text, in_reply_to = "", at = null }: Received): InboundMessage[] {
  if (from === "") return [];
  return [
    {
      kind: "inbound",
      id: id || null,
      from: international(from),
      to: international(to),
      text: text || null,
      in_reply_to: in_reply_to || null,
      at,
    },
  ];
}

/** Many vendors leave the plus out; a number with fewer digits is a short code, which has none. */
function international(number: string): string {
  return /^[1-9]\d{6,14}$/.test(number) ? `+${number}` : number;
}
