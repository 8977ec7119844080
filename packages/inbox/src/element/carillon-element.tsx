import { render } from "preact";
import type { ReactNode } from "react";
import { createInbox } from "../core/create-inbox.ts";
import type { Inbox, InboxOptions, Item, ItemLink } from "../core/types.ts";
import css from "../styles/inbox.css";
import type { Look } from "../ui/look.tsx";
import { addStyles } from "./styles.ts";
import { InboxProvider } from "../ui/provider.tsx";

/** What names an inbox; a change of one of them opens another. */
const IDENTITY = ["host", "public-key", "distinct-id", "tenant-id", "token-url"];
const THEMES = ["light", "dark", "auto"] as const;

/** One inbox for all elements of a page that show the same, counted by the elements that use it. */
const shared = new Map<string, { inbox: Inbox; users: number }>();

/** A server that renders pages may import the elements; it has none. */
const Base = (typeof HTMLElement === "undefined" ? Object : HTMLElement) as typeof HTMLElement;

/**
 * What the elements have in common. Attributes: `host`, `public-key`, `distinct-id`, `tenant-id`, `token-url` (a URL
 * of yours that answers a POST with a user token, as text or as `{"token"}`), `locale`, `theme` (`light`, `dark`, `auto`).
 * Properties: `inbox` (a client of your own in place of those attributes), `options` (more of createInbox), `token`,
 * `texts`, `groupBy`. Events: `carillon:new`, `carillon:action`, `carillon:error`, `carillon:open`.
 */
export abstract class CarillonElement extends Base {
  static observedAttributes = [...IDENTITY, "locale", "theme"];

  #own: Inbox | null = null;
  #current: { inbox: Inbox; release: () => void } | null = null;
  #options: Partial<InboxOptions> = {};
  #look: Pick<Look, "texts" | "groupBy"> = {};
  #token: (() => Promise<string>) | undefined;
  #isQueued = false;

  protected abstract draw(look: Look): ReactNode;

  /** The client in use: the one that was set, or the one made of the attributes. Null before it is in the page. */
  get inbox(): Inbox | null {
    return this.#own ?? this.#current?.inbox ?? null;
  }
  set inbox(inbox: Inbox | null) {
    this.#own = inbox;
    this.#reopen();
  }
  get options(): Partial<InboxOptions> {
    return this.#options;
  }
  set options(options: Partial<InboxOptions>) {
    this.#options = options;
    this.#reopen();
  }
  get token(): (() => Promise<string>) | undefined {
    return this.#token;
  }
  set token(token: (() => Promise<string>) | undefined) {
    this.#token = token;
    this.#reopen();
  }
  get texts(): Look["texts"] {
    return this.#look.texts;
  }
  set texts(texts: Look["texts"]) {
    this.#look.texts = texts;
    this.#queue();
  }
  get groupBy(): Look["groupBy"] {
    return this.#look.groupBy;
  }
  set groupBy(groupBy: Look["groupBy"]) {
    this.#look.groupBy = groupBy;
    this.#queue();
  }

  connectedCallback(): void {
    // Properties that were set before the element was defined hide its accessors.
    for (const name of ["inbox", "options", "token", "texts", "groupBy"] as const) {
      if (!Object.hasOwn(this, name)) continue;
      const value: unknown = this[name];
      delete this[name];
      Object.assign(this, { [name]: value });
    }
    this.#queue();
  }

  disconnectedCallback(): void {
    queueMicrotask(() => {
      // It may only have been moved.
      if (this.isConnected) return;
      if (this.shadowRoot !== null) render(null, this.shadowRoot);
      this.#close();
    });
  }

  attributeChangedCallback(name: string): void {
    if (IDENTITY.includes(name)) this.#reopen();
    else this.#queue();
  }

  #reopen(): void {
    this.#close();
    this.#queue();
  }

  #close(): void {
    this.#current?.release();
    this.#current = null;
  }

  /** Draws once for all that changes at once. */
  #queue(): void {
    if (this.#isQueued) return;
    this.#isQueued = true;
    queueMicrotask(() => {
      this.#isQueued = false;
      if (this.isConnected) this.#render();
    });
  }

  #render(): void {
    const root = this.shadowRoot ?? this.attachShadow({ mode: "open" });
    addStyles(root, css);
    this.#current ??= this.#open();
    if (this.#current === null) return render(null, root);
    const { inbox } = this.#current;
    const theme = THEMES.find((name) => name === this.getAttribute("theme"));
    const look: Look = { ...this.#look, locale: this.getAttribute("locale") ?? undefined, theme };
    const onAction = (item: Item, action: ItemLink | null, event: { preventDefault(): void }) => {
      if (!this.#say("action", { item, action })) event.preventDefault();
    };
    render(
      (
        <InboxProvider inbox={inbox} {...look} onAction={onAction}>
          {this.draw(look)}
        </InboxProvider>
      ) as Parameters<typeof render>[0],
      root,
    );
  }

  #open(): { inbox: Inbox; release: () => void } | null {
    const lease = this.#own === null ? this.#lease() : { inbox: this.#own, release: () => {} };
    if (lease === null) return null;
    const { inbox, release } = lease;
    const hush = [
      inbox.on("new", (detail) => void this.#say("new", detail)),
      inbox.on("error", (detail) => void this.#say("error", detail)),
      inbox.on("action", (detail) => detail.action === "opened" && void this.#say("open", {})),
    ];
    return {
      inbox,
      release() {
        for (const stop of hush) stop();
        release();
      },
    };
  }

  /** The inbox that the attributes name; null as long as they do not. */
  #lease(): { inbox: Inbox; release: () => void } | null {
    const [host, publicKey, distinctId, tenantId, tokenUrl] = IDENTITY.map(
      (name) => this.getAttribute(name) ?? "",
    );
    if (!host || !publicKey || !distinctId) return null;
    const token = this.#token ?? (tokenUrl ? () => fetchToken(tokenUrl) : undefined);
    const make = () =>
      createInbox({
        ...this.#options,
        host,
        publicKey,
        distinctId,
        ...(tenantId ? { tenantId } : {}),
        ...(token === undefined ? {} : { token }),
      });
    // What functions do cannot be compared.
    const isPlain = this.#token === undefined && Object.keys(this.#options).length === 0;
    const key = isPlain ? JSON.stringify([host, publicKey, distinctId, tenantId, tokenUrl]) : null;
    const entry = (key === null ? undefined : shared.get(key)) ?? { inbox: make(), users: 0 };
    if (key !== null) shared.set(key, entry);
    entry.users += 1;
    entry.inbox.start();
    return {
      inbox: entry.inbox,
      release() {
        entry.users -= 1;
        if (entry.users > 0) return;
        entry.inbox.stop();
        if (key !== null) shared.delete(key);
      },
    };
  }

  /** False where a listener prevented what comes next. */
  #say(name: string, detail: unknown): boolean {
    return this.dispatchEvent(
      new CustomEvent(`carillon:${name}`, { detail, bubbles: true, composed: true, cancelable: true }),
    );
  }
}

async function fetchToken(url: string): Promise<string> {
  const answer = await fetch(url, { method: "POST", credentials: "same-origin" });
  if (!answer.ok) throw new Error(`${url} answered ${answer.status} instead of a user token.`);
  const text = await answer.text();
  if (!text.startsWith("{")) return text.trim();
  const { token } = JSON.parse(text) as { token?: unknown };
  if (typeof token !== "string") throw new Error(`${url} answered JSON without "token".`);
  return token;
}
