import { describe, expect } from "vitest";
import { onApi as it } from "../../../../../test/fixture.ts";
import type { Hub } from "../../../../../test/hub.ts";
import type { Management } from "../../../../../test/management.ts";

const commit = (m: Management, body: string) => m.commitTemplate("welcome", { sms: { body } });
const variant = "channel/sms/variant/default";

const liveText = async ({ services, workspace_id }: Hub) => {
  const live = await services.catalog.findTemplate(workspace_id, "welcome");
  return [live?.version_no, live?.channels.get("sms")?.variants[0]?.content.body];
};

it.beforeEach(async ({ management: m }) => {
  await commit(m, "one");
  await m.template("POST", "welcome", { name: "Second", tags: ["t"] });
  await m.template("POST", `welcome/${variant}`, { locale: "en", content: { body: "two" } });
  await m.template("POST", "welcome/channel/sms/variant/es", { locale: "es", content: { body: "dos" } });
  await m.template("PATCH", "welcome/commit?commit_message=second", {});
});

describe("the versions of a template", () => {
  it("are listed, the last first, with the one that is live", async ({ management: m }) => {
    const { body } = await m.template("GET", "welcome/version");
    expect(body).toStrictEqual({
      meta: { count: 2, limit: 20, offset: 0 },
      results: [
        {
          version_no: 2,
          hash: (await m.template("GET", "welcome?mode=live")).body.hash,
          commit_message: "second",
          created_at: expect.stringMatching(/\.\d{6}Z$/),
          created_by: { name: "API Service", email: "" },
          is_live: true,
        },
        expect.objectContaining({ version_no: 1, commit_message: null, is_live: false }),
      ],
    });
    const page = await m.template("GET", "welcome/version?limit=1&offset=1");
    expect(page.body.results).toMatchObject([{ version_no: 1 }]);
  });

  it("are read as they were committed", async ({ management: m }) => {
    expect((await m.template("GET", "welcome/version/1")).body).toMatchObject({
      name: "welcome",
      tags: [],
      status: "inactive",
      version_no: 1,
      channels: [{ channel: "sms", is_active: true, variants_count: 1 }],
    });
    const live = (await m.template("GET", "welcome?mode=live")).body;
    expect((await m.template("GET", "welcome/version/2")).body).toMatchObject({
      name: "Second",
      status: "active",
      hash: live.hash,
      commit_message: "second",
    });
    const text = async (path: string) => (await m.template("GET", path)).body.content.body;
    expect(await text(`welcome/version/1/${variant}`)).toBe("one");
    expect(await text(`welcome/version/2/${variant}`)).toBe("two");
    const ids = async (path: string) =>
      (await m.template("GET", path)).body.results.map(
        ({ id, action, content }: { id: string; action: string; content?: { body: string } }) =>
          [id, action, content?.body].join(" "),
      );
    expect(await ids("welcome/version/1/variant")).toEqual(["default Added "]);
    expect(await ids("welcome/version/2/variant?include_content=true")).toEqual([
      "default Updated two",
      "es Added dos",
    ]);
    expect(await ids("welcome/version/2/channel/sms/variant?limit=1&offset=1")).toEqual(["es Added "]);
    expect(await ids("welcome/version/2/channel/email/variant")).toEqual([]);
  });
});

describe("a rollback", () => {
  it("makes a version live at once, and keeps the draft and the later versions", async ({
    hub,
    management: m,
  }) => {
    await m.template("POST", `welcome/${variant}`, { locale: "en", content: { body: "edited" } });
    const first = (await m.template("GET", "welcome/version/1")).body;
    const { status, body } = await m.template("POST", "welcome/version/1/rollback");
    expect(status).toBe(200);
    expect(body).toMatchObject({ name: "welcome", version_no: 1, hash: first.hash, status: "active" });
    expect(await liveText(hub)).toEqual([1, "one"]);
    expect((await m.template("GET", `welcome/${variant}`)).body.content.body).toBe("edited");
    expect((await m.template("GET", "welcome/version")).body.results).toMatchObject([
      { version_no: 2, is_live: false },
      { version_no: 1, is_live: true },
    ]);
    expect((await m.template("PATCH", "welcome/commit", {})).body.version_no).toBe(3);
    expect(await liveText(hub)).toEqual([3, "edited"]);
    expect((await m.template("POST", "welcome/version/2/rollback")).body.version_no).toBe(2);
    expect(await liveText(hub)).toEqual([2, "two"]);
  });

  it("to what is live changes nothing", async ({ management: m }) => {
    const before = (await m.template("GET", "welcome?mode=live")).body;
    expect((await m.template("POST", "welcome/version/2/rollback")).body).toStrictEqual(before);
  });
});

describe("404", () => {
  it.for(["version/3", "version/0", "version/999999999999999", `version/3/${variant}`, "version/3/variant"])(
    "GET %s",
    async (path, { management: m }) => {
      const version = path.split("/")[1];
      expect(await m.template("GET", `welcome/${path}`)).toMatchObject({
        status: 404,
        body: { message: `version ${version} of template (slug: 'welcome') not found` },
      });
    },
  );

  it("POST version/3/rollback leaves what is live", async ({ hub, management: m }) => {
    expect((await m.template("POST", "welcome/version/3/rollback")).status).toBe(404);
    expect(await liveText(hub)).toEqual([2, "two"]);
  });

  it("of an unknown template, and of a variant that a version does not have", async ({ management: m }) => {
    for (const path of ["nope/version", "nope/version/1", "nope/version/1/variant"]) {
      expect((await m.template("GET", path)).body.message).toBe("template (slug: 'nope') not found");
    }
    expect((await m.template("GET", "welcome/version/1/channel/sms/variant/es")).status).toBe(404);
  });
});

it.for(["one", "-1", "1.5", "9999999999999999"])(
  "400: a version called %s",
  async (version, { management: m }) => {
    expect(await m.template("GET", `welcome/version/${version}`)).toMatchObject({
      status: 400,
      body: { detail: { version_no: ["must be a whole number"] } },
    });
  },
);
