import { z } from "zod";
import { getMockData, mockDataReply, mockTrigger } from "../../../../authoring/templates/mock-data.ts";
import type { RouteContext } from "../../../../http/route.ts";
import { templateSource } from "../template-source.ts";

export const mockDataView = z.object({
  data: mockDataReply,
  /** What templates see of it: the payload with people, tenant and batch beside it. */
  transformed_data: z.record(z.string(), z.unknown()),
});

export async function viewMockData(
  ctx: Pick<RouteContext<unknown, unknown, unknown>, "auth" | "db" | "services">,
  slug: string,
): Promise<z.input<typeof mockDataView>> {
  const source = templateSource(ctx);
  const data = await getMockData(source, slug);
  const transformed_data = await ctx.services.engine.mockContext(mockTrigger(source.workspace_id, data));
  return { data, transformed_data };
}
