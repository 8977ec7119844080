import { post } from "./load.ts";
import { PEOPLE, WORKFLOW } from "./world.ts";

/** The trigger of the scenarios, as bytes. */
export function triggerBody(index: number): string {
  return JSON.stringify({
    workflow: WORKFLOW,
    recipients: [`user-${index % PEOPLE}`],
    data: { order: { id: `A-${index}`, total: 129.5, currency: "EUR" }, code: "483920" },
  });
}

export function triggerRequest(apiKey: string): (index: number) => Buffer {
  return (index) => post("/trigger/", { authorization: `Bearer ${apiKey}` }, triggerBody(index));
}
