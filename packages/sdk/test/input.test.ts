import { describe, expect, it } from "vitest";
import { CarillonError, createCarillon, defineWorkflow } from "../src/index.ts";
import {
  Event,
  ObjectEdit,
  Suprsend,
  SuprsendError,
  UserEdit,
  Workflow,
  WorkflowTriggerRequest,
} from "../src/suprsend/index.ts";

/** Bad input fails before the network, by the field and the fix. The address is one where nothing listens. */
const url = "http://127.0.0.1:9";
let calls = 0;
const options = {
  url,
  fetch: async () => {
    calls++;
    throw new Error("nothing should be sent");
  },
};
const carillon = createCarillon({ ...options, apiKey: "SS.x" });
const signed = createCarillon({ ...options, key: "key", secret: "secret" });
const manager = createCarillon({ ...options, serviceToken: "t", workspace: "staging" });
const client = new Suprsend("workspace_key", "secret", { base_url: url, fetch: options.fetch });
/** What JavaScript may pass and TypeScript refuses. */
const wrong = (value: unknown) => value as never;
const { workflows, events, users, lists, preferences } = carillon;

async function messageOf(work: () => unknown): Promise<string> {
  const before = calls;
  try {
    await work();
  } catch (error) {
    expect(error).toBeInstanceOf(CarillonError);
    expect(error).toMatchObject({ code: "invalid_input", status: 0 });
    expect(calls).toBe(before);
    return (error as CarillonError).message;
  }
  throw new Error("it should have been refused");
}

const cyclic: Record<string, unknown> = {};
cyclic.self = cyclic;

describe("a client", () => {
  it.each<[object, string]>([
    [{}, "apiKey: is missing: give an apiKey, or a key and a secret, or a serviceToken"],
    [{ key: "k" }, "secret: is missing: a key signs with its secret"],
    [{ secret: "s" }, "key: must be a string, and is missing"],
    [{ apiKey: "x", secret: "s", key: "k" }, "apiKey: and secret are two ways to say who you are: give one"],
    [{ apiKey: "  " }, "apiKey: must not be empty"],
    [
      { apiKey: "x", url: "localhost:3000" },
      "url: must be a web address without a query, like https://carillon.example.com, and is localhost:3000",
    ],
    [
      { apiKey: "x", url: "http://h/?a=1" },
      "url: must be a web address without a query, like https://carillon.example.com, and is http://h/?a=1",
    ],
    [{ apiKey: "x", timeout: 0 }, "timeout: must be a number from 1 to 2147483647, and is 0"],
    [{ apiKey: "x", timeout: Infinity }, "timeout: must be a number from 1 to 2147483647, and is Infinity"],
    [{ apiKey: "x", retries: "many" }, "retries: must be a number from 0 to 100, and is a string"],
    [{ apiKey: "schlüssel" }, "apiKey: must be made of printable ASCII, without blanks"],
    [{ key: "a b", secret: "s" }, "key: must be made of printable ASCII, without blanks"],
    [{ apiKey: "x", app: "Läden/1" }, 'app: must be printable ASCII, like shop/1.4, and is "Läden/1"'],
    [{ apiKey: "x", fetch: {} }, "fetch: must be a function, and is an object"],
    [{ apiKey: "x", tracer: {} }, "tracer: must have a method startSpan, like one of OpenTelemetry's"],
  ])("of %j cannot be made", async (given, message) => {
    expect(await messageOf(() => createCarillon(given))).toBe(message);
  });

  it("says which credential a call lacks", async () => {
    expect(await messageOf(() => manager.users.get("ada"))).toMatch(/^apiKey: is needed for this call/);
    expect(
      await messageOf(() => createCarillon({ ...options, apiKey: "x", workspace: "w" }).clock.get()),
    ).toMatch(/^serviceToken: is needed for calls of the management API/);
    expect(await messageOf(() => carillon.clock.get())).toMatch(/^workspace: is needed/);
    expect(await messageOf(() => carillon.broadcasts.send("l", { template: "t", category: "c" }))).toMatch(
      /^key: is needed for this call, whose path contains it/,
    );
  });
});

