import { z } from "zod";
import { hasRight, roleIn } from "../../../core/people/roles.ts";
import { AppError } from "../../../errors.ts";
import type { Auth } from "../../../http/request.ts";
import { defineRoute } from "../../../http/route.ts";
import { findAddressOwners } from "../address-owners.ts";
import { ownQuery } from "../query.ts";
import { findAnything, type Found, type Kind, KINDS } from "./find-anything.ts";

const MAX_TEXT = 512;

const foundShape = z.object({
  kind: z.enum(Object.keys(KINDS) as [Kind, ...Kind[]]),
  id: z.string(),
  by: z.enum(["id", "idempotency_key", "address", "slug"]).describe("What it was found by."),
  name: z.string().describe("What people call it; empty if it has no name."),
  created_at: z.string().nullable(),
  page: z.string().describe("Its page in the dashboard, below the workspace."),
});

export default defineRoute({
  method: "GET",
  path: "/v1/:workspace/x/:id/",
  summary: "What goes by an id, a key, a slug or an address, whatever kind of thing it is.",
  params: z.object({
    workspace: z.string(),
    id: z
      .string()
      .trim()
      .min(1, "must not be empty")
      .max(MAX_TEXT, `must be at most ${MAX_TEXT} characters`)
      .describe(
        "Of a request, run, message or broadcast; an idempotency key; a user's, an object's (`type/id`), a list's, a tenant's or a vendor's id; a slug; an e-mail address or a phone number. Percent-encoded.",
      ),
  }),
  query: ownQuery({}),
  reply: {
    status: 200,
    body: z.object({ results: z.array(foundShape) }),
    description: "Several if several things go by it; never none.",
  },
  errors: ["authentication_failed", "not_found", "validation_error"],
  async handle({ params: { id }, auth, db, services }) {
    const { workspace_id } = auth.workspace;
    const owners = await findAddressOwners(db, workspace_id, id, services);
    const found = await findAnything(db, workspace_id, id, owners);
    const results = found.filter(({ kind }) => maySee(auth, kind)).map(present);
    if (results.length === 0) throw new AppError("not_found", `nothing in this workspace goes by '${id}'`);
    return { results };
  },
});

function maySee({ member, workspace }: Auth, kind: Kind): boolean {
  if (member === undefined) return true;
  const role = roleIn(member.grants, workspace.workspace_id);
  return role !== null && hasRight(role, KINDS[kind].right);
}

function present({ kind, id, by, name, created_at }: Found): z.input<typeof foundShape> {
  return { kind, id, by, name, created_at: created_at?.toISOString() ?? null, page: KINDS[kind].page(id) };
}
