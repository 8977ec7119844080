import { describe, expect, it } from "vitest";
import { routes } from "../api/index.gen.ts";
import type { z } from "zod";
import { channelProperties } from "../api/hub/wire-schemas.ts";
import { parseInlineTrigger } from "../catalog/inline-workflow.ts";
import { channels } from "../channels/index.gen.ts";
import { channelKey, CHANNELS } from "../core/channel.ts";
import { parseEventRecord } from "../core/event-record.ts";
import { parseOperations, profileFromUpsert } from "../core/profile/profile-operations.ts";
import { parseTrigger } from "../core/trigger.ts";
import { describeApi, operationId } from "./openapi.ts";
import { exampleOf } from "./openapi-example.ts";

const document = JSON.parse(JSON.stringify(describeApi(routes, "1.2.3"))) as {
  paths: Record<string, Record<string, Operation>>;
};

interface Media {
  schema: { required?: string[] };
  example?: unknown;
  examples?: Record<string, unknown>;
}

interface Operation {
  operationId: string;
  security: object[];
  requestBody?: { content: Record<string, Media> };
  summary: string;
  parameters: { name: string; in: string }[];
  responses: Record<string, { description: string; content?: Record<string, Media> }>;
}

const operations = Object.values(document.paths).flatMap((methods) => Object.values(methods));

