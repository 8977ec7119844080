/*
 * The service worker of web push: shows what the server sends and reports what becomes of it (client-protocols.md 6.2 and
 * 6.3). A site serves it from its own origin, either as it is, registered as `/serviceworker.js?key=<public key>&host=…`,
 * or from a worker of its own: `importScripts("https://…/sdk/serviceworker.js"); initCarillon("<public key>")`.
 *
 * `npm run gen` makes of it `src/http/pages/serviceworker.gen.ts`, which the server serves, and the file that
 * `@carillon/inbox` ships.
 */
interface PushData {
  json: () => unknown;
}

interface ExtendableEvent {
  waitUntil: (work: Promise<unknown>) => void;
}

interface WindowClient {
  url: string;
  focus: () => Promise<unknown>;
  postMessage: (message: unknown) => void;
}

interface ChangedSubscription {
  options: { applicationServerKey: ArrayBuffer | null };
}

interface Events {
  push: ExtendableEvent & { data: PushData | null };
  notificationclick: ExtendableEvent & { action: string; notification: Notification };
  notificationclose: ExtendableEvent & { notification: Notification };
  pushsubscriptionchange: ExtendableEvent & {
    oldSubscription: ChangedSubscription | null;
    newSubscription: PushSubscription | null;
  };
}

/** What of a service worker's world this one uses; the types of a page and of a worker exclude each other. */
interface Worker {
  location: Location;
  registration: ServiceWorkerRegistration;
  clients: {
    matchAll: (options: { type: "window"; includeUncontrolled: true }) => Promise<WindowClient[]>;
    openWindow: (url: string) => Promise<unknown>;
  };
  addEventListener: <Name extends keyof Events>(name: Name, listener: (event: Events[Name]) => void) => void;
  initCarillon?: Init;
  /** The name under which workers call it that were written for another client. */
  initSuprSend?: Init;
  /** Written before this script by the server that serves it: its own address. */
  carillonHost?: string;
}

/** What a site calls in a worker of its own. */
export type Init = (publicKey: string, options?: { host?: string }) => void;

const worker = globalThis as unknown as Worker;
const asked = new URLSearchParams(worker.location.search);
let key = asked.get("key") ?? "";
let host = asked.get("host") ?? worker.carillonHost ?? worker.location.origin;

const init: Init = (publicKey, options = {}) => {
  key = publicKey;
  host = options.host ?? host;
};
worker.initCarillon = init;
worker.initSuprSend = init;

/** What a push may set of a notification: https://notifications.spec.whatwg.org/#dictdef-notificationoptions */
const OPTIONS = [
  "body",
  "icon",
  "image",
  "badge",
  "vibrate",
  "sound",
  "dir",
  "lang",
  "tag",
  "data",
  "requireInteraction",
  "renotify",
  "silent",
  "timestamp",
  "actions",
];
const PICTURES = new Set(["icon", "image", "badge"]);

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function optionsOf(payload: Record<string, unknown>): NotificationOptions {
  const entries = OPTIONS.flatMap((name) => {
    const value = payload[name];
    // A relative picture would be looked for on the site that has the worker.
    const isUsable = !PICTURES.has(name) || (typeof value === "string" && /^https?:/.test(value));
    return value === undefined || value === null || !isUsable ? [] : [[name, value]];
  });
  const options = Object.fromEntries(entries) as NotificationOptions & { renotify?: boolean };
  // Browsers refuse the whole notification for it.
  if (options.renotify === true && !options.tag) delete options.renotify;
  return options;
}

async function show(data: PushData | null): Promise<void> {
  const payload = parsed(data);
  // A push of somebody else's, whose own listener shows it.
  if (!isObject(payload) || typeof payload.title !== "string") return;
  const tracked = track("$notification_delivered", idOf(payload.data));
  await worker.registration.showNotification(payload.title, optionsOf(payload));
  await tracked;
}

function parsed(data: PushData | null): unknown {
  try {
    return data?.json();
  } catch {
    return null;
  }
}

function idOf(data: unknown): string | null {
  const id = isObject(data) ? data.notification_id : null;
  return typeof id === "string" && id !== "" ? id : null;
}

/** Names no person: the id is beyond guessing. Nobody waits for it, and nothing is shown when it fails. */
async function track(event: string, id: string | null, more: Record<string, string> = {}): Promise<void> {
  if (id === null || key === "") return;
  const body = JSON.stringify({ event, $time: Date.now(), properties: { id, ...more } });
  const headers = { "content-type": "application/json", authorization: key };
  try {
    await fetch(`${host.replace(/\/+$/, "")}/v2/event`, { method: "POST", headers, body, keepalive: true });
  } catch {
    // Offline: what the person did with the notification is known to the person alone.
  }
}

/** Where a click leads: the link of the button, that of the notification, or the site itself. */
function targetOf(data: unknown, action: string): string {
  const links = isObject(data) && isObject(data.launch_urls) ? data.launch_urls : {};
  const given = [links[action], links.default].filter((one) => typeof one === "string");
  const link = given.find((one) => one !== "") ?? "/";
  try {
    const url = new URL(link, worker.location.origin);
    return /^https?:$/.test(url.protocol) ? url.href : worker.location.origin;
  } catch {
    return worker.location.origin;
  }
}

async function open(url: string): Promise<void> {
  const windows = await worker.clients.matchAll({ type: "window", includeUncontrolled: true });
  const same = windows.find((one) => one.url === url);
  if (same === undefined) await worker.clients.openWindow(url);
  else await same.focus();
}

/**
 * The browser replaced the subscription. Only pages know whose it is: those that are open are told at once, and others
 * find the new one when they start.
 */
async function renew(event: Events["pushsubscriptionchange"]): Promise<void> {
  const applicationServerKey = event.oldSubscription?.options.applicationServerKey ?? null;
  const subscription =
    event.newSubscription ??
    (await worker.registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey }));
  const message = { type: "carillon:push-subscription", subscription: subscription.toJSON() };
  const windows = await worker.clients.matchAll({ type: "window", includeUncontrolled: true });
  // A client of this worker is of its own origin: there is none to name.
  // oxlint-disable-next-line unicorn/require-post-message-target-origin
  for (const one of windows) one.postMessage(message);
}

worker.addEventListener("push", (event) => event.waitUntil(show(event.data)));
worker.addEventListener("notificationclick", (event) => {
  const { action, notification } = event;
  const data: unknown = notification.data;
  notification.close();
  if (idOf(data) === null) return;
  const clicked = track("$notification_clicked", idOf(data), { label_id: action });
  event.waitUntil(Promise.all([open(targetOf(data, action)), clicked]));
});
worker.addEventListener("notificationclose", (event) =>
  event.waitUntil(track("$notification_dismiss", idOf(event.notification.data))),
);
worker.addEventListener("pushsubscriptionchange", (event) => event.waitUntil(renew(event)));
