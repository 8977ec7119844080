import { z } from "zod";

/** What we track in the mails of a vendor that cannot report it: openings by an image, clicks by way of our own address. */
export interface MailTracking {
  opens: boolean;
  clicks: boolean;
  /** Slugs of categories whose mails are left as they are. Those of the system category always are. */
  except_categories: string[];
  except_tenants: string[];
}

const names = z.array(z.string().min(1).max(255)).max(200).default([]);

/** Settings of e-mail vendors that do not report openings and clicks themselves. */
export const trackingFields = {
  track_opens: z.boolean().default(false).meta({
    title: "Track openings",
    description:
      "By an image at the end of the mail, from this server's PUBLIC_URL. Never in mails of the system category.",
  }),
  track_clicks: z.boolean().default(false).meta({
    title: "Track clicks",
    description: "Links lead by way of this server's PUBLIC_URL. Never in mails of the system category.",
  }),
  untracked_categories: names.meta({
    title: "Untracked categories",
    description: "Slugs of categories whose mails are left as they are.",
  }),
  untracked_tenants: names.meta({
    title: "Untracked tenants",
    description: "Ids of tenants whose mails are left as they are.",
  }),
};

export function trackingOf(config: {
  track_opens: boolean;
  track_clicks: boolean;
  untracked_categories: string[];
  untracked_tenants: string[];
}): MailTracking {
  return {
    opens: config.track_opens,
    clicks: config.track_clicks,
    except_categories: config.untracked_categories,
    except_tenants: config.untracked_tenants,
  };
}
