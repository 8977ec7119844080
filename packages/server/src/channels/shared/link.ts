import { RenderError, type RenderText } from "../channel.ts";

/**
 * Schemes that execute or display the content of the link itself. Browsers skip control characters and spaces before
 * and inside them.
 */
const ACTIVE_SCHEME = /^(?:javascript|vbscript|data):/i;
const INLINE_IMAGE = /^data:image\/(?:png|jpe?g|gif|webp)[;,]/i;

/** Renders a link that a client will open: trimmed, never one that contains code, and with its `&` and `=` as they are. */
export function renderLink(path: string, source: string, text: RenderText): string {
  const link = text(source, "none").trim();
  if (ACTIVE_SCHEME.test(bare(link))) throw new RenderError(path, "links of this kind are not allowed");
  return link;
}

/** Renders the address of an image: like a link, except that small images may be inline. */
export function renderImageLink(path: string, source: string, text: RenderText): string {
  const link = text(source, "none").trim();
  const start = bare(link);
  if (ACTIVE_SCHEME.test(start) && !INLINE_IMAGE.test(start)) {
    throw new RenderError(path, "links of this kind are not allowed");
  }
  return link;
}

function bare(link: string): string {
  return link.slice(0, 256).replaceAll(/[\p{Cc}\s]/gu, "");
}
