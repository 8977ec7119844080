import { describe, expect } from "vitest";
import { onServer as it } from "../../../../test/fixture.ts";
import { until } from "../../../../test/harness.ts";
import { createManagement, type Management } from "../../../../test/management.ts";
import { is } from "../../../../test/conditions.ts";
import { createPipeline, delay, node, type Pipeline, sms } from "../../../../test/pipeline.ts";
import type { JsonObject } from "../../../core/json.ts";
import { addSubscriptions } from "../../../recipients/subscriptions.ts";
import { freezeClock } from "../../../workspaces/clock.ts";

/* Every reason why a recipient got something or nothing, and its explanation. */

it.beforeEach(async ({ pipeline }) => {
  await pipeline.addTemplate("text");
  await pipeline.commit("hello", [sms("s")]);
});

const ann = { distinct_id: "ann", $sms: "+14155550100" };
const batch = node("batch", "b", { mode: "accumulate_all", window_type: "fixed", fixed_window: "1h" });

interface Answer {
  verdict: string;
  summary: string;
  evidence: (JsonObject & { what: string; request_id: string | null; execution_id: string | null })[];
}

async function explain(management: Management, query: Record<string, string>): Promise<Answer> {
  const { status, body } = await management.call("GET", `explain?${new URLSearchParams(query).toString()}`);
  expect(status, JSON.stringify(body)).toBe(200);
  return body as Answer;
}

/** The answer once it is the expected one; work in progress passes through others. */
const explained = (management: Management, verdict: string, query: Record<string, string>) =>
  until(async () => {
    const answer = await explain(management, query);
    return answer.verdict === verdict ? answer : null;
  });

async function send(pipeline: Pipeline, body: JsonObject = {}): Promise<string> {
  return pipeline.trigger({ workflow: "hello", recipients: [ann], ...body });
}

const query = (pipeline: Pipeline, text: string, values: unknown[] = []) =>
  pipeline.services.db.query(text, [pipeline.workspace_id, ...values]);

describe("GET /v1/{workspace}/explain/ 200 decides", () => {
  it("by the newest request, however late the runs of those before it began", async ({
    pipeline,
    management,
    harness,
  }) => {
    const first = await send(pipeline);
    await explained(management, "sent", { distinct_id: "ann" });
    const [later] = await harness.services.db.query<{ id: string }>(
      `insert into request (workspace_id, id, lane, api_type, name, idempotency_key, body, status, errors)
       select workspace_id, $2, lane, api_type, name, 'k2', body, 'partial_failure',
              '[{"error_code": "throttled", "error_description": "throttled: user ''ann'' had enough", "severity": "warning"}]'
         from request where workspace_id = $1 and id = $3 returning id`,
      [pipeline.workspace_id, harness.services.ids.uuid(), first],
    );
    await query(pipeline, "update run set created_at = now() + interval '1 second' where workspace_id = $1");
    const { verdict, evidence } = await explain(management, { distinct_id: "ann", workflow: "hello" });
    expect(verdict).toBe("throttled");
    expect(evidence[0]).toMatchObject({ request_id: later?.id });
  });

  it("without events that only end waits", async ({ pipeline, management }) => {
    await query(pipeline, "insert into workflow_event values ($1, 'paid', 'Wait Event', 'hello')");
    await pipeline.call("POST", "/event/", { distinct_id: "ann", event: "Paid", properties: {} });
    const { summary } = await explained(management, "no_such_user", {
      distinct_id: "ann",
      workflow: "hello",
    });
    expect(summary).not.toContain("Paid");
    expect((await explained(management, "no_such_user", { distinct_id: "ann" })).summary).not.toContain(
      "Paid",
    );
  });
});

