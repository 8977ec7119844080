import type { JsonObject } from "../json.ts";
import type { Severity } from "../run-state.ts";

/**
 * The vocabulary of the step log, which every run carries: the subject of a step (its stage) and, where something did
 * not go as planned, the reason (its code). `explain` judges by codes; the reference and the texts shown to people are
 * generated from this table. Codes and stages are stored: they may be added, never renamed. Source of the suggested
 * names: the wire's execution log (stages) and its list of conditions (codes).
 */
export const STAGES = {
  run_started: "The run began.",
  node_entered: "A node took the run in.",
  expression_evaluated:
    "A condition, schedule or expression was evaluated; the properties have the values it saw.",
  waiting: "The run waits for a time, an event, a change or the answer to a call.",
  resumed: "A wait ended.",
  channels_computed: "The channels on which the recipient is reached.",
  preference_evaluated: "Preferences of the recipient or settings of the tenant narrowed the channels.",
  variant_selected: "One of several variants of a channel was chosen; the properties name those passed over.",
  template_rendered: "The content of a channel was rendered.",
  attachment_unusable: "An attachment was left out.",
  message_triggered: "A message was handed to delivery.",
  message_scheduled: "A message of a smart routing has a turn, or none.",
  message_redirected: "Test mode sent a message, or its copies, elsewhere.",
  node_completed: "A node did its work.",
  node_skipped: "A node had nothing to do.",
  node_failed: "A node failed.",
  batch_item_cancelled: "A trigger that this run had put into another run's batch was cancelled.",
  redriven: "The run was put back through the API.",
  run_cancelled: "The run was cancelled through the API.",
  run_stopped: "The run ended before its last node.",
  run_completed: "The run came to its end.",
  dry_run: "A dry run did something else than a real one.",
} as const;

export type Stage = keyof typeof STAGES;

export interface StepCodeEntry {
  /** What happened. */
  meaning: string;
  /** What a person can do about it. */
  remedy: string;
}

const NOTHING_TO_DO = "Nothing: this is how the workflow is set up.";

