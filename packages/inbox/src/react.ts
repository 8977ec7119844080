/** The inbox as React components and hooks, for React 18 and newer. */
export { Preferences } from "./preferences/preferences.tsx";
export { Bell, type BellProps } from "./ui/bell.tsx";
export { Feed, type FeedProps } from "./ui/feed.tsx";
export { Inbox, type InboxProps } from "./ui/inbox.tsx";
export { Item, type ItemProps } from "./ui/item.tsx";
export type {
  GroupBy,
  ItemActions,
  ItemSlotProps,
  LinkComponent,
  LinkProps,
  Look,
  Part,
  Slots,
} from "./ui/look.tsx";
export type { Placement } from "./ui/popover.ts";
export {
  InboxProvider,
  type InboxProviderProps,
  useFeed,
  useInbox,
  useInboxClient,
  usePreferences,
  useUnread,
} from "./ui/provider.tsx";
export { Tabs, type TabsProps } from "./ui/tabs.tsx";
export { Toaster, type ToasterProps } from "./ui/toaster.tsx";