describe("the OpenAPI document", () => {
  it("has every route, with its path parameters", () => {
    for (const { route, file } of routes) {
      const path = route.path.replace(/:(\w+)/g, "{$1}");
      const operation = document.paths[path]?.[route.method.toLowerCase()];
      const parameters = (operation?.parameters ?? []).filter((parameter) => parameter.in === "path");
      expect(operation?.summary, file).toBe(route.summary);
      expect(
        parameters.map(({ name }) => `{${name}}`),
        file,
      ).toEqual(path.match(/\{\w+\}/g) ?? []);
    }
  });

  it("has a name for each operation, which no other has and which a program can have", () => {
    const ids = operations.map((operation) => operation.operationId);
    expect(ids).toHaveLength(routes.length);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.filter((id) => !/^[a-z][A-Za-z0-9]+$/.test(id))).toEqual([]);
  });

  it.each([
    ["api/hub/trigger/trigger.ts", "hubTrigger"],
    ["api/hub/event/event-v2.ts", "hubEventV2"],
    ["api/hub/user/tenant/upsert.ts", "hubUserTenantUpsert"],
    ["api/management/workflow/list-versions.ts", "managementWorkflowListVersions"],
  ])("names operations by their files: %s is %s", (file, id) => {
    expect(operationId(file)).toBe(id);
  });

  it("says of every operation that a credential may be refused, and how to get one", () => {
    for (const { operationId, security, responses } of operations) {
      // The address itself is the proof, or strangers may come.
      if (security.length === 0 || security.some((one) => Object.keys(one).length === 0)) continue;
      expect(responses["401"]?.description, operationId).toMatch(/credential|token/);
    }
  });

  it("has every reply of the endpoints that take records", () => {
    const repliesTo = (path: string) => document.paths[path]?.["post"]?.responses ?? {};
    const shapeOf = (path: string, status: string) =>
      repliesTo(path)[status]?.content?.["application/json"]?.schema.required;
    expect(shapeOf("/trigger/", "202")).toEqual(["status", "message_id"]);
    expect(shapeOf("/trigger/", "207")).toEqual(["status", "records"]);
    expect(shapeOf("/trigger/", "200")).toContain("recipients");
    expect(shapeOf("/v2/event/", "202")).toEqual(["status", "message_id"]);
    expect(shapeOf("/v2/event/", "207")).toEqual(["status", "records"]);
    expect(shapeOf("/v2/bulk/event/", "207")).toEqual(["status", "records"]);
    expect(Object.keys(repliesTo("/event/")["202"]?.content ?? {})).toEqual(["text/plain"]);
    expect(Object.keys(repliesTo("/{workspace_key}/trigger/")["202"]?.content ?? {})).toEqual(["text/plain"]);
  });

  it("says all that one status may mean", () => {
    const refused = document.paths["/trigger/"]?.["post"]?.responses["400"]?.description;
    expect(refused).toMatch(/right shape.*not JSON.*disabled/s);
  });

  it.each(operations.map((operation) => [operation.operationId, operation] as const))(
    "has an example for every body and reply: %s",
    (_id, { requestBody, responses }) => {
      if (requestBody !== undefined)
        expect(requestBody.content["application/json"]).toHaveProperty("example");
      for (const [status, { content = {} }] of Object.entries(responses)) {
        // Neither has a body.
        if (status !== "204" && status !== "303") expect(Object.keys(content), status).toHaveLength(1);
        for (const { example, examples = {} } of Object.values(content)) {
          expect(
            [example, ...Object.values(examples)].some((one) => one !== undefined),
            status,
          ).toBe(true);
        }
      }
    },
  );

  it.each(routes.map((registered) => [registered.file, registered] as const))(
    "has examples that are true: %s",
    (_file, { route }) => {
      const operation = document.paths[route.path.replace(/:(\w+)/g, "{$1}")]?.[route.method.toLowerCase()];
      const parse = (schema: z.ZodType | undefined, media: Media | undefined) => {
        const parsed = schema?.safeParse(media?.example);
        expect(parsed?.error?.issues ?? []).toEqual([]);
      };
      parse(route.body, operation?.requestBody?.content["application/json"]);
      for (const { status, body } of [route.reply, ...(route.reply.others ?? [])]) {
        parse(body, Object.values(operation?.responses[status]?.content ?? {})[0]);
      }
    },
  );

  it("has examples of records that are accepted", () => {
    const bodyOf = (path: string, method = "post") =>
      document.paths[path]?.[method]?.requestBody?.content["application/json"]?.example;
    const limits = { max_recipients: 100 };
    expect(parseTrigger(bodyOf("/trigger/"), limits)).toMatchObject({ ok: true });
    expect(parseInlineTrigger(bodyOf("/{workspace_key}/trigger/"), limits)).toMatchObject({ ok: true });
    const events = [bodyOf("/event/"), bodyOf("/v2/event/"), ...(bodyOf("/v2/bulk/event/") as unknown[])];
    for (const event of events) expect(parseEventRecord(event)).toMatchObject({ ok: true });
    expect(profileFromUpsert(bodyOf("/v1/user/{distinct_id}/"))).toMatchObject({ errors: [] });
    expect(parseOperations(bodyOf("/v1/user/{distinct_id}/", "patch"))).toMatchObject({ errors: [] });
  });

  it("spells out recipients, the addresses of all nine channels, and attachments", () => {
    for (const path of ["/trigger/", "/{workspace_key}/trigger/"]) {
      const schema = document.paths[path]?.["post"]?.requestBody?.content["application/json"]?.schema;
      const text = JSON.stringify(schema);
      const keys = [
        "distinct_id",
        "object_type",
        "is_transient",
        "$skip_create",
        "$channels",
        "$attachments",
      ];
      for (const key of [...keys, ...CHANNELS.map(channelKey)]) expect(text).toContain(`"${key}"`);
    }
    const user = JSON.stringify(document.paths["/v1/user/{distinct_id}/"]?.["post"]);
    for (const key of CHANNELS.map(channelKey)) expect(user).toContain(`"${key}"`);
  });

  it("has addresses that the channels accept", () => {
    for (const definition of channels) {
      const shown = channelProperties[channelKey(definition.channel)];
      const [address] = exampleOf(shown ?? {}, new Map()) as unknown[];
      expect(definition.parseIdentity(address, {}), definition.channel).toMatchObject({ ok: true });
    }
  });

  it("has no unresolved reference", () => {
    const references = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)].map(
      ([, reference]) => reference,
    );
    for (const reference of references) expect(resolve(reference ?? ""), reference).toBeDefined();
  });
});

function resolve(reference: string): unknown {
  const steps = reference.replace(/^#\//, "").split("/");
  return steps.reduce<unknown>((at, step) => (at as Record<string, unknown> | undefined)?.[step], document);
}
