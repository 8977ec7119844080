/** Importing this defines `<carillon-inbox>` and `<carillon-preferences>`. */
import { CarillonInbox } from "./element/carillon-inbox.tsx";
import { CarillonPreferences } from "./element/carillon-preferences.tsx";

export type { CarillonElement } from "./element/carillon-element.tsx";
export { CarillonInbox, CarillonPreferences };

// Twice on a page is once, and on a server it is nothing.
if (typeof customElements !== "undefined" && customElements.get("carillon-inbox") === undefined) {
  customElements.define("carillon-inbox", CarillonInbox);
  customElements.define("carillon-preferences", CarillonPreferences);
}

declare global {
  interface HTMLElementTagNameMap {
    "carillon-inbox": CarillonInbox;
    "carillon-preferences": CarillonPreferences;
  }
}
