import { isJsonObject, type Json, type JsonObject } from "../../src/core/json.ts";
import { createWorld, type ExecutionView, type MessageView, type World } from "../behaviours/world.ts";
import type { CalledServer, Received } from "../outside/called-server.ts";
import type { Server } from "../harness.ts";
import { ANYTHING, EXAMPLE_HOST, type ExampleStep, type NodeExample } from "./node-examples.ts";

/** The results of one step of an example, in the format of the examples. */
export interface SeenStep {
  calls: Pick<Received, "method" | "path" | "headers" | "body">[];
  messages: ExampleStep["messages"];
  /** All lines that the step added to the execution logs. */
  log: string[];
}

export interface SeenExample {
  steps: SeenStep[];
  executions: NodeExample["example"]["executions"];
}

/** A server for the calls of examples, with the examples' responses. */
export interface ExampleServer extends CalledServer {
  /** The remaining responses, in order; further calls get a 500. */
  replies: ExampleStep["calls"][number]["reply"][];
}

/** Does everything through the HTTP APIs, in a separate workspace. Throws their refusals. */
export async function runNodeExample(
  harness: Server,
  server: ExampleServer,
  { starts_at, templates, workflows, steps }: NodeExample["example"],
): Promise<SeenExample> {
  const world = await createWorld(harness, starts_at);
  for (const [slug, contents] of Object.entries(templates)) await world.template(slug, contents);
  for (const [slug, body] of Object.entries(workflows)) await saveWorkflow(world, slug, body, server.url);
  const seen: SeenStep[] = [];
  const known = { messages: new Set<string>(), steps: new Map<string, number>() };
  for (const step of steps) {
    server.requests.length = 0;
    server.replies = step.calls.map(({ reply }) => reply);
    await perform(world, step);
    // Messages of a smart routing exist from the beginning, and count when their turn comes.
    const messages = (await world.messages()).filter(
      ({ message_id, status }) => status !== "to_be_triggered" && !known.messages.has(message_id),
    );
    for (const { message_id } of messages) known.messages.add(message_id);
    const executions = await world.executions();
    seen.push({
      calls: [...server.requests],
      messages: messages.map((message) => present(message, step.messages)),
      log: executions.flatMap((execution) => newLines(execution, known.steps)),
    });
  }
  return {
    steps: seen,
    executions: (await world.executions()).map(({ workflow_slug: workflow, recipient, status }) => ({
      workflow,
      recipient,
      status,
    })),
  };
}

async function saveWorkflow(world: World, slug: string, body: JsonObject, url: string): Promise<void> {
  const text = JSON.stringify(body).replaceAll(EXAMPLE_HOST, url);
  const path = `v1/workflow/${slug}/?commit=true&commit_message=example`;
  const { status, text: answer, json } = await world.manage("POST", path, JSON.parse(text));
  const { validation_result: validation } = json as { validation_result?: { is_valid: boolean } };
  if (status !== 201 || validation?.is_valid !== true) throw new Error(`${slug}: ${status}: ${answer}`);
}

async function perform(world: World, { trigger, event, advance }: ExampleStep): Promise<void> {
  if (advance !== undefined) return world.pass(advance.by);
  const answer =
    trigger === undefined
      ? await world.call("POST", "/v2/event/", event)
      : await world.call("POST", "/trigger/", trigger);
  if (answer.status !== 202) throw new Error(`${answer.status}: ${answer.text}`);
  await world.settle();
}

/** Includes only the parts of its content that the example shows. */
function present(
  { workflow, channel, recipient: person, content, status, webhook_data }: MessageView,
  expected: ExampleStep["messages"],
): ExampleStep["messages"][number] {
  const { node_ref } = workflow;
  const recipient = person.distinct_id ?? `${person.object_type}/${person.id}`;
  const shown = expected.find(
    (one) => one.node_ref === node_ref && one.channel === channel && one.recipient === recipient,
  );
  const whole: JsonObject = { ...(content ?? webhook_data), status };
  const paths = Object.keys(shown?.content ?? {});
  return {
    node_ref,
    channel,
    recipient,
    content: Object.fromEntries(paths.map((path) => [path, textAt(whole, path)])),
  };
}

function textAt(content: Json, path: string): string {
  const found = path.split(".").reduce<Json | undefined>((value, key) => {
    return isJsonObject(value) && Object.hasOwn(value, key) ? value[key] : undefined;
  }, content);
  return typeof found === "string" ? found : JSON.stringify(found ?? null);
}

function newLines({ execution_id, steps }: ExecutionView, known: Map<string, number>): string[] {
  const fresh = steps.slice(known.get(execution_id) ?? 0);
  known.set(execution_id, steps.length);
  return fresh.map(({ node_ref, message }) => (node_ref === null ? message : `${node_ref}: ${message}`));
}

/** The expected lines that are missing: all of them must occur, in order. */
export function missingLines(expected: readonly string[], seen: readonly string[]): string[] {
  let from = 0;
  return expected.filter((line) => {
    const at = seen.findIndex((one, index) => index >= from && isLike(one, line));
    if (at !== -1) from = at + 1;
    return at === -1;
  });
}

function isLike(text: string, pattern: string): boolean {
  const parts = pattern.split(ANYTHING).map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${parts.join(".*")}$`, "s").test(text);
}
