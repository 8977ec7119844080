import type { Channel } from "../../core/channel.ts";
import type { CategoryPreference, RecipientPage } from "../recipient-page.ts";
import { type Accent, accentOf } from "./colors.ts";
import { formatAction, type PageAction } from "./actions.ts";
import { Html, html } from "./html.ts";
import { channelName, LANGUAGE_CODES, languageName, type PageLanguage } from "./languages.ts";
import { PAGE_SCRIPT } from "./script.gen.ts";
import { styleOf } from "./style.ts";

/**
 * The hosted page as HTML. One form holds it all: each switch is a button that says what it does, so that the page is
 * whole without its script, which only sends the same form without leaving the page.
 */
export interface PageBrand {
  name: string;
  /** An address with http or https; null: none. */
  logo: string | null;
  color: string | null;
}

export interface HostedPage {
  language: PageLanguage;
  brand: PageBrand;
  /** Of a link that came on a channel: the page is about that one alone. */
  channel: Channel | null;
  /** Slug of the category that comes first. */
  first: string | null;
  page: RecipientPage;
  /** What the reader searches for. */
  search: string;
  /** Something was just changed, and this takes it back. */
  done: PageAction | null;
  /** Where the page is, as seen from the address that shows it: blank, or a relative path. */
  home: string;
}

/** A document and its head line of policy, which allow each other by a nonce. */
export interface PageDocument {
  text: string;
  policy: string;
}

/** From this many categories on, a page can be searched. */
const SEARCHED = 12;

export function renderHostedPage(view: HostedPage, nonce: string): PageDocument {
  const { language, brand, channel, page } = view;
  const { texts } = language;
  const shown = page.sections.map((section) => ({
    ...section,
    subcategories: section.subcategories.filter((one) => isAbout(one, channel)),
  }));
  const all = shown.flatMap(({ subcategories }) => subcategories);
  const first = all.find(({ category }) => category === view.first) ?? null;
  const wanted = view.search.trim().toLocaleLowerCase(language.code);
  const isFound = ({ name, description }: CategoryPreference) =>
    `${name} ${description ?? ""}`.toLocaleLowerCase(language.code).includes(wanted);
  const rest = shown
    .map(({ name, description, subcategories }) => ({
      name,
      description,
      categories: subcategories.filter((one) => one !== first && isFound(one)),
    }))
    .filter(({ categories }) => categories.length > 0);
  const channels = page.channel_preferences.filter((one) => channel === null || one.channel === channel);
  // Nothing at all, not even a blank: an empty region is not shown.
  const said = view.done !== null && html`<span>${texts.saved}</span>${undoButton(view.done, view)}`;
  const body = html` ${header(view)} ${all.length > SEARCHED && searchForm(view)}
    <form method="post" action="${view.home}${query(view)}" id="choices" data-failed="${texts.failed}">
      ${
        first !== null &&
        html`<h2>${texts.about}</h2>
          <ul class="list">
            ${card(first, view)}
          </ul>`
      }
      ${rest.map(({ name, description, categories }) => [
        heading(name ?? (first === null && rest.length < 2 ? null : texts.more), description),
        html`<ul class="list">
          ${categories.map((one) => card(one, view))}
        </ul>`,
      ])}
      <p class="soft" id="none" ${new Html(wanted === "" || rest.length > 0 ? " hidden" : "")}>
        ${texts.none}
      </p>
      ${all.length === 0 && html`<p>${texts.empty}</p>`}
      ${
        channels.length > 0 &&
        all.length > 0 &&
        html`<h2>${texts.channels}</h2>
          <p class="soft">${texts.allHint}</p>
          <ul class="list">
            ${channels.map((one) => everywhere(one, view))}
          </ul>`
      }
      <div class="said" role="status" id="said">${said}</div>
    </form>
    ${languageForm(view)}`;
  return document(language, brand, body, nonce, PAGE_SCRIPT);
}

/** What a wrong link and an expired one show alike: nothing about whom it was for. */
export function renderDeadLink(
  { language, done, home }: Pick<HostedPage, "language" | "home"> & { done: boolean },
  nonce: string,
): PageDocument {
  const { texts } = language;
  const body = html` <h1>${texts.deadTitle}</h1>
    ${
      done
        ? html`<p role="status">${texts.renewed}</p>`
        : html`<p>${texts.deadText}</p>
            <form method="post" action="${home}?lang=${language.code}" class="tools">
              <button class="go" name="do" value="renew">${texts.renew}</button>
            </form>`
    }`;
  return document(language, { name: "", logo: null, color: null }, body, nonce, "");
}

