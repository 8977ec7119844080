import { z } from "zod";

/**
 * The workflow bodies that the wire accepts. Only values of the wrong type, and names, refs or descriptions of
 * excessive length, are refused here, with the field named; a workflow that is merely unfinished or invalid is stored
 * as a draft, and `validateWorkflow` reports what prevents a commit.
 */
const text = z.string().nullish();
/** Names, and refs, which identify problems. */
const label = z.string().max(255, "must be at most 255 characters").nullish();
const prose = z.string().max(1000, "must be at most 1000 characters").nullish();
const jsonObject = z.record(z.string(), z.unknown());
const jsonObjects = z.array(jsonObject).nullish();

/** The only type with a setting called `properties`, a text: in its older form it too stands beside `node_type`. */
const HAS_PROPERTIES = "userupdate";

/** Settings are in `properties` or, in an older form that is still published, beside `node_type`. */
const node: z.ZodType<NodeBody> = z
  .looseObject({
    node_type: z.string().min(1, "must not be empty"),
    name: label,
    description: prose,
    ref: label,
    schema_version: text,
    properties: z.union([jsonObject, z.string()], "must be an object").nullish(),
    get branches() {
      return z.array(branch).nullish();
    },
  })
  .refine(({ node_type, properties }) => typeof properties !== "string" || node_type === HAS_PROPERTIES, {
    path: ["properties"],
    error: "must be an object",
  });

const branch = z.object({
  name: label,
  description: prose,
  ref: label,
  is_default: z.boolean().nullish(),
  is_terminal: z.boolean().nullish(),
  conditions: jsonObjects,
  get nodes() {
    return z.array(node).nullish();
  },
});

/** Body of the upsert. Clients send back keys that only reads have (`slug`, `status`, `hash`, …); these are dropped. */
export const workflowBody = z.object({
  name: label,
  description: prose,
  category: text,
  /** Not part of the draft: takes effect at once. */
  is_enabled: z.boolean().nullish(),
  tags: z.array(z.string()).nullish(),
  trigger_type: text,
  trigger_events: z.array(z.string()).nullish(),
  payload_schema: z.object({ schema: z.string(), version_no: z.int().nullish() }).nullish(),
  ratelimit: z.object({ count: z.int(), sliding_window: z.string() }).nullish(),
  conditions: jsonObjects,
  override_recipients_type: text,
  override_recipients_user_expr: text,
  override_recipients_single_object_fields_expr: jsonObject.nullish(),
  override_actor_user_expr: text,
  override_tenant_expr: text,
  tree: z.object({ nodes: z.array(node).nullish() }).nullish(),
});

export type WorkflowBody = z.infer<typeof workflowBody>;

/** Written out, because the schema is recursive. */
export interface NodeBody {
  [setting: string]: unknown;
  node_type: string;
  name?: string | null | undefined;
  description?: string | null | undefined;
  ref?: string | null | undefined;
  schema_version?: string | null | undefined;
  properties?: Record<string, unknown> | string | null | undefined;
  branches?: BranchBody[] | null | undefined;
}

export type BranchBody = z.infer<typeof branch>;
