// Shows web push notifications and reports what becomes of them. Of a page's own service worker:
//   importScripts("https://notify.example.com/sdk/serviceworker.js");
//   initCarillon("SS.PUBK.…");
// Payload: client-protocols.md §6.2; reports: §6.3. Files that call `initSuprSend` work unchanged.
(() => {
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
  /** The server that this file comes from. */
  let host = "{{host}}";
  let publicKey = "";

  function init(key, options = {}) {
    publicKey = key;
    if (options.host) host = options.host.replace(/\/+$/, "");
  }
  self.initCarillon = init;
  self.initSuprSend = init;

  /** Never fails: a notification is shown, and a page opened, whether or not the server can be reached. */
  async function report(event, id, more = {}) {
    if (publicKey === "" || !id) return;
    try {
      await fetch(`${host}/v2/event`, {
        method: "POST",
        keepalive: true,
        headers: { "Content-Type": "application/json", Authorization: publicKey },
        body: JSON.stringify({ event, $time: Date.now(), properties: { id, ...more } }),
      });
    } catch {
      // Offline.
    }
  }

  /** Null: somebody else's push, which a page may have beside ours. */
  function read(data) {
    try {
      const payload = data.json();
      return typeof payload.title === "string" && payload.data?.notification_id ? payload : null;
    } catch {
      return null;
    }
  }

  self.addEventListener("push", (event) => {
    const payload = read(event.data);
    if (payload === null) return;
    const given = OPTIONS.filter((name) => payload[name] !== undefined && payload[name] !== null);
    const options = Object.fromEntries(given.map((name) => [name, payload[name]]));
    const shown = self.registration.showNotification(payload.title, options);
    event.waitUntil(shown.then(() => report("$notification_delivered", payload.data.notification_id)));
  });

  /** Pages alone are opened: an address with another scheme could run a script. */
  function targetOf({ launch_urls = {} }, action) {
    const wanted = launch_urls[action] || launch_urls.default || "/";
    const { protocol, href } = new URL(wanted, self.location.origin);
    return protocol === "https:" || protocol === "http:" ? href : self.location.origin;
  }

  async function show(url) {
    try {
      const open = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
      const known = open.find((one) => one.url === url);
      await (known === undefined ? self.clients.openWindow(url) : known.focus());
    } catch {
      // The browser lets no window be opened now.
    }
  }

  self.addEventListener("notificationclick", (event) => {
    const data = event.notification.data ?? {};
    if (!data.notification_id) return;
    event.notification.close();
    const clicked = report("$notification_clicked", data.notification_id, { label_id: event.action || "" });
    event.waitUntil(Promise.all([show(targetOf(data, event.action)), clicked]));
  });

  self.addEventListener("notificationclose", (event) => {
    event.waitUntil(report("$notification_dismiss", event.notification.data?.notification_id));
  });
})();
