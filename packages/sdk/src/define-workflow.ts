import { encodeJson } from "./core/body.ts";
import { items, optionalText, record, text } from "./core/check.ts";
import { invalidInput } from "./core/errors.ts";
import type { Body } from "./wire.ts";

type WorkflowBody = Body<"managementWorkflowUpsert">;
type WorkflowNode = NonNullable<NonNullable<NonNullable<WorkflowBody["tree"]>["nodes"]>[number]>;

/** A workflow as it is written in code. */
export interface WorkflowSource<Slug extends string, Schema extends object> extends Omit<
  WorkflowBody,
  "name" | "category" | "payload_schema" | "tree"
> {
  /** What triggers name: a-z, 0-9, - and _. */
  slug: Slug;
  name: string;
  category: string;
  /** What triggers must give as their data: a JSON Schema. The server holds them to it, and so do their types. */
  payload?: Schema;
  /** The steps, in order. */
  nodes: readonly WorkflowNode[];
}

declare const DATA: unique symbol;

/** A workflow that triggers can name: plain JSON, with the type of its data. */
export interface DefinedWorkflow<Slug extends string = string, Data = unknown> {
  readonly slug: Slug;
  /** As the management API takes it. */
  readonly workflow: WorkflowBody;
  /** Of its payload, under the workflow's slug; null if it takes anything. */
  readonly schema: Body<"managementSchemaUpsert"> | null;
  /** In types only. */
  readonly [DATA]?: { data: Data };
}

/** What a defined workflow takes as its data. */
export type DataOf<Defined> = Defined extends DefinedWorkflow<string, infer Data> ? Data : never;

/** Defined workflows as the type parameter of `createCarillon`: `createCarillon<PayloadsOf<typeof orderConfirmed>>`. */
export type PayloadsOf<Defined extends DefinedWorkflow> = { [One in Defined as One["slug"]]: DataOf<One> };

/**
 * The type that a JSON Schema describes, as far as `type`, `properties`, `required`, `items`, `enum`, `const`, `anyOf`
 * and `oneOf` say; `unknown` beyond them. An object takes no other properties unless `additionalProperties` says so.
 */
export type FromSchema<Schema> = Schema extends { readonly const: infer Only }
  ? Only
  : Schema extends { readonly enum: readonly (infer Choice)[] }
    ? Choice
    : Schema extends { readonly anyOf: readonly (infer Choice)[] }
      ? FromSchema<Choice>
      : Schema extends { readonly oneOf: readonly (infer Choice)[] }
        ? FromSchema<Choice>
        : Schema extends { readonly type: readonly (infer Type)[] }
          ? FromType<Schema, Type>
          : Schema extends { readonly type: infer Type }
            ? FromType<Schema, Type>
            : unknown;

type FromType<Schema, Type> = Type extends "string"
  ? string
  : Type extends "number" | "integer"
    ? number
    : Type extends "boolean"
      ? boolean
      : Type extends "null"
        ? null
        : Type extends "array"
          ? Schema extends { readonly items: infer Item }
            ? FromSchema<Item>[]
            : unknown[]
          : Type extends "object"
            ? FromObject<Schema>
            : unknown;

type FromObject<Schema> = Schema extends { readonly properties: infer Properties }
  ? Flat<
      {
        -readonly [Name in keyof Properties as Name extends RequiredBy<Schema> ? Name : never]: FromSchema<
          Properties[Name]
        >;
      } & {
        -readonly [Name in keyof Properties as Name extends RequiredBy<Schema> ? never : Name]?:
          | FromSchema<Properties[Name]>
          | undefined;
      }
    > &
      (Schema extends { readonly additionalProperties: true | object } ? Record<string, unknown> : unknown)
  : Record<string, unknown>;

type RequiredBy<Schema> = Schema extends { readonly required: readonly (infer Name)[] } ? Name : never;

type Flat<Type> = { [Name in keyof Type]: Type[Name] };

/** A payload is an object; one whose schema the types cannot read is any. */
type PayloadFrom<Schema> =
  FromSchema<Schema> extends infer Data extends Record<string, unknown> ? Data : Record<string, unknown>;

/**
 * Defines a workflow in code: plain data, which `workflows.admin.publish` puts on the server and `workflows.trigger`
 * takes instead of a slug, with its data typed by the schema.
 *
 * @example
 * const orderConfirmed = defineWorkflow({
 *   slug: "order-confirmed",
 *   name: "Order confirmed",
 *   category: "transactional",
 *   payload: {
 *     type: "object",
 *     required: ["order_id"],
 *     properties: { order_id: { type: "string" }, total: { type: "number" } },
 *   },
 *   nodes: [{ node_type: "send_email", name: "Mail", properties: { template: "order" } }],
 * });
 * await carillon.workflows.admin.publish(orderConfirmed);
 * await carillon.workflows.trigger(orderConfirmed, { to: "ada", data: { order_id: "A-1001" } });
 */
export function defineWorkflow<const Slug extends string, const Schema extends object = object>(
  source: WorkflowSource<Slug, Schema>,
): DefinedWorkflow<Slug, PayloadFrom<Schema>> {
  const { slug, name, category, payload, nodes, ...rest } = record(
    "workflow",
    source,
  ) as unknown as typeof source;
  if (!/^[a-z0-9_-]{1,255}$/.test(text("slug", slug)))
    throw invalidInput("slug", "must be made of a-z, 0-9, - and _");
  const title = text("name", name);
  checkNodes("nodes", nodes);
  const events = rest.trigger_events ?? [];
  const workflow = {
    trigger_type: events.length > 0 ? "event" : "api",
    ...rest,
    name: title,
    category: text("category", category),
    ...(payload === undefined ? {} : { payload_schema: { schema: slug } }),
    tree: { nodes: [...nodes] },
  };
  const schema = payload === undefined ? null : { name: title, json_schema: record("payload", payload) };
  // What is no JSON is better refused where it is written.
  encodeJson({ workflow, schema }, "workflow");
  return { slug, workflow, schema };
}

/** What every node needs, whatever its type takes: the server says what that is. */
function checkNodes(field: string, nodes: readonly WorkflowNode[]): void {
  for (const [index, node] of items(field, nodes, 1000).entries()) {
    const at = `${field}[${index}]`;
    record(at, node);
    text(`${at}.node_type`, node.node_type);
    optionalText(`${at}.ref`, node.ref);
    for (const [number, branch] of (node.branches ?? []).entries()) {
      record(`${at}.branches[${number}]`, branch);
      const inner = branch.nodes ?? [];
      if (inner.length > 0) checkNodes(`${at}.branches[${number}].nodes`, inner);
    }
  }
}
