import { type ReactNode, useEffect, useState } from "react";
import type { Look } from "../ui/look.tsx";
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
  if (loaded === null) return <div className="carillon-loading" part="loading" />;
  return (
    <>
      <style>{loaded.css}</style>
      <loaded.Preferences {...look} />
    </>
  );
}
