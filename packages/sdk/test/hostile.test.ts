import { describe, expect, it } from "vitest";
import { CarillonError, createCarillon, createUserTokens, ProfileEdit, verifyWebhook } from "../src/index.ts";
import suprsend from "../src/suprsend/index.ts";

/* Whatever JavaScript may pass: what is refused is refused by this package's error, with the field. */

const ANSWER = JSON.stringify({
  meta: { count: 0, limit: 20 },
  results: [],
  records: [],
  version_id: "v",
  affected_count: 0,
});
const options = {
  url: "http://127.0.0.1:9",
  retries: 0,
  fetch: async () => new Response(ANSWER, { headers: { "content-type": "application/json" } }),
};
const carillon = createCarillon({ ...options, key: "key", secret: "s", serviceToken: "t", workspace: "w" });
const { fetch, retries, url: base_url } = options;
const client = new suprsend.Suprsend("key", "s", { base_url, retries, fetch });

/** Names and objects are fit for something, so that what comes after them is reached. */
const VALUES: unknown[] = [
  undefined,
  null,
  5,
  "name",
  "\ud800",
  [],
  [null],
  ["name"],
  {},
  { to: null, user: {}, data: [], edit: null, from: 5, by: {}, categories: null, name: [], signal: 5 },
  { to: "ada", user: "ada", attachments: null, categories: [null], limit: {}, since: new Date(NaN) },
  { to: "ada", attachments: [{ stream: null, filename: "a" }], tags: 1n, timeout: "soon" },
  () => {},
];

type Method = (...args: unknown[]) => unknown;

/** What can be called of an object, and of what hangs on it. */
function methodsOf(owner: object, path: string): [name: string, call: Method][] {
  const own = Object.entries(owner).flatMap(([name, value]) =>
    typeof value === "function"
      ? [[`${path}.${name}`, value as Method] as [string, Method]]
      : typeof value === "object" && value !== null && !Array.isArray(value)
        ? methodsOf(value as object, `${path}.${name}`)
        : [],
  );
  const inherited: [string, Method][] = [];
  for (
    let at = Object.getPrototypeOf(owner) as object;
    at !== Object.prototype;
    at = Object.getPrototypeOf(at)
  ) {
    for (const [name, { value }] of Object.entries(Object.getOwnPropertyDescriptors(at))) {
      if (typeof value === "function" && name !== "constructor") {
        inherited.push([`${path}.${name}`, value.bind(owner) as Method]);
      }
    }
  }
  return [...own, ...inherited];
}

/** Every way to fill two arguments, with some third ones: most calls end in their options. */
function* fillings(): Generator<unknown[]> {
  for (const first of VALUES) {
    for (const second of VALUES)
      for (const third of [undefined, null, 5, "name", VALUES[9]]) yield [first, second, third];
  }
}

/** The end of what a call gives: a list is read, a promise awaited. */
async function finish(given: unknown): Promise<void> {
  const value = await given;
  if (typeof value === "object" && value !== null && Symbol.asyncIterator in value) {
    for await (const _item of value as AsyncIterable<unknown>) break;
  }
}

/** What a method throws that it should not; how it gives what it gives. */
async function problemsOf(
  [name, call]: [string, Method],
  isOurs: (error: unknown) => boolean,
): Promise<string[]> {
  const problems = new Set<string>();
  const ways = new Set<string>();
  const judge = (error: unknown, args: unknown[]) => {
    if (!isOurs(error)) problems.add(`${name}(${args.map(show).join(", ")}) ${String(error)}`);
    else if (error instanceof CarillonError && error.code === "invalid_input" && error.field === null) {
      problems.add(`${name} names no field: ${error.message}`);
    }
  };
  for (const args of fillings()) {
    try {
      const given = call(...args);
      if (given instanceof Promise) ways.add("promise");
      await finish(given).catch((error: unknown) => judge(error, args));
    } catch (error) {
      ways.add("throws at once");
      judge(error, args);
    }
  }
  if (ways.size > 1) problems.add(`${name} returns a promise, and yet throws at once`);
  return [...problems].slice(0, 2);
}

const show = (value: unknown) =>
  typeof value === "bigint"
    ? `${value}n`
    : (JSON.stringify(value, (_key, one: unknown) => (typeof one === "bigint" ? String(one) : one)) ??
      String(value));

async function problemsOfAll(
  methods: [string, Method][],
  isOurs: (error: unknown) => boolean,
): Promise<string[]> {
  const problems: string[] = [];
  for (const method of methods) problems.push(...(await problemsOf(method, isOurs)));
  return problems;
}

describe("hostile arguments", () => {
  it("of the first door end in a CarillonError that names a field", async () => {
    const { preferences } = carillon;
    const methods = [
      ...methodsOf(carillon, "carillon"),
      ...methodsOf(preferences.user("ada"), "user"),
      ...methodsOf(preferences.tenant("acme"), "tenant"),
      ...methodsOf(new ProfileEdit(), "edit"),
      ["createCarillon", createCarillon],
      ["createUserTokens", createUserTokens],
      ["verifyWebhook", verifyWebhook],
    ] as [string, Method][];
    expect(methods.length).toBeGreaterThan(170);
    expect(await problemsOfAll(methods, (error) => error instanceof CarillonError)).toEqual([]);
  }, 120_000);

  it("of the second door end in a SuprsendError", async () => {
    const warn = console.warn;
    console.warn = () => {};
    try {
      const constructors = Object.entries(suprsend)
        .filter(([name]) => /^(?:Event|Workflow.*|Subscriber.*|UserEdit|ObjectEdit|Suprsend)$/.test(name))
        .map(([name, made]) => {
          const make = made as unknown as new (...args: unknown[]) => unknown;
          return [name, (...args: unknown[]) => new make(...args)] as [string, Method];
        });
      expect(constructors).toHaveLength(7);
      const records = [
        new suprsend.Event("ada", "Paid"),
        new suprsend.Workflow({ name: "n", template: "t", users: ["ada"] }),
        new suprsend.WorkflowTriggerRequest({ workflow: "w", recipients: ["ada"] }),
        new suprsend.SubscriberListBroadcast({ list_id: "l", template: "t" }),
        client.users.get_edit_instance("ada"),
        client.user.get_instance("ada"),
      ];
      const methods = [
        ...constructors,
        ...methodsOf(client, "supr_client"),
        ...records.flatMap((record) => methodsOf(record, record.constructor.name)),
      ].filter(([name]) => !/\.(?:toBytes|save)$/.test(name));
      expect(methods.length).toBeGreaterThan(150);
      expect(await problemsOfAll(methods, (error) => error instanceof suprsend.SuprsendError)).toEqual([]);
    } finally {
      console.warn = warn;
    }
  }, 120_000);
});
