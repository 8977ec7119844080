import { describe, expect, it } from "vitest";
import { workflowBody } from "./workflow-body.ts";
import { parseWorkflowBody } from "./workflow-draft.ts";
import { impossibleEventProblems, workflowEvents } from "./workflow-events.ts";

const parse = (body: unknown) => parseWorkflowBody(workflowBody.parse(body), new Map());
const eventsOf = (body: unknown) => workflowEvents(parse(body));

it("finds all three uses of an event at any depth, lower-cased and once each", () => {
  const wait = {
    node_type: "branch_waituntil",
    branches: [
      {
        conditions: [
          { type: "future_event", event_name: "Order Paid" },
          { type: "future_event", event_name: "ORDER PAID" },
        ],
        nodes: [{ node_type: "send_email", success: "Opened App", success_is_event: true }],
      },
      { is_default: true, conditions: [{ type: "delay", delay_properties: {} }] },
    ],
  };
  expect(
    eventsOf({
      trigger_type: "event",
      trigger_events: ["Order Paid", "order paid"],
      tree: { nodes: [wait, { node_type: "send_email", success: "seen", success_is_event: false }] },
    }),
  ).toStrictEqual([
    { event_name: "order paid", usage: "Trigger Event" },
    { event_name: "order paid", usage: "Wait Event" },
    { event_name: "opened app", usage: "Success Metric Event" },
  ]);
});

it("finds the events of lists in all three uses, by the name that the list gives them", () => {
  const entered = "$USER_ENTERED_LIST - Buyers";
  const wait = {
    node_type: "branch_waituntil",
    branches: [{ conditions: [{ type: "future_event", event_name: "$USER_EXITED_LIST - Buyers" }] }],
  };
  const routing = {
    node_type: "send_smart_channel_routing",
    properties: { success: entered, success_is_event: true },
  };
  expect(
    eventsOf({ trigger_type: "event", trigger_events: [entered], tree: { nodes: [wait, routing] } }),
  ).toStrictEqual([
    { event_name: "$user_entered_list - buyers", usage: "Trigger Event" },
    { event_name: "$user_exited_list - buyers", usage: "Wait Event" },
    { event_name: "$user_entered_list - buyers", usage: "Success Metric Event" },
  ]);
});

it("trims names, like those of incoming events", () => {
  const send = { node_type: "send_sms", success: "paid ", success_is_event: true };
  expect(
    eventsOf({ trigger_type: "event", trigger_events: [" Paid", "paid\n", " "], tree: { nodes: [send] } }),
  ).toStrictEqual([
    { event_name: "paid", usage: "Trigger Event" },
    { event_name: "paid", usage: "Success Metric Event" },
  ]);
});

it("ignores the trigger events of an API workflow", () => {
  expect(eventsOf({ trigger_type: "api", trigger_events: ["a"] })).toStrictEqual([]);
});

it("ignores what a draft has not finished", () => {
  const branches = [{ conditions: [{ type: "future_event" }, { type: "future_event", event_name: 5 }] }];
  const nodes = [
    { node_type: "branch_waituntil", branches },
    { node_type: "x", success_is_event: true },
  ];
  expect(eventsOf({ tree: { nodes } })).toStrictEqual([]);
});

describe("an event that can never come", () => {
  const triggeredBy = (...trigger_events: string[]) =>
    impossibleEventProblems(parse({ trigger_type: "event", trigger_events }));

  it.each([
    "$order_paid",
    "ss_order",
    "SS_Order",
    " $x",
    "$",
    "ss_",
    "$identify",
    "$user_entered_list",
    "$user_entered_list -  ",
  ])("is reported with its index: %j", (name) => {
    expect(triggeredBy("Order Paid", name)).toStrictEqual([
      `trigger_events[1]: the event '${name.trim()}' can never come, names that begin with $ or ss_ are reserved`,
    ]);
  });

  it.each([
    ["x", "'x' can never come, its name must be at least 2 characters"],
    [
      `$user_entered_list - ${"x".repeat(235)}`,
      "'$user_entered_list -…' can never come, its name must be at most 255 characters",
    ],
    ["é".repeat(256), `'${"é".repeat(20)}…' can never come, its name must be at most 255 characters`],
  ])("is one whose name the endpoints of events refuse: %j", (name, reason) => {
    expect(triggeredBy(name)).toStrictEqual([`trigger_events[0]: the event ${reason}`]);
  });

  it.each([
    "Order Paid",
    "ss",
    "ssh_login",
    "cost $5",
    "$app_launched",
    "$Notification_Clicked",
    " $user_login ",
    "$USER_ENTERED_LIST - Buyers",
    "$user_exited_list - buyers",
    "",
  ])("is none that clients may send, lists tell of, or a draft leaves open: %j", (name) => {
    expect(triggeredBy(name)).toStrictEqual([]);
  });

  it("is reported wherever it is used, but not where it has no effect", () => {
    const wait = {
      node_type: "branch_waituntil",
      branches: [
        {
          ref: "paid",
          conditions: [
            { type: "future_event", event_name: "Paid" },
            { type: "future_event", event_name: "$paid" },
          ],
          nodes: [{ node_type: "send_email", ref: "mail", success: "ss_open", success_is_event: true }],
        },
      ],
    };
    const unread = { node_type: "send_email", ref: "m2", success: "ss_open", success_is_event: false };
    const body = { trigger_type: "api", trigger_events: ["$x"], tree: { nodes: [wait, unread] } };
    const reason = "can never come, names that begin with $ or ss_ are reserved";
    expect(impossibleEventProblems(parse(body))).toStrictEqual([
      `paid: conditions[1].event_name: the event '$paid' ${reason}`,
      `mail: success: the event 'ss_open' ${reason}`,
    ]);
  });
});
