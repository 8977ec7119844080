import { z } from "zod";
import { ROLE_NAMES } from "../../core/people/roles.ts";
import { oneOf } from "../filter-values.ts";

export const roleField = z.enum(ROLE_NAMES, oneOf(ROLE_NAMES));

export const workspaceField = z
  .string({ error: "must be the slug of a workspace, or null for all" })
  .nullable()
  .describe("Slug; null: all workspaces, there are and will be.");

export const grantShape = z.object({ workspace: workspaceField, role: roleField });
