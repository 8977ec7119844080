import { RenderError, type RenderText } from "../channel.ts";
import { isTemplated, type Problems } from "../content.ts";

/**
 * Schemes that execute or display the content of the link itself. Browsers skip control characters and spaces before
 * and inside them.
 */
const ACTIVE_SCHEME = /^(?:javascript|vbscript|data):/i;
const INLINE_IMAGE = /^data:image\/(?:png|jpe?g|gif|webp)[;,]/i;

export const REFUSED = "links of this kind are not allowed";

/** Renders a link that a client will open: trimmed, never one that contains code, and with its `&` and `=` as they are. */
export function renderLink(path: string, source: string, text: RenderText): string {
  const link = text(source, "none").trim();
  if (!isSafeLink(link)) throw new RenderError(path, REFUSED);
  return link;
}

/** Reports a link that {@link renderLink} refuses whatever the data. */
export function checkLink(problems: Problems, path: string, source: string): void {
  if (!isTemplated(source) && !isSafeLink(source)) problems.add(path, REFUSED);
}

/** Renders the address of an image: like a link, except that small images may be inline. */
export function renderImageLink(path: string, source: string, text: RenderText): string {
  const link = text(source, "none").trim();
  if (!isSafeImageLink(link)) throw new RenderError(path, REFUSED);
  return link;
}

/** Reports an address that {@link renderImageLink} refuses whatever the data. */
export function checkImageLink(problems: Problems, path: string, source: string): void {
  if (!isTemplated(source) && !isSafeImageLink(source)) problems.add(path, REFUSED);
}

/** Whether a link is no code and no document of its own. */
export function isSafeLink(link: string): boolean {
  return !ACTIVE_SCHEME.test(bare(link));
}

/** The same for a picture, which may be in the address itself. */
export function isSafeImageLink(link: string): boolean {
  return isSafeLink(link) || INLINE_IMAGE.test(bare(link));
}

function bare(link: string): string {
  return link.slice(0, 256).replaceAll(/[\p{Cc}\s]/gu, "");
}
