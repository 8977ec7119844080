import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { ApiError } from "../api/client.ts";

/** What follows a way in: everything is read again, as the one who came in. */
export function useEntry(enter: () => Promise<void>) {
  const client = useQueryClient();
  return useMutation<void, ApiError>({
    mutationFn: enter,
    onSuccess: async () => {
      client.removeQueries({ queryKey: ["workspaces"] });
      await client.invalidateQueries({ queryKey: ["session"] });
    },
  });
}
