import type { JsonObject } from "../../src/core/json.ts";
import type { CorpusCase } from "./case.ts";

/** A raw body around its middle part. */
const page = (middle: string, head = "") =>
  `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{$brand.brand_name}}</title>${head}
</head>
<body style="margin:0;background:#f4f4f4">
<table role="presentation" width="100%" cellpadding="0" cellspacing="0"><tr><td align="center">
<table role="presentation" width="600" cellpadding="0" cellspacing="0" style="background:#ffffff">
<tr><td style="padding:24px"><a href="{{$brand.social_links.website}}"><img src="{{$brand.logo}}" alt="{{$brand.brand_name}}" width="120"></a></td></tr>
${middle}
<tr><td style="padding:24px;color:#777777;font-size:12px">{{$brand.brand_name}}, {{$brand.properties.address}} &middot;
<a href="{{$hosted_preference_url}}">Preferences</a></td></tr>
</table></td></tr></table>
</body></html>`;

const raw = (
  name: string,
  subject: string,
  html: string,
  data: JsonObject = {},
  more: JsonObject = {},
): CorpusCase => {
  const { body = {}, ...rest } = more as { body?: JsonObject };
  return {
    channel: "email",
    name,
    content: { subject, body: { type: "raw", raw: { html, text: "" }, ...body }, ...rest },
    data,
  };
};

const items = [
  { title: 'Mug "Blue" & saucer', qty: 2, price: 12.5, url: "https://acme.example/p/1?ref=mail&x=1" },
  { title: "T-shirt <XL>", qty: 1, price: 20, url: "https://acme.example/p/2" },
];