function document(
  { code, direction, texts }: PageLanguage,
  { name, logo, color }: PageBrand,
  body: Html,
  nonce: string,
  script: string,
): PageDocument {
  const accent: Accent = accentOf(color);
  const text = html`<!doctype html>
    <html lang="${code}" dir="${direction}">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width,initial-scale=1" />
        <meta name="robots" content="noindex,nofollow" />
        <meta name="referrer" content="no-referrer" />
        <title>${texts.title}${name !== "" && ` – ${name}`}</title>
        <style nonce="${nonce}">
          ${new Html(styleOf(accent))}
        </style>
      </head>
      <body>
        <main class="page">${body}</main>
        ${
          script !== "" &&
          html`<script nonce="${nonce}">
            ${new Html(script)};
          </script>`
        }
      </body>
    </html> `.text;
  const policy = [
    "default-src 'none'",
    `style-src 'nonce-${nonce}'`,
    ...(script === "" ? [] : [`script-src 'nonce-${nonce}'`, "connect-src 'self'"]),
    ...(logo === null ? [] : [`img-src ${new URL(logo).origin}`]),
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
  ];
  return { text, policy: policy.join("; ") };
}

/** The part of an address that keeps what the reader chose. */
export function query({ language, search }: Pick<HostedPage, "language" | "search">): string {
  const kept = new URLSearchParams({ lang: language.code, ...(search === "" ? {} : { q: search }) });
  return `?${kept.toString()}`;
}

function isAbout({ channels }: CategoryPreference, channel: Channel | null): boolean {
  return channel === null || channels.some((one) => one.channel === channel);
}

function header({ language: { texts }, brand, channel }: HostedPage): Html {
  const { name, logo } = brand;
  const isNamed = name !== "" || logo !== null;
  return html`${isNamed && html`<div class="brand">${logo !== null && html`<img src="${logo}" alt="" referrerpolicy="no-referrer" />`}<span>${name}</span></div>`}
    <h1>${texts.title}</h1>
    <p>${texts.intro}</p>
    ${channel !== null && html`<p class="soft">${texts.scope.replace("{channel}", () => channelName(channel, texts))}</p>`}`;
}

function heading(name: string | null, description: string | null): Html | null {
  if (name === null) return null;
  return html`<h2>${name}</h2>
    ${description !== null && description !== "" && html`<p class="soft">${description}</p>`}`;
}

function card(category: CategoryPreference, view: HostedPage): Html {
  const { texts } = view.language;
  const { category: slug, name, description, channels, digest_schedule_options } = category;
  const own = view.channel === null ? null : channels.find(({ channel }) => channel === view.channel);
  const isFixed = (one: { is_editable: boolean; preference: string }) =>
    !one.is_editable && one.preference === "opt_in";
  const isShut = (one: { is_editable: boolean; preference: string }) =>
    !one.is_editable && one.preference === "opt_out";
  const relevant = own == null ? channels : [own];
  return html`<li id="c-${slug}">
    <div class="row">
      <div>
        <h3 id="n-${slug}">${name}</h3>
        ${description !== null && description !== "" && html`<p class="soft">${description}</p>`}
      </div>
      ${mainSwitch(category, view)}
    </div>
    ${(relevant.some(isFixed) || (own === null && !category.is_editable)) && html`<p class="soft">${texts.locked}</p>`}
    ${relevant.some(isShut) && html`<p class="soft">${texts.restricted}</p>`}
    ${own === null && channels.length > 0 && channelChips(category, view)}
    ${own === null && digest_schedule_options !== null && category.preference === "opt_in" && digestChips(category, view)}
  </li>`;
}

function mainSwitch(
  { category, preference, is_editable, channels }: CategoryPreference,
  view: HostedPage,
): Html {
  const { channel } = view;
  const label = `n-${category}`;
  if (channel === null) {
    const on = preference === "opt_in";
    if (!is_editable) return fixedState(on, view);
    return toggle({ kind: "category", category, on: !on }, on, label, view);
  }
  const own = channels.find((one) => one.channel === channel);
  const on = own?.preference === "opt_in";
  if (own?.is_editable !== true) return fixedState(on, view);
  return toggle({ kind: "channel", category, channel, on: !on }, on, label, view);
}