export const STEP_CODES = {
  user_not_found: {
    meaning: "The recipient was deleted after the run began.",
    remedy: "Create the recipient again and trigger again.",
  },
  tenant_not_found: {
    meaning: "The tenant does not exist, or was deleted after the run began.",
    remedy: "Create the tenant, then redrive the execution.",
  },
  tenant_not_associated: {
    meaning: "The workspace keeps users to their tenants, and this one does not belong to the run's tenant.",
    remedy: "Add the user to the tenant, or trigger for a tenant of theirs.",
  },
  template_not_found: {
    meaning:
      "The template does not exist, has no live version, or none of its channels is one of the node's.",
    remedy: "Commit the template with the channels that the node sends on, then redrive the execution.",
  },
  template_not_approved: {
    meaning: "The content of a channel waits for a vendor's approval, and nothing was approved before it.",
    remedy: "Have it approved and record that, then redrive the execution.",
  },
  template_render_failed: {
    meaning:
      "The content of a channel could not be rendered; the properties name the variable that is missing.",
    remedy: "Send the variable with the trigger, or give it a default in the template.",
  },
  no_active_channels: {
    meaning: "The recipient has no active address on any channel of the template.",
    remedy: "Add an address to the recipient's profile, or send one with the trigger.",
  },
  category_not_found: {
    meaning: "The workflow's category is not published.",
    remedy: "Commit the categories, or choose another category for the workflow.",
  },
  category_not_applicable_tenant: {
    meaning: "The tenant has blocked the category, or every channel that could be used.",
    remedy: "Change the tenant's settings if the block is not meant.",
  },
  user_unsubscribed_category: {
    meaning: "The recipient has opted out of the category.",
    remedy: "Nothing: the recipient's choice counts. Use a mandatory category only for what must be sent.",
  },
  user_unsubscribed_channels: {
    meaning: "The recipient has opted out of every channel that could be used.",
    remedy: "Nothing: the recipient's choice counts.",
  },
  no_vendor: {
    meaning: "No vendor is configured for the channel, category and identity provider.",
    remedy: "Add a vendor for the channel, then redrive the execution.",
  },
  attachment_unusable: {
    meaning: "An attachment cannot be read, or there are too many.",
    remedy: "Mend what the step names in the trigger's `$attachments`.",
  },
  dynamic_value_invalid: {
    meaning: "An expression of the node gave a value that the node cannot use.",
    remedy: "Mend the expression, or the data that it reads; then redrive the execution.",
  },
  variable_error: {
    meaning: "A variable of a transform node could not be computed.",
    remedy: "Mend the expression, or the data that it reads; then redrive the execution.",
  },
  branch_without_default: {
    meaning: "No branch was true, and the node has no default branch.",
    remedy: "Add a default branch and commit the workflow.",
  },
  wait_incomplete: {
    meaning: "The node does not say what it waits for, or for how long at most.",
    remedy: "Complete the node and commit the workflow.",
  },
  target_in_past: {
    meaning: "The time that the run should have waited for had passed when it came.",
    remedy: NOTHING_TO_DO,
  },
  batch_key_invalid: {
    meaning: "The batch key could not be computed; null was used for it.",
    remedy: "Mend the expression, or the data that it reads.",
  },
  batch_absorbed: {
    meaning: "The trigger joined a batch that another run carries; the properties name that run.",
    remedy: NOTHING_TO_DO,
  },
  digest_below_min_count: {
    meaning: "The digest gathered fewer triggers than it must have to be sent.",
    remedy: NOTHING_TO_DO,
  },
  http_node_failed: {
    meaning: "The call of an HTTP node failed, timed out, or was answered with what the node cannot use.",
    remedy: "See the status or reason in the properties; mend the endpoint, then redrive the execution.",
  },
  answer_not_merged: {
    meaning: "The answer to a call is no JSON object, so nothing of it was merged into the data.",
    remedy: "Answer with a JSON object, or set a key under which the answer is kept.",
  },
  list_op_failed: {
    meaning: "The list could not be changed.",
    remedy: "Mend what the step names, then redrive the execution.",
  },
  object_op_failed: {
    meaning: "The object's subscriptions could not be changed.",
    remedy: "Mend what the step names, then redrive the execution.",
  },
  user_update_failed: {
    meaning: "The profile could not be changed.",
    remedy: "Mend what the step names, then redrive the execution.",
  },
  invoke_failed: {
    meaning: "The workflow that the node triggers could not be triggered.",
    remedy: "Mend what the step names, then redrive the execution.",
  },
  done_in_part: {
    meaning: "The node did its work, but left out what the step names.",
    remedy: "Mend what the step names.",
  },
  member_left_out: {
    meaning: "The recipient or actor is nobody whom the node can work on.",
    remedy: NOTHING_TO_DO,
  },
  no_actor: {
    meaning: "The node works on the actor, and the run has none.",
    remedy: "Send an actor with the trigger, or let the node work on the recipient.",
  },
  node_not_supported: {
    meaning: "The node cannot be run as it is stored.",
    remedy: "Mend the node and commit the workflow.",
  },
  not_rehearsed: {
    meaning: "A dry run does not do this.",
    remedy: "Trigger for real to see what comes of it, in a workspace in test mode if need be.",
  },
  internal: {
    meaning: "Something failed inside Carillon; the neighbours of the run went on.",
    remedy: "Look the execution up in the server's log, then redrive it.",
  },
} as const satisfies Record<string, StepCodeEntry>;

export type StepCode = keyof typeof STEP_CODES;

/** Values that a step read; warnings and errors also have a code. */
export type StepFacts = JsonObject & { code?: StepCode };

/** One entry of the step log. Keys are short because every run carries it; the log API names them in full. */
export interface Step {
  /** Epoch milliseconds, in the workspace's time. */
  t: number;
  /** Node ref; absent for steps about the whole run. */
  n?: string;
  s: Stage;
  /** Severity; absent for info. */
  l?: Exclude<Severity, "info">;
  /** Message. */
  m: string;
  p?: StepFacts;
}

/** The arguments of a log entry. Warnings and errors have a code. */
export type Logged =
  | [severity: "info", stage: Stage, message: string, facts?: StepFacts | undefined]
  | [severity: "warning" | "error", stage: Stage, message: string, facts: StepFacts & { code: StepCode }];

function isStepCode(value: unknown): value is StepCode {
  return typeof value === "string" && Object.hasOwn(STEP_CODES, value);
}

/** The code of a stored step; null where it has none, or one of a newer version. */
export function codeOf({ p }: Pick<Step, "p">): StepCode | null {
  const code: unknown = p?.code;
  return isStepCode(code) ? code : null;
}
