import { describe, expect } from "vitest";
import { onApi as it } from "../../test/fixture.ts";
import type { Harness } from "../../test/harness.ts";

interface Draft {
  hash: string;
  name?: string;
}

const caller = ({ app, serviceToken }: Harness) => {
  const call = async (method: "GET" | "POST" | "PATCH", url: string, payload?: unknown, seen?: string) => {
    const answer = await app.inject({
      method,
      url,
      headers: {
        authorization: `ServiceToken ${serviceToken}`,
        ...(seen === undefined ? {} : { "if-match": seen }),
      },
      ...(payload === undefined ? {} : { payload: JSON.stringify(payload) }),
    });
    return {
      status: answer.statusCode,
      body: answer.json<Draft & { detail?: unknown; error_code?: string }>(),
    };
  };
  return call;
};

const workflow = (name: string) => ({
  name,
  category: "transactional",
  trigger_type: "api",
  tree: { nodes: [] },
});

describe("a draft that is written with If-Match", () => {
  it("of a workflow is refused with 412 once somebody else has changed it, and nothing is lost", async ({
    hub,
    harness,
  }) => {
    const call = caller(harness);
    const url = `/v1/${hub.workspace.slug}/workflow/journey/`;
    const { hash } = (await call("POST", url, workflow("One"))).body;
    expect((await call("POST", url, workflow("Two"), `"${hash}"`)).status).toBe(201);
    const late = await call("POST", url, workflow("Three"), hash);
    const now = (await call("GET", url)).body;
    expect(late).toMatchObject({
      status: 412,
      body: { error_code: "precondition_failed", detail: { hash: now.hash } },
    });
    expect(now.name).toBe("Two");
    expect((await call("POST", url, workflow("Three"), `W/"${now.hash}"`)).status).toBe(201);
    expect((await call("POST", url, workflow("Four"), "*")).status).toBe(201);
  });

  it("of two at once one is refused", async ({ hub, harness }) => {
    const call = caller(harness);
    const url = `/v1/${hub.workspace.slug}/workflow/race/`;
    const { hash } = (await call("POST", url, workflow("Zero"))).body;
    const answers = await Promise.all(
      ["One", "Two", "Three"].map((name) => call("POST", url, workflow(name), hash)),
    );
    expect(answers.map(({ status }) => status).toSorted((one, other) => one - other)).toEqual([
      201, 412, 412,
    ]);
  });

  it("of a variant likewise, whether a part of it is written or all", async ({
    hub,
    harness,
    management,
  }) => {
    const call = caller(harness);
    await management.template("POST", "mail", { enabled_channels: ["sms"] });
    const url = `/v2/${hub.workspace.slug}/template/mail/channel/sms/variant/default/`;
    const { hash } = (await call("POST", url, { locale: "en", content: { body: "One" } })).body;
    const part = (body: string, seen: string) => call("PATCH", `${url}content/`, { content: { body } }, seen);
    const second = await part("Two", hash);
    expect(second.status).toBe(200);
    expect((await part("Three", hash)).body).toMatchObject({ detail: { hash: second.body.hash } });
    const whole = { locale: "en", content: { body: "Four" } };
    expect((await call("POST", url, whole, hash)).status).toBe(412);
    expect((await call("POST", url, whole, second.body.hash)).status).toBe(200);
  });
});
