import { z } from "zod";
import { SOCIAL_SITES } from "../../../catalog/tenant.ts";
import { CHANNELS } from "../../../core/channel.ts";
import { isJsonObject, type JsonObject } from "../../../core/json.ts";
import { checkReservedProperty } from "../../../core/profile/reserved-properties.ts";

/** The body of a tenant's upsert. An absent key keeps the stored value; null clears it where it may be empty. */
const MAX_URL = 2048;

const url = z
  .string()
  .trim()
  .max(MAX_URL, `Ensure this field has no more than ${MAX_URL} characters.`)
  .refine((text) => text === "" || isWebAddress(text), "Enter a valid URL.");

/** An empty text means none. */
const optionalUrl = url.transform((text) => text || null).nullish();

const color = z
  .string()
  .trim()
  .regex(/^#[0-9a-fA-F]{6}$/, "Enter a valid hex color, eg. #000000")
  .nullish();

const timezone = z
  .string()
  .transform((text, context) => {
    const checked = checkReservedProperty("$timezone", text);
    if (checked.ok) return checked.value;
    context.addIssue({ code: "custom", message: checked.reason });
    return z.NEVER;
  })
  .nullish();

/** `LinkedIn` is how the published schema spells it; `twitter` is the old name of x. */
const ALIASES: ReadonlyMap<string, string> = new Map([
  ["LinkedIn", "linkedin"],
  ["twitter", "x"],
]);
const SITES: ReadonlySet<string> = new Set(SOCIAL_SITES);

const jsonObject = z.custom<JsonObject>(isJsonObject, "Expected a dictionary of items.");

/** Only the sites that were sent; null changes nothing, an empty text clears. */
const socialLinks = jsonObject
  .transform((links, context) => {
    const known = new Map<string, string>();
    for (const [name, value] of Object.entries(links)) {
      const site = ALIASES.get(name) ?? name;
      if (!SITES.has(site) || value === null) continue;
      const checked = url.safeParse(value);
      if (checked.success) known.set(site, checked.data);
      else context.addIssue({ code: "custom", message: "Enter a valid URL.", path: [name] });
    }
    return Object.fromEntries(known);
  })
  .nullish();

export const tenantBody = z
  .object({
    tenant_name: z
      .string()
      .trim()
      .min(1, "missing value")
      .max(255, "Ensure this field has no more than 255 characters.")
      .refine((text) => !/<[a-z!/?]/i.test(text), "Ensure this field contains non-html text")
      .optional(),
    logo: optionalUrl,
    timezone,
    primary_color: color,
    secondary_color: color,
    tertiary_color: color,
    social_links: socialLinks,
    embedded_preference_url: optionalUrl,
    preference_page_url: optionalUrl.describe("The old name of embedded_preference_url."),
    hosted_preference_domain: z
      .string()
      .trim()
      .max(253, "Ensure this field has no more than 253 characters.")
      .refine((text) => text === "" || isDomain(text), "Enter a valid domain.")
      .transform((text) => text || null)
      .nullish(),
    blocked_channels: z.array(z.enum(CHANNELS)).max(CHANNELS.length).nullish(),
    properties: jsonObject.nullish().meta({ type: "object" }),
  })
  .meta({
    description: "Absent keys stay as they are. Properties are written key by key.",
    example: {
      tenant_name: "Acme",
      logo: "https://acme.example/logo.png",
      timezone: "Europe/Berlin",
      primary_color: "#1a73e8",
      properties: { support_email: "help@acme.example" },
    },
  });

export type TenantBody = z.output<typeof tenantBody>;

function isWebAddress(text: string): boolean {
  return /^https?:\/\/[^\s/]/i.test(text) && URL.canParse(text);
}

function isDomain(text: string): boolean {
  return /^[a-z0-9.-]+(?::\d{1,5})?$/i.test(text) && URL.canParse(`https://${text}`);
}
