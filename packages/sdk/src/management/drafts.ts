import type { CallOptions } from "../core/transport.ts";

/** Whether a change of a draft is committed at once. */
export interface CommitOptions extends CallOptions {
  commit?: boolean;
  commit_message?: string;
}

/** Which of the two is read: what is being edited, or what is in effect. */
export type Mode = "draft" | "live";
