import "../../src/element.ts";
import { STORIES, type Story, type StoryName } from "./stories.ts";
import { createStoryInbox } from "./story-inbox.ts";

/** Shows the stories by the elements; the page's script. */
globalThis.show = (name: StoryName, theme?: "light" | "dark") => {
  const story: Story = STORIES[name]();
  globalThis.inbox = createStoryInbox(story.inbox);
  const shown = document.createElement(
    story.shows === "preferences" ? "carillon-preferences" : "carillon-inbox",
  );
  if (theme !== undefined) shown.setAttribute("theme", theme);
  if (story.look?.locale !== undefined) shown.setAttribute("locale", story.look.locale);
  shown.setAttribute("toasts", "bottom-end");
  shown.setAttribute("preferences", "");
  shown.inbox = globalThis.inbox;
  shown.groupBy = story.look?.groupBy;
  document.querySelector("main")?.replaceChildren(shown);
};
