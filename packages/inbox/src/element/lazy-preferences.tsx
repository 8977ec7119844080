import { type ReactNode, useEffect, useLayoutEffect, useRef, useState } from "react";
import type { Look } from "../ui/look.tsx";
import { addStyles } from "./styles.ts";
import type * as Chunk from "./preferences-chunk.ts";

type Loaded = typeof Chunk;

/** The preference centre, loaded when it is first shown. */
export function Preferences(look: Look): ReactNode {
  const [loaded, setLoaded] = useState<Loaded | null>(null);
  useEffect(() => {
    import("./preferences-chunk.ts").then(
      (module) => setLoaded(module),
      (error: unknown) => reportError(error),
    );
  }, []);
  const place = useRef<HTMLDivElement>(null);
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