describe("GET /v1/{workspace}/explain/ 200 finds recipients that a request reached without naming them", () => {
  const picky = (pipeline: Pipeline, settings = {}) =>
    pipeline.commit("picky", [sms("s")], { conditions: [is("plan", "pro")], ...settings });

  it.beforeEach(async ({ pipeline }) => {
    for (const [index, id] of ["uma", "vic"].entries()) {
      await pipeline.call("POST", `/v1/user/${id}/`, { $sms: `+1415555010${index}` });
    }
  });

  it("through an object that they subscribe to, also when something older was sent", async ({
    pipeline,
    management,
    harness,
  }) => {
    const { db, ids } = harness.services;
    await db.tx(async (tx) => {
      const subscribers = [{ object_type: "", distinct_id: "uma" }];
      const item = {
        object_type: "team",
        object_id: "red",
        create_if_missing: true,
        properties: {},
        subscribers,
      };
      await addSubscriptions(tx, pipeline.workspace_id, [item], ids);
    });
    await send(pipeline, { recipients: ["uma"] });
    await explained(management, "sent", { distinct_id: "uma" });
    await picky(pipeline);
    const team = { object_type: "team", id: "red" };
    const request_id = await send(pipeline, { workflow: "picky", recipients: [team], $idempotency_key: "k" });
    for (const query of [{ workflow: "picky" }, { idempotency_key: "k" }, {}]) {
      const { summary, evidence } = await explained(management, "conditions_false", {
        distinct_id: "uma",
        ...query,
      });
      expect(summary).toContain("uma: nothing began: trigger conditions are false for user 'uma'");
      expect(evidence[0]).toMatchObject({ request_id });
    }
    expect((await explain(management, { distinct_id: "vic", workflow: "picky" })).verdict).toBe(
      "nothing_triggered",
    );
  });

  it("through the recipients that an event's override gave", async ({ pipeline, management }) => {
    const overrides = { override_recipients_type: "user", override_recipients_user_expr: ".to" };
    await picky(pipeline, { events: ["Moved"], overrides });
    await pipeline.call("POST", "/event/", {
      distinct_id: "vic",
      event: "Moved",
      properties: { to: ["uma"] },
    });
    const { summary } = await explained(management, "conditions_false", { distinct_id: "uma" });
    expect(summary).toContain("for user 'uma'");
  });

  it("on a further page of an object's subscribers, by the request that started it", async ({
    pipeline,
    management,
    harness,
  }) => {
    const first = await send(pipeline, { recipients: ["vic"] });
    await explained(management, "sent", { distinct_id: "vic" });
    await harness.services.db.query(
      `insert into request (workspace_id, id, lane, api_type, name, idempotency_key, body, status, errors)
       values ($1, $2, 1, 'fanout', 'hello', $3, json_build_object('request_id', $3::text), 'partial_failure', $4)`,
      [
        pipeline.workspace_id,
        harness.services.ids.uuid(),
        first,
        JSON.stringify([
          {
            error_code: "throttled",
            error_description: "throttled: user 'uma' had enough",
            recipient: "uma",
          },
        ]),
      ],
    );
    for (const query of [{}, { idempotency_key: first }]) {
      const { verdict, evidence } = await explain(management, { distinct_id: "uma", ...query });
      expect(verdict).toBe("throttled");
      expect(evidence[0]).toMatchObject({ request_id: first });
    }
  });

  it("and does not attribute to a recipient the results of a request about others", async ({
    pipeline,
    management,
  }) => {
    await send(pipeline, { tenant_id: "nobody", $idempotency_key: "k" });
    await explained(management, "tenant_refused", { distinct_id: "ann", idempotency_key: "k" });
    const verdictOf = async (distinct_id: string) =>
      (await explain(management, { distinct_id, idempotency_key: "k" })).verdict;
    expect(await verdictOf("uma")).toBe("nothing_triggered");
    expect(await verdictOf("stranger")).toBe("no_such_user");
  });
});

describe("GET /v1/{workspace}/explain/ 200 says why a recipient got something", () => {
  it("sent, with the messages and how far they are", async ({ pipeline, management }) => {
    const request_id = await send(pipeline);
    const { summary, evidence } = await explained(management, "sent", {
      distinct_id: "ann",
      workflow: "hello",
    });
    expect(summary).toMatch(
      /^ann: 1 of 1 messages went out: sms (sent_by_vendor|delivered) \(workflow 'hello'\)\.$/,
    );
    const message = evidence.find(({ message_id }) => message_id !== undefined);
    expect(message).toMatchObject({ request_id, execution_id: expect.any(String) as string });
    expect(evidence.map(({ what }) => what)).toContain("channels: sms");
  });

  it("in the time of the workspace, whatever its clock was set to", async ({
    pipeline,
    management,
    harness,
  }) => {
    await freezeClock(harness.services.db, pipeline.workspace_id, new Date("2030-03-01T00:00:00Z"), null);
    await send(pipeline);
    const { evidence } = await explained(management, "sent", { distinct_id: "ann" });
    expect(evidence.length).toBeGreaterThan(1);
    expect([...new Set(evidence.map(({ when }) => when))]).toEqual(["2030-03-01T00:00:00.000000Z"]);
  });

  it("the newest decides, and earlier findings follow it", async ({ pipeline, management }) => {
    const first = await send(pipeline);
    await explained(management, "sent", { distinct_id: "ann" });
    await pipeline.commit("later", [delay("d", "1h"), sms("s")]);
    await send(pipeline, { workflow: "later" });
    const { evidence } = await explained(management, "waiting", { distinct_id: "ann" });
    expect(evidence.at(-1)).toMatchObject({ request_id: first });
    expect(evidence.at(-1)?.what).toMatch(/^earlier, sent: ann: 1 of 1/);
    expect((await explain(management, { distinct_id: "ann", workflow: "hello" })).verdict).toBe("sent");
  });

  it("an object by its type and id, and a user whose id looks like one", async ({ pipeline, management }) => {
    await send(pipeline, { recipients: [{ object_type: "team", id: "red", $sms: "+14155550100" }] });
    // The template uses a user's id, which an object does not have.
    const { summary } = await explained(management, "render_failure", { distinct_id: "team/red" });
    expect(summary).toMatch(/^team\/red: no message went out: sms: template rendering failed/);
    await send(pipeline, { recipients: [{ distinct_id: "team/blue", $sms: "+14155550101" }] });
    await explained(management, "sent", { distinct_id: "team/blue" });
  });
});

