import {
  Apple,
  Bell,
  Globe,
  Hash,
  type LucideIcon,
  Mail,
  MessageCircle,
  MessageSquare,
  Smartphone,
  Users,
  Webhook,
} from "lucide-react";
import { t } from "../messages/en.ts";

const ICONS: Record<string, LucideIcon> = {
  email: Mail,
  sms: MessageSquare,
  whatsapp: MessageCircle,
  inbox: Bell,
  androidpush: Smartphone,
  iospush: Apple,
  webpush: Globe,
  slack: Hash,
  ms_teams: Users,
  webhook: Webhook,
};

export function Channel({ channel }: { channel: string }) {
  const Icon = ICONS[channel] ?? Webhook;
  return (
    <span className="channel">
      <Icon aria-hidden />
      {t.channel[channel] ?? channel}
    </span>
  );
}
