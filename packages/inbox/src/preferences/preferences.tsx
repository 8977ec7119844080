import { type ReactNode, useId } from "react";
import type { PreferenceCategory, PreferenceChannel } from "../core/types.ts";
import { Icon } from "../ui/icon.tsx";
import { type Look, lookOf, Restyled, usePart, useRoot, useUi } from "../ui/look.tsx";
import { usePreferences } from "../ui/provider.tsx";

/** What channels are called where that is not a matter of language. */
const CHANNEL_NAMES: Readonly<Record<string, string>> = {
  sms: "SMS",
  whatsapp: "WhatsApp",
  androidpush: "Push (Android)",
  iospush: "Push (iOS)",
  webpush: "Push (Web)",
  slack: "Slack",
  ms_teams: "Microsoft Teams",
};

/** Which notifications the user wants, and on which channels. Every switch takes effect at once. */
export function Preferences(look: Look): ReactNode {
  return (
    <Restyled look={lookOf(look)}>
      <PreferenceCentre />
    </Restyled>
  );
}

function PreferenceCentre(): ReactNode {
  const { words } = useUi();
  const part = usePart();
  const root = useRoot();
  const { status, sections, channel_preferences, get, setChannel } = usePreferences();
  const nameOf = useChannelName();
  const filled = sections.filter(({ subcategories }) => subcategories.length > 0);
  const { className, ...attributes } = part("preferences");
  return (
    <section
      {...root}
      {...attributes}
      className={`carillon-root ${className}`}
      aria-label={words.say("preferences")}
      aria-busy={status === "loading"}
      tabIndex={-1}
    >
      {status === "error" && (
        <div {...part("error")}>
          <Icon name="alert" />
          <span>{words.say("prefError")}</span>
          <button {...part("action")} type="button" onClick={() => void get()}>
            {words.say("retry")}
          </button>
        </div>
      )}
      {status === "ready" && filled.length === 0 && channel_preferences.length === 0 && (
        <div {...part("empty")}>
          <Icon name="settings" />
          <span>{words.say("prefEmpty")}</span>
        </div>
      )}
      {(status === "loading" || status === "idle") && filled.length === 0 && (
        <div {...part("loading")}>
          <span className="carillon-hidden">{words.say("loading")}</span>
          {[0, 1, 2, 3].map((line) => (
            <i key={line} />
          ))}
        </div>
      )}
      {filled.map(({ name, description, subcategories }, index) => (
        // Sections may share a name.
        <div key={index} {...part("section")}>
          {name !== null && (
            <h3 {...part("group")} dir="auto">
              {name}
            </h3>
          )}
          {isText(description) && (
            <p {...part("text")} dir="auto">
              {description}
            </p>
          )}
          {subcategories.map((category) => (
            <Category key={category.category} category={category} />
          ))}
        </div>
      ))}
      {channel_preferences.length > 0 && (
        <div {...part("section")}>
          <h3 {...part("group")}>{words.say("channels")}</h3>
          <p {...part("text")}>{words.say("channelsHint")}</p>
          {channel_preferences.map(({ channel, is_restricted }) => (
            <div key={channel} {...part("category")}>
              <Switch
                label={nameOf(channel)}
                isOn={!is_restricted}
                isEditable
                set={(isOn) => setChannel(channel, { is_restricted: !isOn })}
              />
            </div>
          ))}
        </div>
      )}
    </section>
  );
}

function Category({ category }: { category: PreferenceCategory }): ReactNode {
  const { set } = usePreferences();
  const part = usePart();
  const { name, description, preference, is_editable, channels } = category;
  const slug = category.category;
  return (
    <div {...part("category")}>
      <Switch
        label={name}
        description={description}
        isOn={preference === "opt_in"}
        isEditable={is_editable}
        set={(isOn) => set(slug, { preference: isOn ? "opt_in" : "opt_out" })}
      />
      {channels !== null && channels.length > 0 && (
        <div {...part("actions")} role="group" aria-label={name}>
          {channels.map((channel) => (
            <Channel key={channel.channel} category={category} channel={channel} />
          ))}
        </div>
      )}
    </div>
  );
}

interface ChannelProps {
  category: PreferenceCategory;
  channel: PreferenceChannel;
}

function Channel({ category, channel: { channel, preference, is_editable } }: ChannelProps): ReactNode {
  const { set } = usePreferences();
  const part = usePart();
  const nameOf = useChannelName();
  const isOn = preference === "opt_in";
  return (
    <button
      {...part("channel")}
      type="button"
      aria-pressed={isOn}
      disabled={!is_editable}
      onClick={() => set(category.category, { channels: { [channel]: isOn ? "opt_out" : "opt_in" } })}
    >
      <Icon name={isOn ? "check" : "close"} />
      {nameOf(channel)}
    </button>
  );
}

interface SwitchProps {
  label: string;
  description?: string | null | undefined;
  isOn: boolean;
  isEditable: boolean;
  set: (isOn: boolean) => void;
}

function Switch({ label, description, isOn, isEditable, set }: SwitchProps): ReactNode {
  const { words } = useUi();
  const part = usePart();
  const id = useId();
  return (
    <div className="carillon-choice">
      <div>
        <strong id={`${id}l`} {...part("heading")} dir="auto">
          {label}
        </strong>
        {isText(description) && (
          <p id={`${id}d`} {...part("text")} dir="auto">
            {description}
          </p>
        )}
      </div>
      {!isEditable && <small id={`${id}r`}>{words.say("required")}</small>}
      <button
        {...part("switch")}
        type="button"
        role="switch"
        aria-checked={isOn}
        aria-labelledby={`${id}l`}
        aria-describedby={isEditable ? (isText(description) ? `${id}d` : undefined) : `${id}r`}
        aria-disabled={!isEditable}
        onClick={() => {
          if (isEditable) set(!isOn);
        }}
      />
    </div>
  );
}

function useChannelName(): (channel: string) => string {
  const { words } = useUi();
  return (channel) => {
    if (channel === "email" || channel === "inbox") return words.say(channel);
    return CHANNEL_NAMES[channel] ?? channel;
  };
}

function isText(text: string | null | undefined): text is string {
  return text !== null && text !== undefined && text !== "";
}