describe("a call with bad input is not made", () => {
  it.each<[message: string, work: () => unknown]>([
    ["workflow: must not be empty", () => workflows.trigger(" ", { to: "ada" })],
    [
      "workflow: must be at most 255 characters, and has 256",
      () => workflows.trigger("w".repeat(256), { to: "ada" }),
    ],
    ["trigger: must be an object, and is missing", () => workflows.trigger("w", wrong(undefined))],
    ["to: must contain at least 1 item", () => workflows.trigger("w", { to: [] })],
    [
      "to: must contain at most 100 items, and has 101",
      () => workflows.trigger("w", { to: Array(101).fill("ada") as string[] }),
    ],
    [
      "to: must be a distinct_id or an object with one, and is missing",
      () => workflows.trigger("w", wrong({})),
    ],
    [
      "to[1]: needs a distinct_id, an object_type and id, or is_transient: true",
      () => workflows.trigger("w", { to: ["ada", wrong({ name: "Grace" })] }),
    ],
    [
      "to[0].id: must be a string, and is missing",
      () => workflows.trigger("w", { to: [wrong({ object_type: "teams" })] }),
    ],
    [
      "to: needs an address like $email: a transient recipient has no profile",
      () => workflows.trigger("w", { to: { is_transient: true } }),
    ],
    [
      "to[0].$email: must contain at most 10 items, and has 11",
      () =>
        workflows.trigger("w", { to: [{ distinct_id: "a", $email: Array(11).fill("a@b.co") as string[] }] }),
    ],
    [
      'to.$channels: must be an array of channels, like ["email"]',
      () => workflows.trigger("w", { to: { distinct_id: "a", $channels: wrong("email") } }),
    ],
    [
      "data: must be an object, and is an array",
      () => workflows.trigger("w", { to: "ada", data: wrong([]) }),
    ],
    [
      "idempotencyKey: must be at most 255 characters, and has 256",
      () => workflows.trigger("w", { to: "ada", idempotencyKey: ` ${"k".repeat(256)} ` }),
    ],
    ["idempotencyKey: must not be empty", () => workflows.trigger("w", { to: "ada", idempotencyKey: " " })],
    [
      "tenant: must be made of letters, digits, _ and -",
      () => workflows.trigger("w", { to: "ada", tenant: "a b" }),
    ],
    [
      "attachments[0]: must have exactly one of path, bytes, stream, base64, url",
      () => workflows.trigger("w", { to: "ada", attachments: [wrong({ filename: "a" })] }),
    ],
    [
      "attachments[0].filename: must be a string, and is missing",
      () => workflows.trigger("w", { to: "ada", attachments: [wrong({ bytes: new Uint8Array() })] }),
    ],
    [
      "attachments[0].base64: is not base64",
      () => workflows.trigger("w", { to: "ada", attachments: [{ base64: "é", filename: "a" }] }),
    ],
    [
      "attachments: must be an array, and is null",
      () => workflows.trigger("w", { to: "ada", attachments: wrong(null) }),
    ],
    [
      "attachments[0].stream: must be a stream or an async iterable of bytes, and is null",
      () => workflows.trigger("w", { to: "ada", attachments: [{ stream: wrong(null), filename: "a" }] }),
    ],
    [
      "attachments[0].bytes: must be a Uint8Array or an ArrayBuffer, and is a string",
      () => workflows.trigger("w", { to: "ada", attachments: [{ bytes: wrong("text"), filename: "a" }] }),
    ],
    [
      "attachments[0].filename: must be a string, and is a number",
      () => workflows.trigger("w", { to: "ada", attachments: [{ path: "a", filename: wrong(7) }] }),
    ],
    [
      "attachments[0].url: must be a web address, like https://example.com/invoice.pdf",
      () => workflows.trigger("w", { to: "ada", attachments: [{ url: "/etc/passwd" }] }),
    ],
    [
      "filter: needs one of executionId, recipients, idempotencyKey, cancellationKey",
      () => workflows.cancel({ workflow: "w" }),
    ],
    ["question: needs a user or an idempotencyKey", () => manager.workflows.explain({})],
    [
      "category: must be one of system, transactional, promotional",
      () => signed.workflows.triggerInline({ name: "n", template: "t", category: wrong("news"), to: "ada" }),
    ],
    [
      "delay: must be seconds, or a duration like 1d2h30m10s",
      () =>
        signed.workflows.triggerInline({
          name: "n",
          template: "t",
          category: "system",
          to: "ada",
          delay: "soon",
        }),
    ],
    [
      "triggerAt: must be a Date or an ISO 8601 date-time, like 2026-11-30T13:00:00Z",
      () =>
        signed.workflows.triggerInline({
          name: "n",
          template: "t",
          category: "system",
          to: "ada",
          triggerAt: "soon",
        }),
    ],
    ["event: must have at least 2 characters", () => events.track("x", { user: "ada" })],
    [
      "event: must not begin with $ or ss_: such names are reserved",
      () => events.track("$mine", { user: "ada" }),
    ],
    ["user: must be a string, and is a number", () => events.track("Paid", { user: wrong(7) })],
    ["user: cannot be '..' in a path", () => users.get("..")],
    ["user: must be whole characters, and has one half of a surrogate pair", () => users.get("a\ud83d")],
    [
      "from: must be whole characters, and has one half of a surrogate pair",
      () => users.merge("ada", { from: "\udc00" }),
    ],
    ["other: must be an object, and is missing", () => users.merge("ada", wrong(undefined))],
    ["users: must be an array, and is a string", () => lists.replace("beta", wrong("ada"))],
    ["signal: must be an AbortSignal, and is a number", () => users.get("ada", { signal: wrong(5) })],
    ["options: must be an object, and is a string", () => users.get("ada", wrong("5 s"))],
    [
      "created_at_gte: must be a Date or an ISO 8601 date-time, like 2026-11-30T13:00:00Z",
      () => carillon.messages.list({ created_at_gte: new Date(Number.NaN) }).page(),
    ],
    [
      "limit: must be a string, a number, a boolean or a Date, and is an object",
      () => users.list({ limit: wrong({}) }).page(),
    ],
    [
      "records: must be an array or another iterable of records, and is null",
      () => workflows.triggerMany(wrong(null)),
    ],
    ["key: must be an object, and is missing", () => manager.keys.createApiKey(wrong(undefined))],
    ["edit: must do something: it has no operation", () => users.edit("ada", () => {})],
    [
      "edit: must be a function, a ProfileEdit or an array of operations",
      () => users.edit("ada", wrong({ $set: {} })),
    ],
    [
      "increment.logins: must be a number",
      () => users.edit("ada", (user) => user.increment({ logins: wrong("1") })),
    ],
    [
      "addEmail: must be a string, and is missing",
      () => users.edit("ada", (user) => user.addEmail(wrong(undefined))),
    ],
    ["users[1]: must not be empty", () => users.deleteMany(["ada", ""])],
    ["list: must be made of a-z, 0-9, _ and -", () => lists.get("Beta Testers")],
    [
      "updates[0].action: must be one of seen, clicked, dismissed, read, unread, archived, unarchived",
      () => carillon.messages.update([{ message_id: "m", action: wrong("starred") }]),
    ],
    [
      "preference: must be opt_in or opt_out",
      () => preferences.user("ada").setCategory("news", { preference: wrong("maybe") }),
    ],
    ["choices: needs channel_preferences or categories", () => preferences.updateMany(["ada"], {})],
    ["move: takes either by, a duration, or to, a time", () => manager.clock.advance(wrong({}))],
  ])("%s", async (message, work) => {
    expect(await messageOf(work)).toBe(message);
  });

  it("because it is no JSON, or too much of it", async () => {
    expect(await messageOf(() => workflows.trigger("w", { to: "ada", data: cyclic }))).toMatch(
      /^trigger: cannot be written as JSON: Converting circular structure/,
    );
    expect(await messageOf(() => workflows.trigger("w", { to: "ada", data: { n: 1n } }))).toMatch(/BigInt/);
    const data = { text: "é".repeat(819_200) };
    expect(await messageOf(() => workflows.trigger("w", { to: "ada", data }))).toMatch(
      /^trigger: is 819\d{3} characters of JSON, and at most 800 KB \(819200\) can be sent\. Pass files as attachments by url/,
    );
  });

  it("because its stream fails", async () => {
    async function* broken() {
      yield new Uint8Array(1);
      throw new Error("the disk is gone");
    }
    const work = () =>
      workflows.trigger("w", { to: "ada", attachments: [{ stream: broken(), filename: "a" }] });
    expect(await messageOf(work)).toBe("attachments[0].stream: cannot be read: the disk is gone");
  });

  it("because of a file that is not there", async () => {
    const work = () => workflows.trigger("w", { to: "ada", attachments: [{ path: "/no/such/file.pdf" }] });
    expect(await messageOf(work)).toMatch(/^attachments\[0\]\.path: cannot be read: ENOENT/);
    const request = new WorkflowTriggerRequest({ workflow: "w", recipients: ["ada"] });
    expect(await messageOf(() => request.add_attachment("/no/such/file.pdf"))).toMatch(
      /^file_path: cannot be read: ENOENT/,
    );
  });
});

