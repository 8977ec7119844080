import { renderContent } from "../src/channels/channel.ts";
import email from "../src/channels/email.ts";
import sms from "../src/channels/sms.ts";
import type { JsonObject } from "../src/core/json.ts";
import { createTranslator } from "../src/core/translations/lookup.ts";
import { selectVariant, shelve, type Variant } from "../src/core/variants.ts";
import { createContentEngines } from "../src/expressions/content-engines.ts";
import { EMPTY, type Row, type Scenario } from "./measure.ts";

/** What a message costs in process, once its template is compiled. */
export const render: Scenario[] = [{ name: "render", run: renderings }];

const ROWS = 50;

const order: JsonObject = {
  id: "A-1001",
  items: Array.from({ length: ROWS }, (_unused, index) => ({
    title: `Mug "Blue" & saucer ${index}`,
    qty: (index % 3) + 1,
    price: 12.5,
    url: `https://acme.example/p/${index}?ref=mail&x=1`,
  })),
};

const context: JsonObject = {
  order,
  code: "042137",
  $recipient: { name: "Ana D'Arcy", plan: "pro" },
  $brand: { brand_name: "Acme & Sons", primary_color: "#1a73e8" },
  $hosted_preference_url: "",
  $unsubscribe_url: "",
};

/** About 60 KB of HTML when it is rendered. */
const HTML = `<!DOCTYPE html><html><head><style>td { padding: 8px; font-family: Arial } .price { text-align: right; color: {{$brand.primary_color}} }</style></head>
<body><h1>Thank you, {{$recipient.name}}</h1><table>{{#each order.items}}
<tr>${'<td style="border-bottom:1px solid #dddddd;vertical-align:top;mso-line-height-rule:exactly;line-height:20px"><a href="{{url}}" style="color:#1a73e8;text-decoration:none">{{title}}</a></td>'.repeat(3)}<td>{{qty}}</td><td class="price">€ {{multiply qty price}}</td></tr>{{/each}}</table>
<p>{{#if order.id}}{{uppercase order.id}}{{else}}-{{/if}} {{t "footer" brand=$brand.brand_name}}</p></body></html>`;

const translator = createTranslator(
  { locales: new Map([["en", new Map([[null, { footer: "Sent by {{brand}}" }]])]]) },
  "en",
);

async function renderings(_serverUrl: string, scale: number): Promise<Row[]> {
  const languages = createContentEngines();
  const scope = { context, now: new Date(), translator };
  const draft = email.content.parse({
    subject: "Order {{order.id}}",
    body: { type: "raw", raw: { html: HTML } },
  });
  const mail = email.complete?.(draft) ?? draft;
  const text = sms.content.parse({
    body: "{{code}} is your {{{$brand.brand_name}}} code, {{{$recipient.name}}}.",
  });
  const { html } = renderContent(languages, email, mail, scope) as { html: string };
  const kilobytes = Math.round(Buffer.byteLength(html) / 1024);
  return [
    measure(
      `render an e-mail of ${kilobytes} KB with a loop of ${ROWS} rows`,
      "e-mails",
      "2,000/s",
      3000 * scale,
      () => renderContent(languages, email, mail, scope),
    ),
    measure("render an SMS", "messages", "100,000/s", 300_000 * scale, () =>
      renderContent(languages, sms, text, scope),
    ),
    measure("choose among 200 variants", "choices", "50,000/s", 100_000 * scale, choose()),
  ];
}

/** Two hundred variants of twenty tenants, of which the last tenant's last one fits. */
function choose(): () => unknown {
  const variants: Variant[] = [{ id: "default", tenant_id: null, locale: "en", conditions: [] }];
  for (let index = 1; index < 200; index++) {
    variants.push({
      id: `v${index}`,
      tenant_id: `tenant-${index % 20}`,
      locale: index % 2 === 0 ? "es" : "en",
      conditions: [
        {
          type: "expression_v1",
          expression_v1: {
            op: "AND",
            args: [
              {
                variable_ns: "$recipient",
                variable: "plan",
                op: "==",
                value: index < 180 ? '"free"' : '"pro"',
              },
            ],
          },
        },
      ],
    });
  }
  const about = { namespaces: { "": context, $recipient: context.$recipient ?? null }, now: new Date() };
  const shelf = shelve(variants);
  return () => selectVariant(shelf, "tenant-19", "en", about);
}

function measure(scenario: string, unit: string, floor: string, total: number, work: () => unknown): Row {
  const count = Math.max(100, Math.round(total));
  for (let index = 0; index < count / 10; index++) work();
  const started = performance.now();
  for (let index = 0; index < count; index++) work();
  const seconds = (performance.now() - started) / 1000;
  return { ...EMPTY, scenario, unit, per_second: count / seconds, p50_ms: (seconds * 1000) / count, floor };
}
