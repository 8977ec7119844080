import { RequestError, toFailure } from "./failure.ts";
import type { PushDeps } from "./push.ts";
import type { Cell } from "./signals.ts";
import type { PushState } from "./types.ts";

/** Under it the browser keeps which of the user's devices it is: a new subscription replaces its old one. */
const DEVICE = "carillon-device";

export interface PushDesk {
  look: () => Promise<PushState>;
  subscribe: () => Promise<PushState>;
  unsubscribe: () => Promise<PushState>;
}

/** Web push of this browser for the user (client-protocols.md 6). */
export function createPushDesk({ rest, who, options }: PushDeps, state: Cell<PushState>): PushDesk {
  const isSupported = () =>
    typeof navigator !== "undefined" && "serviceWorker" in navigator && typeof PushManager !== "undefined";

  async function findSubscription(): Promise<PushSubscription | null> {
    const registration = await navigator.serviceWorker.getRegistration(
      options.serviceWorker ?? "/serviceworker.js",
    );
    return (await registration?.pushManager.getSubscription()) ?? null;
  }

  async function look(): Promise<PushState> {
    if (!isSupported()) return "unsupported";
    if (Notification.permission === "denied") return "denied";
    return (await findSubscription()) === null ? "off" : "on";
  }

  /** Hands a subscription to the server, or takes it back. */
  async function tell(operator: "$append" | "$remove", subscription: PushSubscription): Promise<void> {
    const { endpoint, expirationTime = null, keys } = subscription.toJSON();
    await rest.call("/v2/event", {
      method: "POST",
      body: {
        distinct_id: who.distinct_id,
        tenant_id: who.tenant_id,
        $insert_id: randomId(),
        $time: Date.now(),
        [operator]: {
          $webpush: { endpoint, expirationTime, keys },
          $id_provider: "vapid",
          $device_id: deviceId(),
        },
      },
    });
  }

  async function findKey(): Promise<string> {
    if (options.vapidKey !== undefined) return options.vapidKey;
    const { vapid_public_key: key } = await rest.call<{ vapid_public_key: string | null }>("/v2/webpush/key");
    if (key === null) throw new RequestError("push", "the workspace has no VAPID key", 400);
    return key;
  }

  async function attempt(work: () => Promise<void>): Promise<PushState> {
    try {
      if (!isSupported()) throw new RequestError("push", "this browser has no web push", 400);
      await work();
    } catch (error) {
      throw toFailure(error);
    } finally {
      state.set(await look().catch(() => "unsupported" as const));
    }
    return state.get();
  }

  return {
    look,
    subscribe: () =>
      attempt(async () => {
        // First of all: browsers ask only while the click counts.
        if ((await Notification.requestPermission()) !== "granted") return;
        const [registration, applicationServerKey] = await Promise.all([
          navigator.serviceWorker.register(options.serviceWorker ?? "/serviceworker.js"),
          findKey(),
        ]);
        const { pushManager } = await activeOf(registration);
        const old = await pushManager.getSubscription();
        // One with another key takes no push from this server.
        if (old !== null && keyOf(old) !== applicationServerKey) await old.unsubscribe();
        await tell("$append", await pushManager.subscribe({ userVisibleOnly: true, applicationServerKey }));
      }),
    unsubscribe: () =>
      attempt(async () => {
        const subscription = await findSubscription();
        if (subscription === null) return;
        await tell("$remove", subscription);
        await subscription.unsubscribe();
      }),
  };
}

/** A worker that was registered just now cannot subscribe before it is active. */
async function activeOf(registration: ServiceWorkerRegistration): Promise<ServiceWorkerRegistration> {
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

function deviceId(): string {
  try {
    const id = localStorage.getItem(DEVICE) ?? randomId();
    localStorage.setItem(DEVICE, id);
    return id;
  } catch {
    return randomId();
  }
}

/** Also outside of secure contexts, where `crypto.randomUUID` is missing. */
function randomId(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
    byte.toString(16).padStart(2, "0"),
  ).join("");
}