export const emailCases: CorpusCase[] = [
  raw(
    "order-confirmed",
    "Order {{order.id}} confirmed",
    page(
      `<tr><td style="padding:0 24px"><h1>Thank you, {{$recipient.first_name}}!</h1>
<p>Your order <b>{{order.id}}</b> of {{datetime-format order.placed_at "Do MMMM YYYY, HH:mm" $brand.timezone}} has {{length order.items}} {{#compare (length order.items) "==" 1}}item{{else}}items{{/compare}}.</p>
<table width="100%" class="items"><tr><th>Item</th><th>Qty</th><th>Price</th></tr>
{{#each order.items}}<tr><td><a href="{{url}}">{{title}}</a></td><td>{{qty}}</td><td class="price">€ {{multiply qty price}}</td></tr>
{{/each}}</table>
<p>Total: <b>€ {{order.total}}</b></p></td></tr>`,
      `<style>.items th { text-align: left } td.price { text-align: right; color: {{$brand.primary_color}} } @media (max-width: 600px) { .items { width: 100% !important } }</style>`,
    ),
    { order: { id: "A-1001", placed_at: "2026-03-28T23:30:00Z", items, total: 45 } },
    {
      body: {
        preheader: "{{length order.items}} items for € {{order.total}}",
        email_markup:
          '{"@context": "http://schema.org", "@type": "Order", "orderNumber": "{{order.id}}", "merchant": {"@type": "Organization", "name": "{{$brand.brand_name}}"}}',
      },
      reply_to: "{{$brand.properties.support_email}}",
    },
  ),
  raw(
    "password-reset",
    "Reset your password",
    page(
      `<tr><td style="padding:0 24px"><p>Hi {{$recipient.name}},</p>
<p>Somebody asked for a new password for {{$recipient.email}}. The link works for {{minutes}} minutes.</p>
<p><a href="{{link}}" style="background:{{$brand.primary_color}};color:#ffffff;padding:12px 24px">Choose a password</a></p>
<p style="color:#777777">Was it not you? Then do nothing. The request came from {{default ip "an unknown address"}}.</p></td></tr>`,
    ),
    { link: "https://acme.example/reset?token=a=b&u=42", minutes: 30 },
    { from_name: "{{$brand.brand_name}}", from_address: "no-reply@acme.example", list_unsubscribe: "" },
  ),
  raw(
    "weekly-digest",
    "{{$batched_events_count}} things happened",
    page(
      `<tr><td style="padding:0 24px"><p>{{itemAt (unique $batched_events "author") 0}}{{#compare (length (unique $batched_events "author")) ">" 1}} and {{subtract (length (unique $batched_events "author")) 1}} others{{/compare}} wrote to you:</p>
<ul>{{#each $batched_events}}<li><b>{{author}}</b> on <a href="{{link}}">{{title}}</a>{{#if quote}}<blockquote>{{quote}}</blockquote>{{/if}}</li>{{/each}}</ul>
{{#compare $batched_events_count ">" (length $batched_events)}}<p>… and {{subtract $batched_events_count (length $batched_events)}} more.</p>{{/compare}}</td></tr>`,
    ),
    {
      $batched_events: [
        { author: "Bo", title: "Roadmap", link: "https://acme.example/d/1#c2", quote: "Looks <good>" },
        { author: "Cy & Co", title: "Q3 plan", link: "https://acme.example/d/2", quote: "" },
      ],
      $batched_events_count: 7,
      $batch_key: "digest",
    },
  ),
  raw(
    "invoice",
    "Invoice {{invoice.number}} from {{{$brand.brand_name}}}",
    page(
      `<tr><td style="padding:0 24px"><p>Dear {{$recipient.name}},</p><p>Invoice {{invoice.number}} over {{invoice.currency}} {{invoice.amount}} is due on {{datetime-format invoice.due "LL"}}.</p>
{{#if invoice.overdue}}<p style="color:#c00000"><b>It is overdue.</b></p>{{else}}<p>Thank you for paying on time.</p>{{/if}}</td></tr>`,
    ),
    { invoice: { number: "2026-007", amount: 1234.5, currency: "EUR", due: "2026-04-01", overdue: false } },
    { cc: 'Books <books@acme.example>, {{default accountant ""}}', bcc: "archive@acme.example" },
  ),
  raw(
    "translated",
    '{{{t "greeting" name=$recipient.first_name}}}',
    page(
      `<tr><td style="padding:0 24px"><p>{{t "greeting" name=$recipient.name}}</p><p>{{t "cart" count=count}}</p>
<p style="font-size:12px">{{t "footer.reason" brand=$brand.brand_name}} <a href="{{$hosted_preference_url}}">{{t "footer.leave"}}</a></p></td></tr>`,
    ),
    { count: 3 },
  ),
  {
    ...raw(
      "translated-rtl",
      '{{t "greeting" name=$recipient.first_name}}',
      `<html dir="rtl"><body><p>{{t "greeting" name=$recipient.name}}</p></body></html>`,
    ),
    locale: "ar",
  },
  raw(
    "security-alert",
    "New sign-in from {{place}}",
    `<p>Hi {{$recipient.name}}</p><dl><dt>Device</dt><dd>{{device}}</dd><dt>Place</dt><dd>{{place}}</dd><dt>Time</dt><dd>{{datetime-format at "YYYY-MM-DD HH:mm z" zone}}</dd></dl><p><a href="{{link}}">That was not me</a></p>`,
    {
      device: "Firefox on <Linux>",
      place: "Zürich, CH",
      at: 1774742400000,
      zone: "Europe/Zurich",
      link: "https://acme.example/lock?t=1&u=42",
    },
    { list_unsubscribe: "" },
  ),
  raw(
    "invitation",
    "{{{$actor.name}}} invites you to {{{team}}}",
    `<style>a.button { display: inline-block; padding: 12px 24px; background: {{$brand.primary_color}}; color: #ffffff } a.button:hover { opacity: 0.8 } p { margin: 0 0 16px } .fine { font-size: 12px; color: #777777 }</style>
<p>{{$actor.name}} invites you to join <b>{{team}}</b>{{#if note}}:</p><blockquote>{{note}}</blockquote><p>{{else}}.{{/if}}</p>
<p><a class="button" href="{{url}}">Join {{team}}</a></p><p class="fine">Or copy {{url}}</p>`,
    { team: "R&D", note: "See you <there>", url: "https://acme.example/join/xyz?via=mail&team=R%26D" },
    { extra_to: '{{default manager ""}}' },
  ),
  {
    channel: "email",
    name: "newsletter-mjml",
    content: {
      subject: "News of {{month}}",
      body: {
        type: "mjml",
        mjml: {
          source: `<mjml>
  <mj-head>
    <mj-title>News of {{month}}</mj-title>
    <mj-preview>{{itemAt (list-agg articles "title") 0}} and more</mj-preview>
    <mj-attributes><mj-all font-family="Helvetica, Arial, sans-serif" /></mj-attributes>
    <mj-style>h2 { color: {{$brand.primary_color}} }</mj-style>
  </mj-head>
  <mj-body background-color="#f4f4f4">
    <mj-section background-color="#ffffff">
      <mj-column><mj-image width="120px" src="{{$brand.logo}}" alt="{{$brand.brand_name}}" /></mj-column>
    </mj-section>
    {{#each articles}}
    <mj-section background-color="#ffffff">
      <mj-column><mj-text><h2>{{title}}</h2><p>{{summary}}</p></mj-text><mj-button href="{{url}}">Read</mj-button></mj-column>
    </mj-section>
    {{/each}}
    <mj-section><mj-column><mj-text font-size="12px">{{$brand.properties.address}} &middot; <a href="{{$hosted_preference_url}}">Leave</a></mj-text></mj-column></mj-section>
  </mj-body>
</mjml>`,
          text: "",
        },
      },
    },
    data: {
      month: "March",
      articles: [
        { title: "Faster & cheaper", summary: "We did <it>.", url: "https://acme.example/a/1?m=3&n=1" },
        { title: "We are hiring", summary: "Engineers, in Madrid.", url: "https://acme.example/a/2" },
      ],
    },
  },
  {
    channel: "email",
    name: "one-time-code",
    content: {
      subject: "{{code}} is your code",
      body: {
        type: "plain_text",
        plain_text: {
          text: "Hello {{{$recipient.name}}},\n\nyour code is {{code}}. It works for 10 minutes.\n\n{{{$brand.brand_name}}}",
        },
      },
      list_unsubscribe: "",
    },
    data: { code: "042137" },
  },
];
