import { Ban, CheckCheck, CircleX, Clock, Send } from "lucide-react";
import { type Outcome, outcomeOfMessage, outcomeOfRun } from "../api/outcome.ts";
import { t } from "../messages/en.ts";

const ICONS = { delivered: CheckCheck, sent: Send, waiting: Clock, not_sent: Ban, failed: CircleX };

export function OutcomeIcon({ outcome }: { outcome: Outcome }) {
  const Icon = ICONS[outcome];
  return <Icon aria-hidden />;
}

/** One of the five outcomes: icon, colour and a word, which may be more exact than the outcome's own. */
export function OutcomeBadge({ outcome, word }: { outcome: Outcome; word?: string }) {
  return (
    <span className="outcome" data-outcome={outcome}>
      <OutcomeIcon outcome={outcome} />
      {word ?? t.outcome[outcome]}
    </span>
  );
}

export function RunStatus({ status }: { status: string }) {
  return <OutcomeBadge outcome={outcomeOfRun(status)} word={t.runStatus[status] ?? plain(status)} />;
}

export function MessageStatus({ status }: { status: string }) {
  return <OutcomeBadge outcome={outcomeOfMessage(status)} word={t.messageStatus[status] ?? plain(status)} />;
}

function plain(status: string): string {
  return status.replaceAll("_", " ");
}