describe("GET /v1/{workspace}/explain/ 200 says why a recipient got nothing", () => {
  it("because the recipients of an event could not be determined, though it named them", async ({
    pipeline,
    management,
  }) => {
    const overrides = { override_recipients_type: "user", override_recipients_user_expr: ".for" };
    await pipeline.commit("hello", [sms("s")], { events: ["Moved"], overrides });
    await pipeline.commit("other", [sms("s")], { events: ["Moved"] });
    const event = { distinct_id: "zoe", event: "Moved", properties: { to: ["ann"] } };
    await pipeline.call("POST", "/event/", event);
    const text = "[workflow: hello] recipients_override: jq-expression '.for' evaluated to empty value";
    for (const distinct_id of ["ann", "zoe"]) {
      const { summary } = await explained(management, "override_failed", { distinct_id, workflow: "hello" });
      expect(summary).toContain(`${distinct_id}: nothing began: ${text}`);
    }
    await explained(management, "no_such_user", { distinct_id: "zoe", workflow: "other" });
    // It is unknown whether the event meant a user that it does not name.
    const { evidence } = await explained(management, "no_such_user", {
      distinct_id: "bob",
      workflow: "hello",
    });
    expect(evidence.at(-1)?.what).toContain(`may have meant 'bob': ${text}`);
    expect(evidence.at(-1)?.request_id).not.toBeNull();
  });

  it("waiting, until when and for what", async ({ pipeline, management }) => {
    await pipeline.commit("hello", [delay("d", "1h"), sms("s")]);
    await send(pipeline);
    const { summary } = await explained(management, "waiting", { distinct_id: "ann" });
    expect(summary).toMatch(/^ann: the execution waits until \d{4}-.*Z \(workflow 'hello'\)\.$/);
  });

  it("absorbed into a batch that another execution carries, with the status of that one", async ({
    pipeline,
    management,
  }) => {
    await pipeline.commit("hello", [batch, sms("s")]);
    await send(pipeline);
    const [carrier] = await until(async () => {
      const runs = await pipeline.runs();
      return runs.some(({ wake_at }) => wake_at !== null) ? runs : null;
    });
    await send(pipeline);
    const { summary } = await explained(management, "absorbed", { distinct_id: "ann" });
    expect(summary).toContain(`carried by ${carrier?.id}, which waits until `);
  });

  it("cancelled before it began, though others of the same request continued", async ({
    pipeline,
    management,
  }) => {
    await pipeline.commit("hello", [delay("d", "1h"), sms("s")]);
    const request = await send(pipeline, { recipients: [ann, { distinct_id: "bob", $sms: "+14155550101" }] });
    await explained(management, "waiting", { distinct_id: "bob" });
    await query(
      pipeline,
      `update request set errors = '[{"error_code": "cancelled", "severity": "info", "recipient": "ann",
         "error_description": "cancelled via API before it began, for user ''ann''"}]' where workspace_id = $1`,
    );
    await query(pipeline, "delete from run where workspace_id = $1 and distinct_id = 'ann'");
    const { summary } = await explained(management, "cancelled", { distinct_id: "ann", workflow: "hello" });
    expect(summary).toContain("cancelled via API before it began");
    const { body } = await management.call("GET", "log/request?recipient=ann");
    expect(body).toMatchObject({ results: [{ request_id: request }] });
  });

  it("cancelled, before and after it began", async ({ pipeline, management }) => {
    await pipeline.commit("hello", [delay("d", "1h"), sms("s")]);
    await send(pipeline, { $idempotency_key: "k" });
    await explained(management, "waiting", { idempotency_key: "k" });
    await pipeline.call("POST", "/v1/workflow_run/cancel/", { idempotency_key: "k" });
    const { summary, evidence } = await explain(management, { distinct_id: "ann" });
    expect(summary).toBe("ann: the execution was cancelled (workflow 'hello').");
    expect(evidence.at(-1)?.what).toBe("cancelled via API");
  });

  it("trigger conditions that were false, with the values they saw", async ({ pipeline, management }) => {
    await pipeline.commit("hello", [sms("s")], { conditions: [is("plan", "pro")] });
    const request_id = await send(pipeline, { data: { plan: "free" } });
    const { summary, evidence } = await explained(management, "conditions_false", {
      distinct_id: "ann",
      workflow: "hello",
    });
    expect(summary).toContain("trigger conditions are false for user 'ann'");
    expect(evidence).toMatchObject([{ request_id, values: { error_code: "conditions_false" } }]);
    expect(JSON.stringify(evidence)).toContain("free");
  });

  it("throttled", async ({ pipeline, management }) => {
    await query(
      pipeline,
      `update workflow_version set definition = (definition::jsonb || '{"ratelimit":{"count":1,"sliding_window":"1d"}}')::json
        where workspace_id = $1`,
    );
    await send(pipeline);
    await explained(management, "sent", { distinct_id: "ann" });
    await send(pipeline);
    const { summary } = await explained(management, "throttled", { distinct_id: "ann" });
    expect(summary).toContain("had 1 executions of 'hello' within 1d");
  });

  it("a duplicate idempotency key, and which request had it first", async ({ pipeline, management }) => {
    const first = await send(pipeline, { $idempotency_key: "k" });
    await explained(management, "sent", { idempotency_key: "k" });
    await send(pipeline, { $idempotency_key: "k" });
    const { verdict, summary, evidence } = await explain(management, { idempotency_key: "k" });
    expect(verdict).toBe("mixed");
    expect(summary).toBe("idempotency key 'k': 1 duplicate, 1 sent.");
    expect(evidence[0]?.what).toContain(`used in the last 24 hours by request ${first}`);
  });

  it("a tenant that does not exist", async ({ pipeline, management }) => {
    await send(pipeline, { tenant_id: "nobody" });
    const { summary } = await explained(management, "tenant_refused", { distinct_id: "ann" });
    expect(summary).toContain("tenant doesn't exist with id: nobody");
  });

  it("a channel that the tenant blocks", async ({ pipeline, management }) => {
    await query(pipeline, "update tenant set blocked_channels = '{sms}' where workspace_id = $1");
    await send(pipeline);
    const { evidence } = await explained(management, "preference", { distinct_id: "ann" });
    expect(evidence.some(({ values }) => JSON.stringify(values ?? null).includes("sms"))).toBe(true);
  });

  it("no channel to reach them on", async ({ pipeline, management }) => {
    await send(pipeline, { recipients: [{ distinct_id: "bob", $email: "bob@example.com" }] });
    const { summary } = await explained(management, "no_channel", { distinct_id: "bob" });
    expect(summary).toContain("no respective user (subscribed-)channels present");
  });

  it("a template that is missing or does not render, a vendor that refuses", async ({
    pipeline,
    management,
  }) => {
    await pipeline.commit("lost", [node("send_sms", "s", { template: "missing" })]);
    await send(pipeline, { workflow: "lost" });
    await explained(management, "template_missing", { distinct_id: "ann" });

    await pipeline.addTemplate("broken");
    await query(
      pipeline,
      "update template_version set snapshot = replace(snapshot::text, 'Hello', '{{nothing.there}}')::json where workspace_id = $1 and template_slug = 'broken'",
    );
    await pipeline.commit("broken", [node("send_sms", "s", { template: "broken" })]);
    await send(pipeline, { workflow: "broken" });
    expect((await explained(management, "render_failure", { distinct_id: "ann" })).summary).toContain(
      "template rendering failed",
    );

    await pipeline.addTemplate("mail", ["email"]);
    await pipeline.commit("refused", [node("send_email", "e", { template: "mail" })]);
    await send(pipeline, {
      workflow: "refused",
      recipients: [{ distinct_id: "bob", $email: "bounce+bob@example.com" }],
    });
    expect((await explained(management, "vendor_refused", { distinct_id: "bob" })).summary).toContain(
      "bounce",
    );
  });

  it("no vendor for the channel", async ({ pipeline, management }) => {
    await query(pipeline, "delete from vendor_config where workspace_id = $1 and channel = 'androidpush'");
    await pipeline.addTemplate("push", ["androidpush"]);
    await pipeline.commit("push", [node("send_mobile_push", "p", { template: "push" })]);
    const $androidpush = { token: "token-cem", provider: "fcm" };
    await send(pipeline, { workflow: "push", recipients: [{ distinct_id: "cem", $androidpush }] });
    const { summary } = await explained(management, "no_vendor", { distinct_id: "cem" });
    expect(summary).toContain("no vendor configured for channel: androidpush");
  });

  it("a node that failed", async ({ pipeline, management }) => {
    await pipeline.commit("hello", [node("delay", "d", { delay_type: "dynamic", value: ".wait" }), sms("s")]);
    await send(pipeline);
    expect((await explained(management, "failed", { distinct_id: "ann" })).summary).toContain(
      "jq-expression '.wait'",
    );
  });

  it("an execution that passed nothing that sends", async ({ pipeline, management }) => {
    await pipeline.commit("hello", [delay("d", "0s")]);
    await send(pipeline);
    const { summary } = await explained(management, "nothing_to_send", { distinct_id: "ann" });
    expect(summary).toContain("without passing a node that sends");
  });

  it("an event with an unknown user, and one that starts nothing", async ({ pipeline, management }) => {
    await pipeline.commit("on", [sms("s")], { events: ["Paid"] });
    const track = (event: string) =>
      pipeline.call("POST", "/v2/event/", { event, distinct_id: "zoe", properties: {} });
    expect((await track("Paid")).status).toBeLessThan(300);
    expect((await explained(management, "no_such_user", { distinct_id: "zoe" })).summary).toContain(
      "user [distinct_id: 'zoe'] not found",
    );
    expect((await track("Unheard")).status).toBeLessThan(300);
    expect((await explained(management, "workflow_unavailable", { distinct_id: "zoe" })).summary).toContain(
      "'Unheard'",
    );
  });

  it("an event that arrived before its workflow was created", async ({ pipeline, management }) => {
    await pipeline.call("POST", "/v1/user/zoe/", { $sms: "+14155550104" });
    await pipeline.call("POST", "/event/", {
      distinct_id: "zoe",
      event: "Early",
      properties: {},
    });
    await until(async () => {
      const { body } = await management.call("GET", "log/request?api_name=event");
      return (body as { results: { status: string }[] }).results[0]?.status === "completed";
    });
    await pipeline.commit("early", [sms("s")], { events: ["Early"] });
    for (const query of [{}, { workflow: "early" }]) {
      const { summary } = await explained(management, "workflow_unavailable", {
        distinct_id: "zoe",
        ...query,
      });
      expect(summary).toBe("zoe: no enabled workflow was started by event 'Early' when it came.");
    }
  });

  it("with any white space around the names", async ({ pipeline, management }) => {
    await send(pipeline, { recipients: [" \u00a0ghost\t"], $idempotency_key: " k ", tenant_id: "nobody" });
    for (const query of [{ distinct_id: " ghost " }, { idempotency_key: "\tk " }, { distinct_id: "ghost" }]) {
      const { summary } = await explained(management, "tenant_refused", { ...query, workflow: " hello " });
      expect(summary).toContain("tenant doesn't exist with id: nobody");
    }
  });

  it("beside requests that were refused for characters that no text may have", async ({
    pipeline,
    management,
    harness,
  }) => {
    for (const id of ["a\\u0000b", "\\ud800", "\\ude00\\ud83d", "\\\\\\ud83d"]) {
      await query(
        pipeline,
        `insert into request (workspace_id, id, lane, api_type, name, idempotency_key, body, status, errors)
         values ($1, $2, 1, 'event', 'hello', 'k', $3, 'refused', $4)`,
        [
          harness.services.ids.uuid(),
          `{"distinct_id": "ann", "properties": {"a": "${id}"}}`,
          `[{"error_code": "validation_error", "error_description": "${id}"}]`,
        ],
      );
    }
    // An escaped emoji is ordinary text.
    const late = '{"workflow": "missing", "recipients": ["ann"], "data": {"a": "\\ud83d\\ude00"}}';
    expect((await pipeline.call("POST", "/trigger/", late)).status).toBe(404);
    const { summary } = await explained(management, "workflow_unavailable", { distinct_id: "ann" });
    expect(summary).toContain("workflow 'missing' not found");
    expect((await explain(management, { distinct_id: "bob" })).verdict).toBe("no_such_user");
    expect((await explain(management, { distinct_id: "bob", workflow: "hello" })).verdict).toBe(
      "no_such_user",
    );
  });

  it("the results of a trigger for each of its recipients", async ({ pipeline, management }) => {
    await send(pipeline, {
      recipients: [ann, { distinct_id: "bob", $email: "bob@example.com" }],
      $idempotency_key: "k",
    });
    await explained(management, "sent", { distinct_id: "ann" });
    const { verdict, summary } = await explain(management, { idempotency_key: "k" });
    expect(verdict).toBe("mixed");
    expect(summary).toContain("1 no_channel");
    expect((await explain(management, { idempotency_key: "k", distinct_id: "bob" })).verdict).toBe(
      "no_channel",
    );
  });
});

