import { compileInlineWorkflow } from "../../catalog/inline-workflow.ts";
import type { WorkflowDefinition } from "../../catalog/workflow.ts";

/**
 * The workflow under which a template is tried: one node that sends it. No workflow that people write can have its slug,
 * as theirs have no dots. What Carillon itself has to say is sent under a name of its own.
 */
export function trialWorkflow(
  template: string,
  category: string,
  { slug, name } = { slug: `template-test.${template}`, name: `Test of ${template}` },
): { slug: string; name: string; definition: WorkflowDefinition } {
  const delivery = { smart: false, success: "seen", time_to_live: "1h", mandatory_channels: [] };
  const definition = compileInlineWorkflow({
    name,
    template,
    category,
    delivery,
    delay: null,
    trigger_at: null,
  });
  return { slug, name, definition };
}
