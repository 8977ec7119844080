import type { ReactNode } from "react";
import { createRoot } from "react-dom/client";
import { Feed, Inbox, InboxProvider, Item, Preferences, Toaster } from "../../src/react.ts";
import type { Look } from "../../src/react.ts";
import { STORIES, type Story, type StoryName } from "./stories.ts";
import { createStoryInbox, type StoryInbox } from "./story-inbox.ts";

/** Shows the stories by React; the page's script. */
declare global {
  var show: (name: StoryName, theme?: "light" | "dark", isCustom?: boolean) => void;
  var inbox: StoryInbox;
}

const home = document.querySelector("main");
const root = home === null ? null : createRoot(home);

let shows = 0;

globalThis.show = (name, theme, isCustom) => {
  shows += 1;
  const story: Story = STORIES[name]();
  globalThis.inbox = createStoryInbox(story.inbox);
  root?.render(
    <InboxProvider
      key={shows}
      inbox={globalThis.inbox}
      theme={theme}
      slots={{ Preferences: () => <Preferences /> }}
      {...story.look}
      {...(isCustom === true ? CUSTOM : {})}
    >
      <Shown story={story} />
    </InboxProvider>,
  );
};

/** Everything that an application can put in place of ours. */
const CUSTOM: Look = {
  texts: { title: "Messages" },
  classNames: { card: "my-card" },
  linkComponent: ({ children, ...rest }) => (
    <a data-router="" {...rest}>
      {children}
    </a>
  ),
  onAction: (item, action, event) => {
    globalThis.inbox.calls.push(`onAction ${item.n_id} ${action?.name ?? ""}`);
    event.preventDefault();
  },
  slots: {
    HeaderEnd: () => <em>header end</em>,
    ItemActions: ({ item, actions }) => (
      <button type="button" onClick={() => actions.pin()}>
        pin {item.n_id}
      </button>
    ),
    Footer: () => <em>footer</em>,
    Bell: ({ badge }) => <em>bell {badge}</em>,
    Empty: () => <em>nothing</em>,
    Loading: () => <em>patience</em>,
    Error: ({ retry }) => (
      <button type="button" onClick={retry}>
        once more
      </button>
    ),
  },
};

function Shown({ story }: { story: Story }): ReactNode {
  switch (story.shows) {
    case "feed":
      return (
        <div style={{ height: 600, width: 400 }}>
          <Feed />
        </div>
      );
    case "item": {
      const [, item] = story.inbox.items ?? [];
      return item === undefined ? null : <Item item={item} />;
    }
    case "preferences":
      return <Preferences />;
    default:
      return (
        <>
          <Inbox />
          <Toaster />
        </>
      );
  }
}
