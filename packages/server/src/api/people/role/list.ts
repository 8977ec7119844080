import { z } from "zod";
import { RIGHTS, ROLE_NAMES, ROLES } from "../../../core/people/roles.ts";
import { definePeopleRoute } from "../surface.ts";

export default definePeopleRoute({
  method: "GET",
  path: "/v1/people/role/",
  summary: "The roles that there are, and what each may do",
  reply: {
    status: 200,
    body: z.object({
      roles: z.array(z.object({ role: z.enum(ROLE_NAMES), name: z.string(), rights: z.array(z.string()) })),
      rights: z.record(z.string(), z.string()).describe("What each right is for."),
    }),
  },
  handle: async () => ({
    roles: ROLE_NAMES.map((role) => ({ role, name: ROLES[role].name, rights: [...ROLES[role].rights] })),
    rights: { ...RIGHTS },
  }),
});
