import { expect } from "vitest";
import { onApi as it } from "../../../../test/fixture.ts";

it("edits of a user that is being deleted are applied before or after, and never fail", async ({ hub }) => {
  const body = { name: "Ada", $email: "ada@example.com" };
  const statuses = await Promise.all(
    Array.from({ length: 300 }, async (_unused, index) => {
      if (index % 3 === 0) return (await hub.call("DELETE", "/v1/user/ada/")).status;
      return (await hub.call("POST", "/v1/user/ada/", body)).status;
    }),
  );
  expect(statuses.filter((status) => ![201, 204, 404].includes(status))).toEqual([]);
  expect((await hub.call("POST", "/v1/user/ada/", body)).status).toBe(201);
});
