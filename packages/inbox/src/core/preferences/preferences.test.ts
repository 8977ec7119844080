import { describe, expect } from "vitest";
import { onApi } from "../../../../server/test/fixture.ts";
import { CHANNELS, furnishPages, on, page, find } from "../../../../server/test/preferences/pages.ts";
import { createNetwork, type Network } from "../../../test/network.ts";
import { createInbox } from "../create-inbox.ts";
import type { CategoryChange, Inbox, InboxFailure, PreferenceCategory } from "../types.ts";

/* The preferences of Ann, over the real server. */

interface World {
  network: Network;
  inbox: Inbox;
  errors: InboxFailure[];
}

const it = onApi.extend<{ $test: { world: World } }>({
  world: async ({ hub, desk, client, harness }, use) => {
    await furnishPages(hub, desk);
    await desk.addRecipients(["ann"]);
    const network = createNetwork(() => harness.url);
    const inbox = createInbox({
      host: "http://carillon.test",
      publicKey: client.publicKey,
      distinctId: "ann",
      token: () => client.sign("ann"),
      locale: "en",
      fetch: network.fetch,
    });
    const errors: InboxFailure[] = [];
    inbox.on("error", (error) => errors.push(error));
    await use({ network, inbox, errors });
  },
});

function seen({ preferences }: Inbox, slug: string): PreferenceCategory {
  const all = preferences.getState().sections.flatMap(({ subcategories }) => subcategories);
  const category = all.find((one) => one.category === slug);
  if (category === undefined) throw new Error(`no category ${slug}`);
  return category;
}
const onHere = (inbox: Inbox, slug: string) =>
  seen(inbox, slug).channels?.flatMap(({ channel, preference }) =>
    preference === "opt_in" ? [channel] : [],
  );

describe("preferences", () => {
  it("are loaded as the server has them", async ({ world: { inbox }, hub }) => {
    expect(inbox.preferences.getState().status).toBe("idle");
    const loading = inbox.preferences.get();
    const state = await loading;
    expect(state).toMatchObject({ status: "ready", error: null, pending: [] });
    const { sections, channel_preferences } = await page(hub, "?show_opt_out_channels=true");
    expect(state).toMatchObject({ sections, channel_preferences });
  });

  it("change at once, are sent once the user has made up their mind, and say how it ended", async ({
    world: { inbox, network },
    hub,
  }) => {
    await inbox.preferences.get();
    const actions = (["opt_out", "opt_in", "opt_out"] as const).map((preference) =>
      inbox.preferences.set("newsletter", { preference }),
    );
    expect(seen(inbox, "newsletter").preference).toBe("opt_out");
    expect(inbox.preferences.getState().pending).toEqual(["category:newsletter"]);
    for (const { done } of actions) expect(await done).toEqual({ status: "done" });
    expect(inbox.preferences.getState().pending).toEqual([]);
    expect(network.requests.filter((request) => request.startsWith("PATCH"))).toHaveLength(1);
    expect(find(await page(hub), "newsletter")?.preference).toBe("opt_out");
  });

  it.for<[what: string, changes: CategoryChange[], on: string[]]>([
    ["one channel off", [{ channels: { sms: "opt_out" } }], CHANNELS.filter((name) => name !== "sms")],
    [
      "two channels off, one after the other",
      [{ channels: { sms: "opt_out" } }, { channels: { email: "opt_out" } }],
      CHANNELS.filter((name) => name !== "sms" && name !== "email"),
    ],
    [
      "off and on again: what was chosen before is reset",
      [{ preference: "opt_out" }, { preference: "opt_in" }],
      CHANNELS,
    ],
    [
      "off, and one channel on: that one alone",
      [{ preference: "opt_out" }, { channels: { email: "opt_in" } }],
      ["email"],
    ],
  ])("%s: is here as on the server", async ([, changes, channels], { world: { inbox }, hub }) => {
    await inbox.preferences.get();
    for (const change of changes) {
      inbox.preferences.set("newsletter", change);
      await inbox.preferences.flush();
    }
    expect(onHere(inbox, "newsletter")).toEqual(channels);
    expect(on(find(await page(hub, "?show_opt_out_channels=true"), "newsletter"))).toEqual(channels);
  });

  it("are undone to what they were", async ({ world: { inbox }, hub }) => {
    await inbox.preferences.get();
    inbox.preferences.set("newsletter", { channels: { sms: "opt_out" } });
    await inbox.preferences.flush();
    const off = inbox.preferences.set("newsletter", { preference: "opt_out" });
    await inbox.preferences.flush();
    off.undo();
    off.undo();
    await inbox.preferences.flush();
    const channels = CHANNELS.filter((name) => name !== "sms");
    expect(onHere(inbox, "newsletter")).toEqual(channels);
    expect(find(await page(hub), "newsletter")?.preference).toBe("opt_in");
  });

  it("of a channel concern every category", async ({ world: { inbox }, hub }) => {
    await inbox.preferences.get();
    const { done } = inbox.preferences.setChannel("email", { is_restricted: true });
    expect(inbox.preferences.getState().channel_preferences).toContainEqual({
      channel: "email",
      is_restricted: true,
    });
    expect(await done).toEqual({ status: "done" });
    const { sections, channel_preferences } = await page(hub, "?show_opt_out_channels=true");
    expect(inbox.preferences.getState()).toMatchObject({ sections, channel_preferences });
  });

  it("that the server refuses go back to what it has, alone", async ({ world: { inbox, errors }, hub }) => {
    await inbox.preferences.get();
    const bad = inbox.preferences.set("summary", { digest_schedule: { id: "hourly" } });
    const good = inbox.preferences.set("newsletter", { preference: "opt_out" });
    expect(await bad.done).toMatchObject({
      status: "refused",
      error: { code: "validation_error", status: 400 },
    });
    expect(await good.done).toEqual({ status: "done" });
    expect(errors).toMatchObject([{ code: "validation_error" }]);
    expect(inbox.preferences.getState().pending).toEqual([]);
    expect(inbox.preferences.getState().sections).toEqual(
      (await page(hub, "?show_opt_out_channels=true")).sections,
    );
  });

  it("go back without a network, and work again with it", async ({ world: { inbox, network, errors } }) => {
    network.cut();
    expect(await inbox.preferences.get()).toMatchObject({ status: "error", error: { code: "network" } });
    network.mend();
    expect(await inbox.preferences.get()).toMatchObject({ status: "ready", error: null });
    network.cut();
    const { done } = inbox.preferences.set("newsletter", { preference: "opt_out" });
    expect(await done).toMatchObject({ status: "refused", error: { code: "network" } });
    expect(seen(inbox, "newsletter").preference).toBe("opt_in");
    expect(errors).toHaveLength(1);
  });

  it("that the user may not change are refused before anything is sent", async ({
    world: { inbox, network },
  }) => {
    expect(await inbox.preferences.set("newsletter", { preference: "opt_out" }).done).toMatchObject({
      status: "refused",
      error: { code: "not_editable", message: "the preferences are not loaded: call get() first" },
    });
    await inbox.preferences.get();
    const refusals = [
      inbox.preferences.set("alerts", { preference: "opt_out" }),
      inbox.preferences.set("alerts", { channels: { email: "opt_out" } }),
      inbox.preferences.set("nothing", { preference: "opt_out" }),
      inbox.preferences.setChannel("pigeon", { is_restricted: true }),
    ];
    for (const { done } of refusals) expect((await done).status).toBe("refused");
    await inbox.preferences.flush();
    expect(network.requests.some((request) => request.startsWith("PATCH"))).toBe(false);
  });
});
