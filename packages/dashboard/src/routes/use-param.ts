import { useParams } from "@tanstack/react-router";

/** A name in the page's address. */
export function useParam(name: "id" | "slug" | "type" | "channel" | "variant"): string {
  const params: Record<string, string | undefined> = useParams({ strict: false });
  return params[name] ?? "";
}
