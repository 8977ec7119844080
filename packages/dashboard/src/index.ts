/** The dashboard. A door so far: `/simulator` and the log API show what it will. */
export const ROUTES = [] as const;