describe("a workflow in code is refused where it is written", () => {
  const nodes = [{ node_type: "send_sms" }];
  const sound = { slug: "w", name: "W", category: "system", nodes };
  it.each<[message: string, source: unknown]>([
    ["workflow: must be an object, and is missing", undefined],
    ["slug: must be made of a-z, 0-9, - and _", { ...sound, slug: "Order shipped" }],
    ["name: must be a string, and is missing", { ...sound, name: undefined }],
    ["category: must not be empty", { ...sound, category: "" }],
    ["payload: must be an object, and is null", { ...sound, payload: null }],
    ["nodes: must contain at least 1 item", { ...sound, nodes: [] }],
    ["nodes[0]: must be an object, and is null", { ...sound, nodes: [null] }],
    ["nodes[1].node_type: must be a string, and is missing", { ...sound, nodes: [...nodes, {}] }],
    [
      "nodes[0].branches[0].nodes[0].node_type: must not be empty",
      { ...sound, nodes: [{ node_type: "branch", branches: [{ nodes: [{ node_type: "" }] }] }] },
    ],
    [
      "workflow: cannot be written as JSON: Do not know how to serialize a BigInt",
      { ...sound, payload: { n: 1n } },
    ],
  ])("%s", async (message, source) => {
    expect(await messageOf(() => defineWorkflow(wrong(source)))).toBe(message);
  });

  it("is plain data otherwise, as the management API takes it", () => {
    const payload = { type: "object", properties: { n: { type: "number" } } } as const;
    const defined = defineWorkflow({ ...sound, payload, trigger_events: ["Paid"] });
    expect(JSON.parse(JSON.stringify(defined))).toEqual({
      slug: "w",
      workflow: {
        name: "W",
        category: "system",
        trigger_type: "event",
        trigger_events: ["Paid"],
        payload_schema: { schema: "w" },
        tree: { nodes },
      },
      schema: { name: "W", json_schema: payload },
    });
  });
});

