import { useMemo } from "react";
import { useAccess } from "../api/hooks.ts";
import { paths } from "./paths.ts";

export function usePaths() {
  const { workspace } = useAccess();
  return useMemo(() => paths(workspace), [workspace]);
}
