import { RequestError, toFailure } from "../failure.ts";
import type { PushDeps } from "./push.ts";
import type { Cell } from "../signals.ts";
import type { PushState } from "../types.ts";

/** Which of the user's devices the browser is: a new subscription replaces its old one. */
const DEVICE = "carillon-device";
/** Whose subscription the browser has, and which one the server has. */
const OWNER = "carillon-push";
const WORKER = "/serviceworker.js";

export interface PushDesk {
  /** Follows the browser: how it stands, and a subscription that it replaces. */
  start: (signal: AbortSignal) => void;
  subscribe: () => Promise<PushState>;
  unsubscribe: () => Promise<PushState>;
}

/** Web push of this browser for the user (client-protocols.md 6). */
export function createPushDesk({ rest, who, options }: PushDeps, state: Cell<PushState>): PushDesk {
  const { host, publicKey, push = {} } = options;
  const owner = JSON.stringify([host, publicKey, who]);
  const worker = push.serviceWorker ?? WORKER;
  // What Carillon's own worker reads, and others ignore.
  const params = new URLSearchParams({ key: publicKey, host });
  const script = `${worker}${worker.includes("?") ? "&" : "?"}${params.toString()}`;

  const isSupported = () =>
    typeof navigator !== "undefined" && "serviceWorker" in navigator && typeof PushManager !== "undefined";

  async function find(): Promise<PushSubscription | null> {
    const registration = await navigator.serviceWorker.getRegistration(worker);
    return (await registration?.pushManager.getSubscription()) ?? null;
  }

  async function look(): Promise<PushState> {
    if (!isSupported()) return "unsupported";
    if (Notification.permission === "denied") return "denied";
    const subscription = await find();
    if (subscription === null || read(OWNER)?.startsWith(owner) !== true) return "off";
    // The browser has replaced it while no page was open.
    if (read(OWNER) !== owner + subscription.endpoint) await add(subscription);
    return "on";
  }

  async function add(subscription: PushSubscription): Promise<void> {
    await send("$append", subscription.toJSON());
    write(OWNER, owner + subscription.endpoint);
  }

  /** Hands a subscription to the server, or takes it back. */
  async function send(operator: "$append" | "$remove", subscription: PushSubscriptionJSON): Promise<void> {
    const { endpoint, expirationTime = null, keys } = subscription;
    const device = read(DEVICE) ?? randomId();
    write(DEVICE, device);
    await rest.call("/v2/event", {
      method: "POST",
      body: {
        distinct_id: who.distinct_id,
        // Without one it is the user's in all tenants.
        ...(options.tenantId !== undefined && { tenant_id: options.tenantId }),
        $insert_id: randomId(),
        $time: Date.now(),
        [operator]: {
          $webpush: { endpoint, expirationTime, keys },
          $id_provider: "vapid",
          $device_id: device,
        },
      },
    });
  }

  async function findKey(): Promise<string> {
    if (push.vapidKey !== undefined) return push.vapidKey;
    const { vapid_public_key: key } = await rest.call<{ vapid_public_key: string | null }>(
      "/v1/client/vapid_key",
    );
    if (key === null) throw new RequestError("push", "the workspace has no vendor for web push", 400);
    return key;
  }

  async function register(): Promise<ServiceWorkerRegistration> {
    const known = await navigator.serviceWorker.getRegistration(worker);
    const url = known?.active?.scriptURL ?? "";
    // A worker that the page registered itself stays as it is.
    const isTheirs =
      url !== "" && url.startsWith(new URL(worker, location.href).href) && !/[?&]key=/.test(url);
    return known !== undefined && isTheirs ? known : active(await navigator.serviceWorker.register(script));
  }

  async function attempt(work: () => Promise<void>): Promise<PushState> {
    try {
      if (!isSupported()) throw new RequestError("push", "this browser has no web push", 400);
      await work();
    } catch (error) {
      throw toFailure(error);
    } finally {
      state.set(await look().catch(state.get));
    }
    return state.get();
  }

  return {
    start(signal) {
      const follow = () => look().then(state.set, () => {});
      void follow();
      if (!isSupported()) return;
      const hear = ({ data }: MessageEvent<{ type?: string } | null>) => {
        // Carillon's worker says that the browser has replaced the subscription.
        if (data?.type === "carillon:push-subscription") void follow();
      };
      navigator.serviceWorker.addEventListener("message", hear, { signal });
    },
    subscribe: () =>
      attempt(async () => {
        // First of all: browsers ask only while the click counts.
        if ((await Notification.requestPermission()) !== "granted") return;
        const [{ pushManager }, key] = await Promise.all([register(), findKey()]);
        const old = await pushManager.getSubscription();
        // One with another key takes no push from this server.
        if (old !== null && keyOf(old) !== key) await old.unsubscribe();
        await add(await pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key }));
      }),
    unsubscribe: () =>
      attempt(async () => {
        const subscription = await find();
        if (subscription === null || read(OWNER)?.startsWith(owner) !== true) return;
        // Whatever the server says, the browser takes no push from then on.
        await subscription.unsubscribe();
        write(OWNER, "");
        await send("$remove", subscription.toJSON());
      }),
  };
}

/** A worker that was registered just now cannot subscribe before it is active. */
async function active(registration: ServiceWorkerRegistration): Promise<ServiceWorkerRegistration> {
  const worker = registration.installing ?? registration.waiting;
  if (registration.active !== null || worker === null) return registration;
  await new Promise<void>((resolve, reject) => {
    worker.addEventListener("statechange", () => {
      if (worker.state === "activated") resolve();
      if (worker.state === "redundant") reject(new Error("the service worker could not be installed"));
    });
  });
  return registration;
}

/** The server's public key of a subscription, base64url. */
function keyOf({ options }: PushSubscription): string | null {
  if (options.applicationServerKey === null) return null;
  const bytes = String.fromCharCode(...new Uint8Array(options.applicationServerKey));
  return btoa(bytes).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

/** Null also where the browser keeps nothing for the page. */
function read(key: string): string | null {
  try {
    return localStorage.getItem(key);
  } catch {
    return null;
  }
}

function write(key: string, value: string): void {
  try {
    localStorage.setItem(key, value);
  } catch {
    // It holds for this visit.
  }
}

/** Also outside of secure contexts, where `crypto.randomUUID` is missing. */
function randomId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
