import type { ComponentProps } from "react";
import { t } from "../messages/en.ts";
import { Channel } from "../ui/channel.tsx";
import type { Column } from "../ui/grid.tsx";
import { MessageStatus, RunStatus } from "../ui/outcome.tsx";
import { Time } from "../ui/time.tsx";

/* Columns that several logs have. */

export const timeColumn: Column<{ created_at: string }> = {
  id: "time",
  name: t.log.column.time,
  width: "118px",
  cell: ({ created_at }) => <Time at={created_at} />,
};

export const runStatusColumn: Column<ComponentProps<typeof RunStatus>> = {
  id: "status",
  name: t.log.column.status,
  width: "140px",
  cell: ({ status }) => <RunStatus status={status} />,
};

export const messageStatusColumn: Column<ComponentProps<typeof MessageStatus>> = {
  id: "status",
  name: t.log.column.status,
  width: "150px",
  cell: ({ status }) => <MessageStatus status={status} />,
};

export const channelColumn: Column<ComponentProps<typeof Channel>> = {
  id: "channel",
  name: t.log.column.channel,
  width: "120px",
  cell: ({ channel }) => <Channel channel={channel} />,
};
