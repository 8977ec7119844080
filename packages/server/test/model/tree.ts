import type { JsonObject } from "../../src/core/json.ts";

/**
 * Workflows in the reference model's form: the part of the language whose outcome the spec determines, as concise as
 * possible. `toStored` is the only bridge to the wire's form, so that the model itself does not depend on the
 * product's.
 */
export interface Workflow {
  slug: string;
  category: "system" | "transactional" | "promotional";
  /** The event that triggers it; null: the trigger API. */
  event: string | null;
  /** A trigger passes if any of them holds, or if there are none. */
  conditions: Group[];
  throttle: { count: number; minutes: number } | null;
  nodes: Node[];
}

export type Node =
  | { kind: "delay"; ref: string; minutes: number }
  | { kind: "branch"; ref: string; branches: (Branch & { when: Group[] })[]; otherwise: Branch }
  | {
      kind: "wait";
      ref: string;
      holds: Group[];
      events: Awaited[];
      come: Branch;
      minutes: number;
      late: Branch;
    }
  | (Gathering & { kind: "batch"; leading: boolean; key: Field | null; window: Window })
  | (Gathering & { kind: "digest"; weekdays: number[] | null; hour: number; least: number | null })
  | { kind: "transform"; ref: string; set: Computed }
  | { kind: "send"; ref: string; channel: "sms" | "inbox" };

export interface Branch {
  ref: string;
  is_terminal: boolean;
  nodes: Node[];
}

/** An event with its filter: all leaves must hold, and one of the groups if there are any. */
export interface Awaited {
  event: string;
  leaves: Leaf[];
  groups: Group[];
}

interface Gathering {
  ref: string;
  retain: { count: number; order: "first" | "last" };
}

/** `seconds` is read from the payload of the run that opens the window. */
export type Window = { minutes: number } | "seconds";

export type Computed = "note" | "next level" | "red" | "failure";

/** The fields of payloads and events. */
export type Field = "n" | "color" | "level" | "seconds" | "note" | "$batched_events_count";

export interface Group {
  op: "AND" | "OR";
  leaves: Leaf[];
}

export interface Leaf {
  /**
   * `event`: a field of the event that a filter tests; `payload`: of the payload, or in a filter of the event if that
   * has the field.
   */
  of: "payload" | "event";
  field: Field;
  op: "==" | "!=" | ">" | "<";
  /** A value, or a field of the payload. */
  to: { value: string | number } | { field: Field };
}

export const TEMPLATE = "said";

/** A message shows the run's state when it was made: `says` of the model produces the same text. */
const BODY =
  "{{n}} {{color}} {{level}} {{#if note}}{{note}}{{else}}-{{/if}} {{#if $batched_events_count}}" +
  "{{$batched_events_count}}:{{#each $batched_events}} {{n}}{{/each}}{{else}}-{{/if}}";

export const CONTENTS: JsonObject = {
  sms: { type: "basic", body: BODY },
  inbox: { header: "Said", body: BODY },
};

/** The management API's body that saves it. */
export function toStored({ slug, category, event, conditions, throttle, nodes }: Workflow): JsonObject {
  return {
    name: slug,
    category,
    ...(event === null ? { trigger_type: "api" } : { trigger_type: "event", trigger_events: [event] }),
    ...(throttle === null
      ? {}
      : { ratelimit: { count: throttle.count, sliding_window: `${throttle.minutes}m` } }),
    conditions: conditions.map(toGroup),
    tree: { nodes: nodes.map(toNode) },
  };
}

function toNode(node: Node): JsonObject {
  const { ref } = node;
  const plain = (node_type: string, properties: JsonObject): JsonObject => ({ node_type, ref, properties });
  switch (node.kind) {
    case "delay":
      return plain("delay", { delay_type: "fixed", value: `${node.minutes}m` });
    case "send":
      return plain(`send_${node.channel}`, { template: TEMPLATE });
    case "transform":
      return plain("transform", { variables: [COMPUTED[node.set]] });
    case "branch": {
      const chosen = node.branches.map((branch) => toBranch(branch, branch.when.map(toGroup)));
      return { ...plain("branch", {}), branches: [...chosen, toBranch(node.otherwise, [], true)] };
    }
    case "wait": {
      const awaited = [...node.holds.map(toGroup), ...node.events.map(toAwaited)];
      const delay_properties = { delay_type: "fixed", value: `${node.minutes}m` };
      const late = toBranch(node.late, [{ type: "delay", delay_properties }], true);
      return { ...plain("branch_waituntil", {}), branches: [toBranch(node.come, awaited), late] };
    }
    case "batch":
      return plain("batch", {
        mode: node.leading ? "flush_leading_item" : "accumulate_all",
        ...(node.key === null ? {} : { batch_key: `.${node.key}` }),
        ...(node.window === "seconds"
          ? { window_type: "dynamic", dynamic_window_expr: ".seconds" }
          : { window_type: "fixed", fixed_window: `${node.window.minutes}m` }),
        retain_count: node.retain.count,
        retain_order: node.retain.order,
      });
    case "digest":
      return plain("digest", {
        schedule_type: "static",
        schedule: {
          ...(node.weekdays === null
            ? { frequency: "daily" }
            : { frequency: "weekly", weekdays: node.weekdays.map((day) => WEEKDAYS[day] ?? "") }),
          time: `${String(node.hour).padStart(2, "0")}:00`,
          dtstart: "2020-01-01T00:00:00",
          tz_selection: "fixed",
          tz_fixed: "UTC",
        },
        retain_count: node.retain.count,
        retain_order: node.retain.order,
        ...(node.least === null ? {} : { trigger_min_count: node.least }),
      });
  }
}

const WEEKDAYS = ["su", "mo", "tu", "we", "th", "fr", "sa"];

const COMPUTED: Record<Computed, JsonObject> = {
  note: { key: "note", value_lang: "handlebars", value: "{{color}}/{{n}}" },
  "next level": { key: "level", value_lang: "jsonnet", value: "data.level + 1" },
  red: { key: "color", value_lang: "jsonnet", value: "'red'" },
  failure: { key: "note", value_lang: "jsonnet", value: "error 'no'" },
};

function toBranch(
  { ref, is_terminal, nodes }: Branch,
  conditions: JsonObject[],
  is_default = false,
): JsonObject {
  return { name: ref, ref, is_default, is_terminal, conditions, nodes: nodes.map(toNode) };
}

function toGroup({ op, leaves }: Group): JsonObject {
  return { type: "expression_v1", expression_v1: { op, args: leaves.map(toLeaf) } };
}

function toAwaited({ event, leaves, groups }: Awaited): JsonObject {
  const event_conditions = [...leaves.map(toLeaf), ...groups.map(toGroup)];
  return { type: "future_event", event_name: event, event_conditions };
}

function toLeaf({ of, field, op, to }: Leaf): JsonObject {
  return {
    variable_ns: of === "event" ? "$future_event" : "",
    variable: field,
    op,
    value: "field" in to ? `data.${to.field}` : JSON.stringify(to.value),
  };
}