describe("the second door refuses too", () => {
  it.each<[message: string, work: () => unknown]>([
    ["WorkflowTriggerRequest: body must be a JSON object", () => new WorkflowTriggerRequest(wrong("x"))],
    [
      "recipients: must be an array of distinct_ids or objects",
      () => client.workflows.trigger(new WorkflowTriggerRequest({ workflow: "w" })),
    ],
    [
      "recipients: must contain at least 1 item",
      () => client.workflows.trigger(new WorkflowTriggerRequest({ workflow: "w", recipients: [] })),
    ],
    [
      "zzz: is not a field of a trigger; there are workflow, recipients, actor, data, metadata, tenant_id, cancellation_key, $idempotency_key",
      () =>
        client.workflows.trigger(new WorkflowTriggerRequest({ workflow: "w", recipients: ["a"], zzz: 1 })),
    ],
    ["workflow: must be a WorkflowTriggerRequest", () => client.workflows.trigger(wrong({}))],
    [
      "name: must be a string, and is missing",
      () => client.trigger_workflow(new Workflow({ template: "t" })),
    ],
    [
      "event: must not begin with $ or ss_: such names are reserved",
      () => client.track_event(new Event("ada", "$mine")),
    ],
    ["event: must be an Event", () => client.track_event(wrong({}))],
    ["distinct_id: must not be empty", () => client.users.get("")],
    ["distinct_id: must not be empty", () => client.user.get_instance("")],
    ["distinct_ids: must be an array of strings", () => client.subscriber_lists.add("l", wrong("ada"))],
    ["Missing workspace_key", () => new Suprsend("", "s")],
    ["Missing workspace_secret", () => new Suprsend("k", "")],
    ["distinct_id: must be a string, and is a number", () => new UserEdit(null, wrong(7))],
    ["object_id: must not be empty", () => new ObjectEdit(null, "teams", "")],
    [
      "file_path: must be a string, and is missing",
      () => new Event("ada", "Paid").add_attachment(wrong(undefined)),
    ],
    [
      "app_info: must be an object, and is a string",
      () => new Suprsend("k", "s", { app_info: wrong("shop") }),
    ],
  ])("%s", async (message, work) => {
    const refused = async () => {
      try {
        return await work();
      } catch (error) {
        expect(error).toBeInstanceOf(SuprsendError);
        throw error;
      }
    };
    expect(await messageOf(refused)).toBe(message);
  });

  it("what an edit cannot use is left out, with a warning", () => {
    const warn = console.warn;
    console.warn = () => {};
    try {
      const user = client.users.get_edit_instance("ada");
      user.add_email("");
      user.set(wrong(5));
      user.increment("logins", wrong("x"));
      user.set("plan");
      user.set("plan", "gold");
      expect(user.operations).toEqual([{ $set: { plan: "gold" } }]);
      expect(user.warnings).toEqual([
        "[distinct_id: ada] add_email: addEmail: must not be empty",
        "[distinct_id: ada] set: the first argument must be a string or an object",
        "[distinct_id: ada] increment: increment.logins: must be a number",
        "[distinct_id: ada] set: the value of 'plan' is missing",
      ]);
    } finally {
      console.warn = warn;
    }
  });
});