function channelChips({ category, channels }: CategoryPreference, { language: { texts } }: HostedPage): Html {
  return html`<fieldset>
    <legend>${texts.channels}</legend>
    <div class="chips">
      ${channels.map(({ channel, preference, is_editable }) => {
        const on = preference === "opt_in";
        const name = channelName(channel, texts);
        if (!is_editable)
          return html`<span class="chip fixed">${on && LOCK}${name}: ${on ? texts.on : texts.off}</span>`;
        return chip({ kind: "channel", category, channel, on: !on }, on, name);
      })}
    </div>
  </fieldset>`;
}

function digestChips(
  { category, digest_schedule, digest_schedule_options }: CategoryPreference,
  { language: { texts } }: HostedPage,
): Html {
  return html`<fieldset>
    <legend>${texts.often}</legend>
    <div class="chips">
      ${(digest_schedule_options?.options ?? []).map(({ id, label }) =>
        chip({ kind: "frequency", category, option: id }, digest_schedule?.id === id, label ?? id),
      )}
    </div>
  </fieldset>`;
}

function everywhere(
  { channel, is_restricted }: { channel: Channel; is_restricted: boolean },
  view: HostedPage,
): Html {
  const { texts } = view.language;
  const id = `n-all-${channel}`;
  const own = channelName(channel, texts);
  const name = view.channel === null ? own : texts.all.replace("{channel}", () => own);
  return html`<li>
    <div class="row">
      <div>
        <h3 id="${id}">${name}</h3>
        <p class="soft">${texts.allHint}</p>
      </div>
      ${toggle({ kind: "all", channel, on: is_restricted }, !is_restricted, id, view)}
    </div>
  </li>`;
}

function toggle(action: PageAction, on: boolean, label: string, { language: { texts } }: HostedPage): Html {
  return html`<button
    class="switch"
    ${attributes(action)}
    role="switch"
    aria-checked="${on ? "true" : "false"}"
    aria-labelledby="${label}"
  >
    <span class="state" aria-hidden="true">${on ? texts.on : texts.off}</span
    ><span class="track" aria-hidden="true"></span>
  </button>`;
}

function chip(action: PageAction, on: boolean, label: string): Html {
  return html`<button class="chip" ${attributes(action)} aria-pressed="${on ? "true" : "false"}">
    ${on && CHECK}${label}
  </button>`;
}

/** The id is the same whichever way it goes, so that the focus stays where it was. */
function attributes(action: PageAction): Html {
  const value = formatAction(action);
  return html`name="do" value="${value}" id="b-${value.replace(/\/(?:on|off)$/, "").replaceAll("/", "-")}"`;
}

function fixedState(on: boolean, { language: { texts } }: HostedPage): Html {
  return html`<span class="fixed">${on && LOCK}${on ? texts.on : texts.off}</span>`;
}

function undoButton(action: PageAction, { language: { texts } }: HostedPage): Html {
  return html`<button name="do" value="${formatAction(action)}" id="undo">${texts.undo}</button>`;
}

function searchForm({ language: { code, texts }, search, home }: HostedPage): Html {
  return html`<form method="get" action="${home}" role="search" class="tools">
    <input type="hidden" name="lang" value="${code}" />
    <div><label for="q">${texts.search}</label><input type="search" id="q" name="q" value="${search}" /></div>
    <button class="go">${texts.search}</button>
  </form>`;
}

function languageForm({ language: { code, texts }, search, home }: HostedPage): Html {
  return html`<form method="get" action="${home}" class="tools" id="languages">
    ${search !== "" && html`<input type="hidden" name="q" value="${search}" />`}
    <div>
      <label for="lang">${texts.language}</label
      ><select id="lang" name="lang">
        ${LANGUAGE_CODES.map(
          (one) =>
            html`<option value="${one}" lang="${one}" ${new Html(one === code ? " selected" : "")}>
              ${languageName(one)}
            </option>`,
        )}
      </select>
    </div>
    <button class="go">${texts.show}</button>
  </form>`;
}

const LOCK = new Html(
  '<svg viewBox="0 0 16 16" aria-hidden="true" fill="none" stroke="currentColor" stroke-width="1.5"><rect x="3" y="7" width="10" height="7" rx="1.5"/><path d="M5 7V5a3 3 0 0 1 6 0v2"/></svg>',
);
const CHECK = new Html(
  '<svg viewBox="0 0 16 16" width="14" height="14" aria-hidden="true" fill="none" stroke="currentColor" stroke-width="2"><path d="m3 8.5 3.5 3.5L13 4.5"/></svg>',
);
