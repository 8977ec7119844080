/** The channels, as the API names them. */
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

/** What a workflow sends on: the channels, and calls of webhooks. */
export const SENT_ON = [...CHANNELS, "webhook"] as const;
