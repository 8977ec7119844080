import type { Browser, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { until } from "../../packages/server/test/harness.ts";
import { launchBrowser } from "../support/browser.ts";
import { buildStories, ORIGIN, type Stories } from "../support/stories.ts";

/** What applications put in place of what is there, and how elements behave in a page. */
let browser: Browser;
let stories: Stories;
let page: Page;

beforeAll(async () => {
  [browser, stories] = await Promise.all([launchBrowser(), buildStories(["react 19", "element"])]);
});
afterAll(async () => {
  await browser?.close();
  await stories?.[Symbol.asyncDispose]();
});
beforeEach(async () => {
  page = await browser.newPage({ viewport: { width: 480, height: 760 }, reducedMotion: "reduce" });
});
afterEach(() => page.close());

const calls = () => page.evaluate<string[]>("inbox.calls");
const text = (selector: string) => page.locator(selector).first().textContent();

describe("the React components", () => {
  const show = async (story: string) => {
    await stories.open(page, "react 19");
    await page.evaluate(`show("${story}", "light", true)`);
    await page.locator(".carillon-bell").click();
    await page.locator(".carillon-content").waitFor();
  };

  it("take slots, texts, classes, a router's link, and an application that keeps the browser where it is", async () => {
    await show("ordinary");
    expect(await text(".carillon-title")).toBe("Messages");
    expect(await text(".carillon-bell em")).toBe("bell 0");
    expect(await text(".carillon-header em")).toBe("header end");
    expect(await text(".carillon-footer")).toBe("footer");
    expect(await page.locator(".my-card.carillon-card").count()).toBeGreaterThan(2);
    expect(await page.locator(".carillon-main").count()).toBe(
      await page.locator(".carillon-main[data-router]").count(),
    );

    const item = page.locator(".carillon-item", { hasText: "Grace Hopper" });
    const id = await item.getAttribute("data-key");
    await item.getByRole("link", { name: "Review", exact: true }).click();
    await item.locator(".carillon-main").click();
    await item.getByRole("button", { name: `pin ${id}` }).click();
    expect((await calls()).filter((call) => /onAction|label|pin/.test(call))).toEqual([
      `onAction ${id} Review`,
      "label Review",
      `onAction ${id} `,
      `pin ${id}`,
    ]);
    expect(page.url()).toBe(`${ORIGIN}/`);
  });

  it.each([
    ["empty", "nothing"],
    ["loading", "patience"],
    ["error", "once more"],
  ])("take a slot for what is %s", async (story, expected) => {
    await show(story);
    expect(await text(".carillon-feed")).toBe(expected);
  });

  it("draw of ten thousand items what is near, wherever that is", async () => {
    await show("many");
    const rows = page.locator(".carillon-item");
    const nodes = () => page.evaluate<number>(`document.querySelectorAll(".carillon-feed *").length`);
    for (const share of [0, 0.31, 0.5, 0.99]) {
      await page.evaluate(`{
        const feed = document.querySelector(".carillon-feed");
        feed.scrollTop = feed.scrollHeight * ${share};
      }`);
      await until(async () => {
        const [first = "", last = ""] = await page.evaluate<string[]>(`(() => {
          const feed = document.querySelector(".carillon-feed").getBoundingClientRect();
          const seen = [...document.querySelectorAll(".carillon-item")].filter((row) => {
            const { top, bottom } = row.getBoundingClientRect();
            return bottom > feed.top + 1 && top < feed.bottom - 1;
          });
          // Without a gap, and to both edges.
          const edges = [seen[0]?.getBoundingClientRect().top, seen.at(-1)?.getBoundingClientRect().bottom];
          return edges[0] <= feed.top + 1 && edges[1] >= feed.bottom - 1 ? [seen[0].dataset.key, seen.at(-1).dataset.key] : [];
        })()`);
        const index = (key: string) => Number(key.replace("many-", ""));
        return first !== "" && index(last) - index(first) < 15 && index(last) >= 9000 * share;
      });
      expect(await rows.count()).toBeLessThan(40);
      expect(await nodes()).toBeLessThan(1200);
    }
    await page.locator(".carillon-content").focus();
    await page.keyboard.press("j");
    await page.keyboard.press("End");
    await page.locator(".carillon-item:focus[data-key=many-9999]").waitFor();
    expect(await page.locator(".carillon-item:focus").getAttribute("aria-posinset")).toBe("10000");
  });
});

describe("<carillon-inbox>", () => {
  const show = async (story: string) => {
    await stories.open(page, "element");
    await page.evaluate(`show("${story}", "light")`);
    await page.locator(".carillon-bell").waitFor();
  };

  it("takes slots and parts, and follows its attributes", async () => {
    await show("empty");
    await page.evaluate(`{
      document.head.insertAdjacentHTML("beforeend", "<style>carillon-inbox::part(bell) { width: 77px }</style>");
      const element = document.querySelector("carillon-inbox");
      element.insertAdjacentHTML("beforeend", '<b slot="empty">All done</b><b slot="footer">Foot</b>');
      element.setAttribute("locale", "de");
      element.setAttribute("theme", "dark");
    }`);
    await until(
      async () => (await page.locator(".carillon-bell").getAttribute("aria-label")) === "Benachrichtigungen",
    );
    const bell = page.locator(".carillon-bell");
    expect((await bell.boundingBox())?.width).toBe(77);
    const scheme = `getComputedStyle(document.querySelector("carillon-inbox").shadowRoot.querySelector("[part=bell]")).colorScheme`;
    expect(await page.evaluate(scheme)).toBe("dark");
    await bell.click();
    for (const words of ["All done", "Foot"]) await page.getByText(words).waitFor();
  });

  it("says by events what happens, and a page can keep the browser where it is", async () => {
    await show("ordinary");
    await page.evaluate(`{
      globalThis.heard = [];
      for (const name of ["open", "action", "new"]) {
        document.addEventListener("carillon:" + name, (event) => {
          heard.push(name + " " + (event.detail.action?.name ?? event.detail.items?.length ?? ""));
          event.preventDefault();
        });
      }
    }`);
    await page.locator(".carillon-bell").click();
    await page.getByRole("link", { name: "Review", exact: true }).click();
    await page.evaluate(`inbox.arrive({ ...inbox.getState().stores.all.items[0], n_id: "fresh" })`);
    await until(async () => (await page.evaluate<string[]>("heard")).length === 2);
    expect(await page.evaluate<string[]>("heard")).toEqual(["action Review", "new 1"]);
    expect(page.url()).toBe(`${ORIGIN}/`);
  });

  it("asks for a token and shares one inbox with its neighbours, from its attributes alone", async () => {
    await stories.open(page, "element");
    const asked: string[] = [];
    await page.route("http://notify.test/**", async (route) => {
      const request = route.request();
      const { pathname } = new URL(request.url());
      const cors = { "access-control-allow-origin": "*", "access-control-allow-headers": "*" };
      if (request.method() === "OPTIONS") return route.fulfill({ status: 204, headers: cors });
      const headers = request.headers();
      asked.push(`${pathname} ${headers.authorization} ${headers["x-ss-signature"]}`);
      return route.fulfill({
        status: 403,
        headers: cors,
        json: { error: { type: "forbidden", message: "no" } },
      });
    });
    const tokens: string[] = [];
    await page.route(`${ORIGIN}/token`, async (route) => {
      tokens.push(route.request().method());
      return route.fulfill({ body: "a.user.token" });
    });
    await page.evaluate(`document.querySelector("main").innerHTML =
      '<carillon-inbox host="http://notify.test" public-key="PK" distinct-id="ada" token-url="/token"></carillon-inbox>' +
      '<carillon-preferences host="http://notify.test" public-key="PK" distinct-id="ada" token-url="/token"></carillon-preferences>'`);
    await page.locator(".carillon-bell").waitFor();
    await until(async () => asked.length > 1);
    expect(tokens[0]).toBe("POST");
    expect(asked.every((line) => line.endsWith("PK a.user.token"))).toBe(true);
    const isShared = `document.querySelector("carillon-inbox").inbox === document.querySelector("carillon-preferences").inbox`;
    expect(await page.evaluate(isShared)).toBe(true);

    // Moving an element keeps its inbox; taking it away lets go of it.
    await page.evaluate(`globalThis.before = document.querySelector("carillon-inbox").inbox;
      globalThis.moved = document.querySelector("carillon-inbox"); document.body.append(moved)`);
    await page.locator("body > carillon-inbox .carillon-bell").waitFor();
    expect(await page.evaluate("moved.inbox === before")).toBe(true);
    await page.evaluate("moved.remove()");
    await until(() => page.evaluate<boolean>("moved.inbox === null"));
  });
});
