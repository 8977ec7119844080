import type { JsonObject } from "../../src/core/json.ts";
import { parseTranslationFileName } from "../../src/core/translations/file-name.ts";
import type { Translations } from "../../src/core/translations/lookup.ts";
import type { CorpusCase } from "./case.ts";
import { chatCases } from "./chat.ts";
import { emailCases } from "./email.ts";
import { inboxCases } from "./inbox.ts";
import { pushCases } from "./push.ts";
import { textCases } from "./texts.ts";

/** Templates of all channels. */
export const CORPUS: readonly CorpusCase[] = [
  ...emailCases,
  ...textCases,
  ...inboxCases,
  ...chatCases,
  ...pushCases,
];

const brand: JsonObject = {
  brand_id: "acme",
  tenant_id: "acme",
  brand_name: "Acme & Sons",
  tenant_name: "Acme & Sons",
  logo: "https://cdn.acme.example/logo.png?v=2&w=320",
  primary_color: "#1a73e8",
  secondary_color: "#34a853",
  tertiary_color: "#ffffff",
  timezone: "Europe/Madrid",
  blocked_channels: null,
  social_links: {
    website: "https://acme.example",
    x: "https://x.com/acme",
    twitter: "https://x.com/acme",
    facebook: "",
  },
  properties: { address: "1 Main St, Springfield", support_email: "help@acme.example" },
  embedded_preference_url: "https://acme.example/preferences",
  $embedded_preference_url: "https://acme.example/preferences",
  $hosted_preference_url: "",
  $unsubscribe_url: "",
};

const recipient: JsonObject = {
  $type: "user",
  distinct_id: "u-42",
  name: "Ana D'Arcy",
  first_name: "Ana",
  email: "ana@example.com",
  phone: "+34600000000",
  plan: "pro",
};

/** What every template sees besides its payload. */
export const SEEN: JsonObject = {
  $recipient: recipient,
  $user: recipient,
  $actor: { $type: "user", distinct_id: "u-7", name: "Bo <Boss> Li" },
  $brand: brand,
  $tenant: brand,
  $category: { slug: "orders", name: "Orders", properties: {} },
  $organization: {
    name: "Acme",
    timezone: "UTC",
    primary_color: "#1a73e8",
    logo: "https://cdn.acme.example/org.png",
  },
  $workflow: { slug: "order", name: "Order", category: "orders", $category: { slug: "orders" }, version: 3 },
  $embedded_preference_url: "https://acme.example/preferences",
  $hosted_preference_url: "https://preferences.acme.example/?key=abc&c=email",
  $unsubscribe_url: "https://preferences.acme.example/?key=abc&c=email",
};

const FILES: Record<string, JsonObject> = {
  "en.json": {
    greeting: "Hello {{name}}",
    cart: {
      zero: "Your cart is empty",
      one: "One thing is in your cart",
      other: "{{count}} things are in your cart",
    },
    footer: { leave: "Unsubscribe", reason: "You get this because you have an account at {{brand}}." },
  },
  "es.json": {
    greeting: "Hola, {{name}}",
    cart: { one: "Hay un artículo en tu carrito", other: "Hay {{count}} artículos en tu carrito" },
    footer: { leave: "Darse de baja", reason: "Recibes esto porque tienes una cuenta en {{brand}}." },
  },
  "es-MX.json": { greeting: "Qué tal, {{name}}" },
  "ar.json": { greeting: "مرحبا {{name}}" },
  "orders.es.json": { shipped: "Tu pedido {{id}} está en camino" },
  "orders.en.json": { shipped: "Your order {{id}} is on its way", delivered: "Delivered" },
};

export const TRANSLATIONS: Translations = { locales: localesOf(FILES) };

function localesOf(files: Record<string, JsonObject>): Translations["locales"] {
  const locales = new Map<string, Map<string | null, JsonObject>>();
  for (const [filename, content] of Object.entries(files)) {
    const name = parseTranslationFileName(filename);
    if (name === null) throw new Error(`${filename} is no file of translations`);
    const known = locales.get(name.locale) ?? new Map<string | null, JsonObject>();
    locales.set(name.locale, known.set(name.namespace, content));
  }
  return locales;
}
