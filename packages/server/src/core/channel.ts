/** The nine delivery channels, by their wire names. */
export const CHANNELS = [
  "email",
  "sms",
  "whatsapp",
  "inbox",
  "androidpush",
  "iospush",
  "webpush",
  "slack",
  "ms_teams",
] as const;

export type Channel = (typeof CHANNELS)[number];

export function isChannel(value: unknown): value is Channel {
  return typeof value === "string" && (CHANNELS as readonly string[]).includes(value);
}