describe("GET /v1/{workspace}/explain/ 200 where nothing was triggered", () => {
  it("says so, and how many requests were seen", async ({ pipeline, management }) => {
    await send(pipeline);
    await explained(management, "sent", { distinct_id: "ann" });
    await pipeline.call("POST", "/v1/user/bob/", {});
    const { verdict, summary } = await explain(management, { distinct_id: "bob", workflow: "hello" });
    expect(verdict).toBe("nothing_triggered");
    expect(summary).toMatch(
      /^nothing was ever triggered for 'bob' since .* \(requests seen for this workflow: 1\)\.$/,
    );
  });

  it.for([
    ["nobody", "no_such_user"],
    ["__proto__", "no_such_user"],
    ["' or true --", "no_such_user"],
    ["%", "no_such_user"],
    ["a/b/c", "no_such_user"],
    ["/", "no_such_user"],
    ["名前😀", "no_such_user"],
  ] as const)("does not know %s", async ([distinct_id, verdict], { pipeline, management }) => {
    await send(pipeline);
    await explained(management, "sent", { distinct_id: "ann" });
    const answer = await explain(management, { distinct_id });
    expect(answer.verdict).toBe(verdict);
    expect(answer.summary).toContain(`user [distinct_id: '${distinct_id}'] not found`);
  });

  it("says that the workflow is unknown, not committed, or disabled", async ({ pipeline, management }) => {
    await pipeline.addWorkflow("off", { is_enabled: false });
    await pipeline.addWorkflow("draft", { is_live: false });
    for (const [workflow, words] of [
      ["missing", "does not exist"],
      ["draft", "was never committed"],
      ["off", "is disabled"],
    ] as const) {
      const { verdict, summary } = await explain(management, { distinct_id: "ann", workflow });
      expect([verdict, summary]).toEqual([
        "workflow_unavailable",
        expect.stringContaining(`'${workflow}' ${words}`),
      ]);
    }
  });

  it("finds no unused key, and nothing of another workspace", async ({ pipeline, management, harness }) => {
    await send(pipeline, { $idempotency_key: "k" });
    await explained(management, "sent", { idempotency_key: "k" });
    expect((await explain(management, { idempotency_key: "none" })).verdict).toBe("nothing_triggered");
    const other = createManagement(harness, (await createPipeline(harness)).workspace);
    expect((await other.call("GET", "explain?idempotency_key=k")).body).toMatchObject({
      verdict: "nothing_triggered",
    });
  });
});

describe("GET /v1/{workspace}/explain/ 400", () => {
  it.for([
    ["", "one of distinct_id, idempotency_key is required"],
    ["workflow=hello", "one of distinct_id, idempotency_key is required"],
    ["distinct_id=&idempotency_key=", "one of distinct_id, idempotency_key is required"],
    ["distinct_id=ann&since=yesterday", "since"],
    [`distinct_id=${"a".repeat(513)}`, "distinct_id"],
    ["distinct_id=ann&distinct_id=bob", "distinct_id"],
    ["distinct_id=a%00b", "distinct_id"],
    [
      "distinct_id=ann&workflow_slug=hello",
      "unknown query parameter 'workflow_slug'; there are: distinct_id, workflow",
    ],
    ["distinct_id=%20", "one of distinct_id, idempotency_key is required"],
  ] as const)("?%s, naming what is wrong", async ([search, part], { management }) => {
    const { status, body } = await management.call("GET", `explain?${search}`);
    expect(status).toBe(400);
    expect(JSON.stringify(body)).toContain(part);
  });
});
