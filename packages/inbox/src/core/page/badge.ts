import type { BadgeTarget } from "../types.ts";

const MARK = /^\(\d+\+?\) /;
/** The size of the icon that is drawn. */
const SIZE = 64;

/** Shows a number outside the page's content. Returns what sets the number; the signal puts everything back. */
export function openBadge(
  targets: readonly BadgeTarget[],
  isLeader: () => boolean,
  signal: AbortSignal,
): (count: number) => void {
  if (typeof document === "undefined" || targets.length === 0) return () => {};
  const sinks = targets.map((target) => SINKS[target](signal));
  let shown = -1;
  function set(count: number): void {
    if (count === shown || signal.aborted) return;
    shown = count;
    // The application has one badge for all tabs.
    for (const [at, sink] of sinks.entries()) if (targets[at] !== "app" || isLeader()) sink(count);
  }
  signal.addEventListener("abort", () => sinks.forEach((sink) => sink(0)));
  return set;
}

const SINKS: Record<BadgeTarget, (signal: AbortSignal) => (count: number) => void> = {
  title(signal) {
    let count = 0;
    // The page may set its title at any time.
    const observer = new MutationObserver(apply);
    observer.observe(document.head, { childList: true, subtree: true, characterData: true });
    signal.addEventListener("abort", () => observer.disconnect());
    function apply(): void {
      const title = document.title.replace(MARK, "");
      const marked = count === 0 ? title : `(${short(count)}) ${title}`;
      if (marked !== document.title) document.title = marked;
    }
    return (next) => {
      count = next;
      apply();
    };
  },

  favicon() {
    const own = document.createElement("link");
    own.rel = "icon";
    let turn = 0;
    return (count) => {
      turn += 1;
      const mine = turn;
      own.remove();
      if (count === 0) return;
      const icons = document.querySelectorAll<HTMLLinkElement>('link[rel~="icon"]');
      const href = icons[icons.length - 1]?.href ?? "/favicon.ico";
      void show(href, count, mine);
    };
    async function show(href: string, count: number, mine: number): Promise<void> {
      const url = await drawIcon(href, short(count));
      if (url === null || mine !== turn) return;
      own.href = url;
      // The last of several icons is the one that is shown.
      document.head.append(own);
    }
  },

  app: () => (count) => {
    if (!("setAppBadge" in navigator)) return;
    const done = count === 0 ? navigator.clearAppBadge() : navigator.setAppBadge(count);
    done.catch(() => {});
  },
};

const short = (count: number) => (count > 99 ? "99+" : String(count));

/** The page's icon with a number on it; without the icon where the page may not read it. */
async function drawIcon(href: string, text: string): Promise<string | null> {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = SIZE;
  const context = canvas.getContext("2d");
  if (context === null) return null;
  const image = new Image();
  // Without this header's consent the canvas could be drawn on, but not read.
  image.crossOrigin = "anonymous";
  image.src = href;
  await image.decode().then(
    () => context.drawImage(image, 0, 0, SIZE, SIZE),
    () => {},
  );
  const width = text.length === 1 ? 40 : text.length === 2 ? 50 : SIZE;
  context.fillStyle = "#d6293e";
  context.beginPath();
  context.roundRect(SIZE - width, SIZE - 40, width, 40, 20);
  context.fill();
  context.fillStyle = "#fff";
  context.font = "bold 32px system-ui, sans-serif";
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.fillText(text, SIZE - width / 2, SIZE - 18, width - 8);
  return canvas.toDataURL();
}
