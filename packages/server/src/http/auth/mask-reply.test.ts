import { describe, expect } from "vitest";
import { signedIn } from "../../../test/outside/browser.ts";
import { onServer as it } from "../../../test/fixture.ts";
import { until } from "../../../test/harness.ts";

const ADDRESS = "ada@example.com";
const SECRET = "a very private value";

describe("personal data", () => {
  it.for(["viewer", "support", "editor", "developer"])(
    "as %s is seen as the role lets one",
    async (role, { hub, management, harness, pipeline }) => {
      const { slug } = hub.workspace;
      await pipeline.addTemplate("welcome", ["email"]);
      await hub.addWorkflow("welcome");
      await hub.call("POST", "/v1/user/ada/", { $email: [ADDRESS], note: SECRET });
      await hub.call("POST", "/trigger/", {
        workflow: "welcome",
        recipients: ["ada"],
        data: { note: SECRET },
      });
      const message = await until(async () => {
        const { results } = (await hub.call("GET", "/v1/message/")).json as {
          results: { message_id: string; execution_id: string }[];
        };
        return results[0];
      });
      const browser = await signedIn(harness, [{ workspace: slug, role }]);
      const read = async (url: string) => {
        const { status, text } = await browser.call("GET", url, undefined, { "carillon-workspace": slug });
        expect(status, url).toBe(200);
        return text;
      };
      const pages = await Promise.all(
        [
          "/v1/user/",
          "/v1/user/ada/",
          "/v1/message/?include_content=true",
          `/v1/message/${message.message_id}/content/`,
          `/v1/${slug}/log/request/`,
          `/v1/${slug}/log/execution/${message.execution_id}/`,
          `/v1/${slug}/explain/?distinct_id=ada`,
          `/v1/${slug}/simulator/`,
        ].map(read),
      );
      const text = pages.join("\n");
      const asService = JSON.stringify((await management.call("GET", "log/request")).body);
      expect(asService).toContain(SECRET);
      // Ids and outcomes are there for everybody.
      expect(text).toContain(message.message_id);
      expect(text.includes(SECRET)).toBe(role === "developer");
      expect(text.includes(ADDRESS)).toBe(role === "developer");
      expect(text.includes("a•••@example.com")).toBe(role !== "developer");
    },
  );

  it("in a template is its writer's own, and stays", async ({ hub, harness, management }) => {
    const { slug } = hub.workspace;
    await management.commitTemplate("mail", {
      email: {
        from_address: "hello@acme.example",
        subject: "Hi",
        body: { type: "plain_text", plain_text: { text: "x" } },
      },
    });
    const editor = await signedIn(harness, [{ workspace: slug, role: "editor" }]);
    const { text } = await editor.call("GET", `/v2/${slug}/template/mail/channel/email/variant/default/`);
    expect(text).toContain("hello@acme.example");
  });
});
