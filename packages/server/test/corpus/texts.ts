import type { JsonObject } from "../../src/core/json.ts";
import type { CorpusCase } from "./case.ts";

/** SMS and WhatsApp. */
const sms = (name: string, body: string, data: JsonObject = {}, more: JsonObject = {}): CorpusCase => ({
  channel: "sms",
  name,
  content: { type: "basic", body, ...more },
  data,
});

const dlt = (name: string, body: string, data: JsonObject): CorpusCase =>
  sms(name, body, data, { type: "dlt", category: "service_implicit", header: "ACMECO" });

const whatsapp = (name: string, content: JsonObject, data: JsonObject = {}): CorpusCase => ({
  channel: "whatsapp",
  name,
  content: { category: "UTILITY", ...content },
  data,
});

export const textCases: CorpusCase[] = [
  sms("one-time-code", "{{code}} is your {{{$brand.brand_name}}} code. Never share it.", { code: "042137" }),
  sms("delivery-today", "Your parcel {{parcel}} comes today between {{from}} and {{to}}. Track: {{{url}}}", {
    parcel: "JD-77",
    from: "14:00",
    to: "16:00",
    url: "https://t.acme.example/JD-77?c=1&d=2",
  }),
  sms(
    "appointment",
    '{{{$recipient.first_name}}}, see you on {{datetime-format at "ddd D MMM, HH:mm" zone}}{{#if room}} in room {{room}}{{/if}}.',
    {
      at: "2026-03-30T08:15:00Z",
      zone: "Europe/Madrid",
      room: 4,
    },
  ),
  { ...sms("shipped-translated", '{{{t "orders:shipped" id=id}}}', { id: "A-1001" }), locale: "es-MX" },
  sms(
    "low-balance",
    'Balance {{currency}} {{round balance}}. {{#compare balance "<" 10}}Top up soon.{{/compare}}',
    {
      currency: "EUR",
      balance: 7.6,
    },
  ),
  sms("escaped-by-default", "Hi {{$recipient.name}}, a < b & c", {}),
  dlt("dlt-order", "Dear {{name}}, order {{order.id}} of Rs {{amount}} is placed. - ACME", {
    name: "Ana D'Arcy",
    order: { id: "A-1001" },
    amount: 1499,
  }),
  dlt("dlt-code", "{{code}} is your OTP for {{app}}. Valid for {{minutes}} minutes. {{code}}", {
    code: "123456",
    app: "R&D",
    minutes: 5,
  }),
  whatsapp(
    "order-shipped",
    {
      header: { format: "TEXT", text: "Order {{order_id}}" },
      body: { text: "Hi {{name}}, your order {{order_id}} is on its way and comes on {{day}}." },
      footer: { text: "Reply STOP to leave" },
      button_type: "CALL_TO_ACTION",
      buttons: [
        {
          type: "URL",
          text: "Track",
          url_type: "dynamic",
          url_static_part: "https://acme.example/t/",
          url_dynamic_part: "{{order_id}}",
        },
        { type: "PHONE_NUMBER", text: "Call us", phone_number: "+34600000000" },
      ],
    },
    { order_id: "A-1001", name: "Ana D'Arcy", day: "Friday" },
  ),
  whatsapp(
    "ticket-document",
    {
      header: { format: "DOCUMENT", media_url: "{{pdf}}", filename: "{{number}}.pdf" },
      body: { text: "Your ticket {{number}} for {{event.name}}.\nDoors open at {{event.doors}}." },
    },
    {
      pdf: "https://acme.example/t/9.pdf?sig=a&x=b",
      number: "T-9",
      event: { name: "Rock & Roll", doors: "19:00" },
    },
  ),
  whatsapp(
    "offer-picture",
    {
      category: "MARKETING",
      header: { format: "IMAGE", media_url: "https://acme.example/spring.png" },
      body: { text: "*Spring sale*: {{percent}} % off for {{$recipient.first_name}} until {{until}}" },
      button_type: "QUICK_REPLY",
      buttons: [
        { type: "QUICK_REPLY", text: "Tell me more" },
        { type: "QUICK_REPLY", text: "Not now" },
      ],
    },
    { percent: 20, until: "Sunday" },
  ),
  whatsapp(
    "appointment",
    { body: { text: "See you {{when}}.\n\nYour dentist" } },
    { when: "tomorrow\nat   9" },
  ),
  whatsapp(
    "values-are-plain",
    { body: { text: "{{a}} {{{a}}} {{b}}" } },
    { a: "<A> & 'B'", b: "one      two" },
  ),
];
