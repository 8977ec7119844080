import { type ReactNode, useEffect, useLayoutEffect, useRef } from "react";
import { createLazy } from "../ui/lazy.ts";
import type { Look } from "../ui/look.tsx";
import { addStyles } from "./styles.ts";

const part = createLazy(() => import("./preferences-chunk.ts"));

/** The preference centre, loaded when it is first shown. */
export function Preferences(look: Look): ReactNode {
  const loaded = part.use();
  const place = useRef<HTMLDivElement>(null);
  useEffect(part.load, []);
  useLayoutEffect(() => {
    const root = place.current?.getRootNode();
    if (loaded !== null && root instanceof ShadowRoot) addStyles(root, loaded.css);
  }, [loaded]);
  return (
    <div ref={place} className="carillon-lazy">
      {loaded !== null && <loaded.Preferences {...look} />}
    </div>
  );
}
